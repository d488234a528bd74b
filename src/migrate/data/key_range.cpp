#include "migrate/data/key_range.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "bson/nan.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

/// Types in the order in which they sort; those of one line compare with each other.
struct Bracket {
  std::array<int, 4> types;
  std::size_t count;
  bool one_value;  ///< compares with itself only
};
constexpr std::array<Bracket, 15> brackets = {{{{-1}, 1, true},
                                               {{10, 6}, 2, true},
                                               {{1, 16, 18, 19}, 4, false},
                                               {{2, 14}, 2, false},
                                               {{3}, 1, false},
                                               {{4}, 1, false},
                                               {{5}, 1, false},
                                               {{7}, 1, false},
                                               {{8}, 1, false},
                                               {{9}, 1, false},
                                               {{17}, 1, false},
                                               {{11}, 1, false},
                                               {{12}, 1, false},
                                               {{13, 15}, 2, false},
                                               {{127}, 1, true}}};
constexpr std::size_t numbers = 2;

std::size_t bracket_of(bson::Type type) {
  const int code = type == bson::Type::min_key ? -1 : static_cast<int>(type);
  for (std::size_t i = 0; i < brackets.size(); ++i) {
    const auto& b = brackets[i];
    const auto* end = b.types.begin() + b.count;
    if (std::find(b.types.begin(), end, code) != end) return i;
  }
  return brackets.size() - 1;
}

bson::Document whole_brackets(std::size_t from, std::size_t to) {
  bson::Writer w;
  w.begin_document("_id").begin_array("$type");
  for (std::size_t i = from; i < to; ++i) {
    for (std::size_t k = 0; k < brackets[i].count; ++k) w.push(std::int32_t{brackets[i].types[k]});
  }
  w.end().end();
  return w.finish();
}

}  // namespace

std::vector<bson::Document> key_filters(const KeyBounds& bounds) {
  std::vector<bson::Document> out;
  const auto& [after, until] = bounds;
  if (!after && !until) {
    out.emplace_back();
    return out;
  }
  const std::size_t first = after ? bracket_of(after->type()) : 0;
  const std::size_t last = until ? bracket_of(until->type()) : brackets.size() - 1;
  if (after && until && (first > last || *after == *until)) return out;
  const bool ends_here = after && until && first == last;
  if (after && !brackets[first].one_value) {
    bson::Writer w;
    w.begin_document("_id");
    if (bson::is_nan(*after)) {  // NaN is below all numbers but compares with none
      w.append("$gte", -HUGE_VAL);
    } else {
      w.append("$gt", *after);
    }
    if (ends_here) w.append("$lte", *until);
    w.end();
    out.push_back(w.finish());
  }
  if (ends_here) return out;
  const std::size_t from = after ? first + 1 : 0;
  const bool part = until && !brackets[last].one_value;
  const std::size_t to = part ? last : last + 1;
  if (from < to) out.push_back(whole_brackets(from, to));
  if (part) {
    const bool nan = bson::is_nan(*until);
    if (last == numbers) out.push_back(bson::make_document("_id", std::nan("")));
    if (!nan) {
      bson::Writer w;
      w.begin_document("_id").append("$lte", *until).end();
      out.push_back(w.finish());
    }
  }
  return out;
}

bson::Document KeyRange::with_filter(bson::View where) const {
  if (filter_.empty()) return bson::Document(where);
  if (where.empty()) return bson::Document(filter_);
  bson::Writer both;
  both.begin_array("$and").push(where).push(filter_).end();
  return both.finish();
}

WalkBatch KeyRange::read(const KeyBounds& bounds, std::int64_t documents, std::size_t bytes,
                         store::Session* session) {
  WalkBatch batch;
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  for (const bson::Document& where : key_filters(bounds)) {
    const auto room = documents - static_cast<std::int64_t>(batch.documents.size());
    if (room <= 0 || batch.bytes >= bytes) return batch;
    auto options = safe<store::FindOptions>(session);
    options.sort = order;
    options.limit = room;
    options.batch_size = static_cast<std::int32_t>(std::min<std::int64_t>(room, INT32_MAX));
    const bson::Document filter = with_filter(where);
    const auto cursor = db_.store().find(db_.ns(collection_), filter, options);
    std::int64_t found = 0;
    while (const auto document = cursor->next()) {
      ++found;
      batch.documents.emplace_back(*document);
      batch.bytes += document->size();
      if (batch.bytes >= bytes) return batch;
    }
    if (found >= room) return batch;
  }
  batch.end = true;
  return batch;
}

bool KeyRange::each(const KeyBounds& bounds, FunctionRef<bool(bson::View)> fn) {
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  for (const bson::Document& where : key_filters(bounds)) {
    auto options = safe<store::FindOptions>();
    options.sort = order;
    const bson::Document filter = with_filter(where);
    const auto cursor = db_.store().find(db_.ns(collection_), filter, options);
    while (const auto document = cursor->next()) {
      if (!fn(*document)) return false;
    }
  }
  return true;
}

std::optional<bson::Value> KeyRange::key_at(const KeyBounds& bounds, std::int64_t distance) {
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  for (const bson::Document& where : key_filters(bounds)) {
    auto options = safe<store::FindOptions>();
    options.sort = order;
    options.projection = order;  // _id only, from the index
    options.skip = distance - 1;
    options.limit = 1;
    const bson::Document filter = with_filter(where);
    std::optional<bson::Value> key;
    db_.store().find_one(db_.ns(collection_), filter, options,
                         [&](bson::View document) { key.emplace(document["_id"]); });
    if (key) return key;
    distance -= db_.store().count(db_.ns(collection_), filter, safe<store::CountOptions>());
    if (distance < 1) return std::nullopt;  // documents went meanwhile
  }
  return std::nullopt;
}

std::int64_t KeyRange::count(const KeyBounds& bounds) {
  std::int64_t sum = 0;
  for (const bson::Document& where : key_filters(bounds)) {
    const bson::Document filter = with_filter(where);
    sum += db_.store().count(db_.ns(collection_), filter, safe<store::CountOptions>());
  }
  return sum;
}

std::vector<bson::Document> find_keys(const Database& db, std::string_view collection,
                                      const std::vector<bson::Value>& keys, store::Session* session,
                                      bson::View projection, bson::View filter) {
  std::vector<bson::Document> out;
  if (keys.empty()) return out;
  bson::Writer w;
  w.begin_document("_id").begin_array("$in");
  for (const auto& key : keys) w.push(key);
  w.end().end();
  bson::Document wanted = w.finish();
  if (!filter.empty()) {
    bson::Writer both;
    both.begin_array("$and").push(wanted).push(filter).end();
    wanted = both.finish();
  }
  auto options = safe<store::FindOptions>(session);
  options.projection = projection;
  const auto cursor = db.store().find(db.ns(collection), wanted, options);
  while (const auto document = cursor->next()) out.emplace_back(*document);
  return out;
}

std::string key_text(bson::ValueView key) {
  std::string out(1, static_cast<char>(key.type()));
  out.append(reinterpret_cast<const char*>(key.data()), key.size());
  return out;
}

}  // namespace quire::migrate::data
