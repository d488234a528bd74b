// Documents, operands, filters, sorts and projections.
#include <cmath>
#include <limits>

#include "generator.hpp"

namespace quire::differential {
namespace {

constexpr const char* roots[] = {"a", "b", "c", "d", "n", "s", "t", "w"};
constexpr const char* paths[] = {"a",   "b",     "c",     "d",   "n",   "s",   "t",
                                 "w",   "a.x",   "a.y",   "b.x", "c.x", "a.0", "b.1",
                                 "t.0", "a.x.y", "c.x.0", "_id", "d.y", "zz"};
constexpr const char* aliases[] = {"double",   "string",    "object",   "array",  "binData",
                                   "objectId", "bool",      "date",     "null",   "regex",
                                   "int",      "long",      "decimal",  "minKey", "number",
                                   "maxKey",   "timestamp", "undefined"};

bson::Value decimal(const char* text) { return bson::Decimal128::from_string(text); }

}  // namespace

Node Generator::number() {
  using I32 = std::numeric_limits<std::int32_t>;
  using I64 = std::numeric_limits<std::int64_t>;
  static const bson::Value common[] = {
      0, 1, 2, 3, -1, 10, 1.0, 2.5, -1.5, std::int64_t{2}, std::int64_t{5}, 0.5};
  static const bson::Value edges[] = {I32::max(),
                                      I32::min(),
                                      std::int64_t{0},
                                      I64::max(),
                                      I64::min(),
                                      std::int64_t{1} << 53,
                                      (std::int64_t{1} << 53) + 1,
                                      std::int64_t{I32::max()} + 1,
                                      -0.0,
                                      9007199254740992.0,
                                      1e300,
                                      5e-324,
                                      9.3e18,
                                      std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity(),
                                      std::numeric_limits<double>::quiet_NaN(),
                                      decimal("1"),
                                      decimal("1.0"),
                                      decimal("2.5"),
                                      decimal("-0"),
                                      decimal("0.1"),
                                      decimal("1E+3"),
                                      decimal("NaN"),
                                      decimal("Infinity"),
                                      decimal("9223372036854775808")};
  return chance(75) ? pick(common) : pick(edges);
}

Node Generator::text() {
  static const char* const texts[] = {"",       "a",        "b",          "ab",  "A",
                                      "abc",    "b a",      "10",         "a.b", "-2.5",
                                      "\u00e9", "a\u65e5b", "2024-02-29", "x\ny"};
  return bson::Value(pick(texts));
}

Node Generator::date() {
  static const std::int64_t moments[] = {
      0, -1, 1000, 1709164800000, 1709251199999, 1700000000123, -62135596800000, 4102444800000};
  return bson::Value(bson::DateTime(std::chrono::milliseconds(pick(moments))));
}

Node Generator::array(int depth) {
  Node out = list();
  const std::size_t count = below(4);
  const bool alike = chance(50);
  const bool documents = chance(30);
  for (std::size_t i = 0; i < count; ++i) {
    if (alike && documents && depth > 0) {
      Node element = object();
      if (chance(80)) element.add("x", chance(70) ? number() : value(0));
      if (chance(50)) element.add("y", value(depth - 1));
      out.push(std::move(element));
    } else {
      out.push(alike ? number() : value(depth - 1));
    }
  }
  return out;
}

Node Generator::value(int depth) {
  const auto kind = below(depth > 0 ? 100 : 70);
  if (kind < 28) return number();
  if (kind < 40) return text();
  if (kind < 44) return bson::Value(chance(50));
  if (kind < 49) return bson::Value(bson::Null{});
  if (kind < 55) return date();
  if (kind < 58) {
    bson::ObjectId id;
    id.bytes[11] = static_cast<std::uint8_t>(1 + below(3));
    return bson::Value(id);
  }
  if (kind < 60) return bson::Value(bson::Timestamp{static_cast<std::uint32_t>(below(2)), 5});
  if (kind < 62)
    return bson::Value(
        bson::Binary{{1, static_cast<std::uint8_t>(below(3))},
                     chance(80) ? bson::BinarySubtype::generic : bson::BinarySubtype::user});
  if (kind < 64) return bson::Value(bson::Regex{chance(50) ? "^a" : "b", chance(30) ? "i" : ""});
  if (kind < 65) return bson::Value(bson::MinKey{});
  if (kind < 66) return bson::Value(bson::MaxKey{});
  if (kind < 67) return bson::Value(bson::Code{"f()"});
  if (kind < 70) return chance(50) ? list() : object();
  if (kind < 88) return array(depth);
  Node out = object();
  for (const char* name : {"x", "y", "0"}) {
    if (chance(name[0] == '0' ? 5 : 60)) out.add(name, value(depth - 1));
  }
  return out;
}

std::vector<Node> Generator::documents(int count) {
  std::vector<Node> out;
  seen_.clear();
  for (int i = 0; i < count; ++i) {
    Node document = one("_id", i);
    for (const char* name : {"a", "b", "c", "d"}) {
      if (!chance(75)) continue;
      Node field = value(2);
      seen_.push_back(field);
      for (const auto& inner : field.fields) seen_.push_back(inner.second);
      document.add(name, std::move(field));
    }
    if (chance(85)) document.add("n", number());
    if (chance(85)) document.add("s", text());
    if (chance(80)) {
      Node numbers = list();
      for (std::size_t at = below(4); at > 0; --at) numbers.push(number());
      document.add("t", std::move(numbers));
    }
    if (chance(60)) document.add("w", date());
    out.push_back(std::move(document));
  }
  return out;
}

Node Generator::index_keys() {
  Node keys = one(chance(70) ? pick(roots) : "a.x", chance(70) ? 1 : -1);
  if (chance(30)) {
    const char* second = pick(roots);
    if (keys.find(second) == nullptr) keys.add(second, chance(70) ? 1 : -1);
  }
  return keys;
}

std::string Generator::path() { return pick(paths); }

Node Generator::operand() {
  if (!seen_.empty() && chance(55)) return seen_[below(seen_.size())];
  return value(1);
}

Node Generator::operator_value(int depth) {
  static const char* const comparisons[] = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"};
  const auto kind = below(depth > 0 ? 100 : 86);
  if (kind < 40) return one(pick(comparisons), operand());
  if (kind < 52) {
    Node members = list();
    for (std::size_t at = below(4); at > 0; --at) members.push(operand());
    return one(chance(65) ? "$in" : "$nin", std::move(members));
  }
  if (kind < 58) return one("$exists", bson::Value(chance(60)));
  if (kind < 64) {
    if (chance(70)) return one("$type", bson::Value(pick(aliases)));
    return one("$type",
               list({bson::Value(pick(aliases)), static_cast<std::int32_t>(1 + below(19))}));
  }
  if (kind < 68) return one("$mod", list({number(), number()}));
  if (kind < 74) {
    static const char* const patterns[] = {"a", "^a", "b$", "^a.*b", "[0-9]+", "A", "^"};
    Node out = one("$regex", bson::Value(pick(patterns)));
    if (chance(30)) out.add("$options", bson::Value("i"));
    return out;
  }
  if (kind < 78) return one("$size", static_cast<std::int32_t>(below(4)));
  if (kind < 82) {
    Node members = list();
    for (std::size_t at = 1 + below(2); at > 0; --at) members.push(operand());
    return one("$all", std::move(members));
  }
  if (kind < 86) {
    static const char* const bits[] = {"$bitsAllSet", "$bitsAnySet", "$bitsAllClear",
                                       "$bitsAnyClear"};
    return one(pick(bits), chance(60) ? Node(static_cast<std::int32_t>(below(8)))
                                      : list({0, static_cast<std::int32_t>(below(40))}));
  }
  if (kind < 93) {
    if (chance(60)) {
      Node both = operator_value(0);
      if (chance(50)) {
        Node other = operator_value(0);
        if (both.find(other.fields.front().first) == nullptr)
          both.fields.push_back(other.fields.front());
      }
      return one("$elemMatch", std::move(both));
    }
    return one("$elemMatch",
               one(chance(60) ? "x" : "y", chance(40) ? operand() : operator_value(0)));
  }
  return one("$not", operator_value(depth - 1));
}

Node Generator::predicate(int depth) {
  if (chance(30)) return operand();
  Node out = operator_value(depth);
  if (chance(20)) {
    const Node other = operator_value(0);
    if (out.find(other.fields.front().first) == nullptr) out.fields.push_back(other.fields.front());
  }
  return out;
}

Node Generator::filter(int depth) {
  Node out = object();
  if (chance(8)) return out;
  const auto count = 1 + (chance(25) ? 1U : 0U);
  for (std::size_t i = 0; i < count; ++i) {
    if (depth > 0 && chance(20)) {
      static const char* const names[] = {"$and", "$or", "$nor"};
      const char* name = pick(names);
      if (out.find(name) != nullptr) continue;
      Node clauses = list();
      for (std::size_t at = 1 + below(3); at > 0; --at) clauses.push(filter(depth - 1));
      out.add(name, std::move(clauses));
    } else if (chance(7)) {
      if (out.find("$expr") == nullptr) out.add("$expr", expression(Wanted::boolean, 2));
    } else {
      std::string where = path();
      if (out.find(where) == nullptr) out.add(std::move(where), predicate(depth));
    }
  }
  return out;
}

Node Generator::sort() {
  Node keys = object();
  for (std::size_t at = below(3); at > 0; --at) {
    std::string where = path();
    if (where != "_id" && keys.find(where) == nullptr)
      keys.add(std::move(where), chance(60) ? 1 : -1);
  }
  keys.add("_id", chance(70) ? 1 : -1);  // so that the order is settled
  return keys;
}

Node Generator::projection() {
  Node out = object();
  const int included = chance(60) ? 1 : 0;
  for (std::size_t at = 1 + below(3); at > 0; --at) {
    std::string where = path();
    if (where == "_id" || out.find(where) != nullptr) continue;
    if (chance(12)) {
      out.add(where,
              one("$slice", chance(60) ? Node(static_cast<std::int32_t>(below(4)) - 2)
                                       : list({static_cast<std::int32_t>(below(4)) - 2, 2})));
    } else if (chance(8) && where.find('.') == where.npos) {
      out.add(where, one("$elemMatch", chance(50) ? operator_value(0) : one("x", operand())));
    } else if (included == 1 && chance(20)) {
      out.add(where, expression(Wanted::any, 1));
    } else {
      out.add(where, included);
    }
  }
  if (chance(20)) out.add("_id", chance(50) ? 0 : included);
  return out;
}

Node Generator::read_command(std::string_view collection) {
  const bson::Value name(collection);
  const auto kind = below(100);
  if (kind < 45) {
    Node command = object({{"find", name}, {"filter", filter(2)}});
    if (chance(40)) command.add("projection", projection());
    if (chance(50)) {
      command.add("sort", sort());
      if (chance(30)) command.add("skip", static_cast<std::int32_t>(below(4)));
      if (chance(30)) command.add("limit", static_cast<std::int32_t>(below(5)));
    }
    command.add("batchSize", 1000);
    return command;
  }
  if (kind < 50) {
    Node command = object({{"count", name}, {"query", filter(2)}});
    if (chance(30)) command.add("skip", static_cast<std::int32_t>(below(4)));
    if (chance(30)) command.add("limit", static_cast<std::int32_t>(below(5)) - 1);
    return command;
  }
  if (kind < 56)
    return object({{"distinct", name}, {"key", bson::Value(path())}, {"query", filter(1)}});
  return object({{"aggregate", name},
                 {"pipeline", pipeline(collection, 2)},
                 {"cursor", one("batchSize", 1000)}});
}

}  // namespace quire::differential
