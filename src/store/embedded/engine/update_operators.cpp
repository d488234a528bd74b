#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/update_tree.hpp"

/// What the operators take.
namespace quire::store::embedded::update {

using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;

namespace {

constexpr int bad_value = 2;
constexpr int failed_to_parse = 9;
constexpr int type_mismatch = 14;

std::string found(ValueView value) { return "found " + std::string(type_name(value.type())); }

/// An integer of any numeric type; nothing for fractions, NaN and what does not fit.
std::optional<std::int64_t> whole_number(ValueView value) {
  switch (value.type()) {
    case Type::int32:
      return value.as_int32();
    case Type::int64:
      return value.as_int64();
    case Type::double_: {
      const double number = value.as_double();
      if (std::floor(number) != number || std::abs(number) >= 9223372036854775808.0)
        return std::nullopt;
      return static_cast<std::int64_t>(number);
    }
    case Type::decimal128: {
      const auto decimal = value.as_decimal128();
      if (decimal.is_nan() || decimal.is_infinite()) return std::nullopt;
      // Its double, where that is near enough to be told exactly.
      const double number = std::strtod(decimal.str().c_str(), nullptr);
      if (std::abs(number) >= 9007199254740992.0) return std::nullopt;
      const auto whole = static_cast<std::int64_t>(number);
      if (compare_numbers(Value(whole), value) != 0) return std::nullopt;
      return whole;
    }
    default:
      return std::nullopt;
  }
}

Leaf parse_current_date(const std::string& path, ValueView value) {
  Leaf leaf;
  leaf.op = Op::current_date;
  if (value.type() == Type::boolean) return leaf;
  if (!value.is_document()) fail(bad_value, path, "$currentDate takes true or {$type: …}");
  bool has_type = false;
  for (const auto& [name, kind] : value.as_document()) {
    if (name != "$type") fail(bad_value, path, "$currentDate has no option but $type");
    if (!kind.is_string() || (kind.as_string() != "date" && kind.as_string() != "timestamp"))
      fail(bad_value, path, "the $type of $currentDate is \"date\" or \"timestamp\"");
    if (kind.as_string() == "timestamp") leaf.op = Op::current_timestamp;
    has_type = true;
  }
  if (!has_type) fail(bad_value, path, "$currentDate takes true or {$type: …}");
  return leaf;
}

Leaf parse_bit(const std::string& path, ValueView value) {
  Leaf leaf;
  leaf.op = Op::bit;
  if (!value.is_document()) fail(bad_value, path, "$bit takes {and | or | xor: integer}");
  for (const auto& [name, mask] : value.as_document()) {
    BitOperation operation{};
    if (name == "and") {
      operation = BitOperation::bit_and;
    } else if (name == "or") {
      operation = BitOperation::bit_or;
    } else if (name == "xor") {
      operation = BitOperation::bit_xor;
    } else {
      fail(bad_value, path, "$bit knows and, or, xor; not \"" + std::string(name) + "\"");
    }
    if (mask.type() != Type::int32 && mask.type() != Type::int64)
      fail(bad_value, path, "$bit takes integers, " + found(mask));
    leaf.bits.emplace_back(operation, Value(mask));
  }
  if (leaf.bits.empty()) fail(bad_value, path, "$bit needs at least one of and, or, xor");
  return leaf;
}

void parse_push_sort(PushModifiers& push, const std::string& path, ValueView value) {
  const auto direction = [&path](ValueView number) {
    const auto whole = whole_number(number);
    if (!whole || (*whole != 1 && *whole != -1))
      fail(bad_value, path, "$sort takes 1 or -1, or {field: 1 or -1}");
    return *whole < 0;
  };
  push.sorts = true;
  if (!value.is_document()) {
    push.sort_whole_descending = direction(value);
    return;
  }
  for (const auto& [name, order] : value.as_document()) {
    SortField field;
    field.descending = direction(order);
    std::size_t start = 0;
    while (start <= name.size()) {
      const auto dot = std::min(name.find('.', start), name.size());
      if (dot == start) fail(bad_value, path, "a part of the path in $sort is empty");
      field.steps.emplace_back(name.substr(start, dot - start));
      start = dot + 1;
    }
    if (name.empty()) fail(bad_value, path, "a field in $sort has no name");
    push.sort_fields.push_back(std::move(field));
  }
  if (push.sort_fields.empty()) fail(bad_value, path, "the pattern of $sort is empty");
}

Leaf parse_push(const std::string& path, ValueView value) {
  Leaf leaf;
  leaf.op = Op::push;
  if (!value.is_document() || !value.as_document().contains("$each")) {
    leaf.operand = Value::array(bson::make_array(Value(value)));
    return leaf;
  }
  bool has_each = false;
  const auto once = [&path](bool seen) {
    if (seen) fail(bad_value, path, "a modifier of $push is given twice");
  };
  for (const auto& [name, modifier] : value.as_document()) {
    if (name == "$each") {
      once(has_each);
      if (!modifier.is_array()) fail(bad_value, path, "$each takes an array, " + found(modifier));
      leaf.operand = Value(modifier);
      has_each = true;
    } else if (name == "$slice") {
      once(leaf.push.slice.has_value());
      leaf.push.slice = whole_number(modifier);
      if (!leaf.push.slice) fail(bad_value, path, "$slice takes an integer");
    } else if (name == "$position") {
      once(leaf.push.position.has_value());
      leaf.push.position = whole_number(modifier);
      if (!leaf.push.position) fail(bad_value, path, "$position takes an integer");
    } else if (name == "$sort") {
      once(leaf.push.sorts);
      parse_push_sort(leaf.push, path, modifier);
    } else {
      fail(bad_value, path, "$push has no modifier \"" + std::string(name) + "\"");
    }
  }
  return leaf;
}

Leaf parse_add_to_set(const std::string& path, ValueView value) {
  Leaf leaf;
  leaf.op = Op::add_to_set;
  if (value.is_document()) {
    const View document = value.as_document();
    auto it = document.begin();
    if (it != document.end() && it->key == "$each") {
      if (!it->value.is_array())
        fail(type_mismatch, path, "$each takes an array, " + found(it->value));
      leaf.operand = Value(it->value);
      if (++it != document.end()) fail(bad_value, path, "$addToSet has no modifier but $each");
      return leaf;
    }
  }
  leaf.operand = Value::array(bson::make_array(Value(value)));
  return leaf;
}

/// Operators that stand on a field; the others ($and, $expr …) begin a filter of whole documents.
bool is_field_operator(std::string_view name) {
  static constexpr std::string_view names[] = {"$eq",
                                               "$ne",
                                               "$gt",
                                               "$gte",
                                               "$lt",
                                               "$lte",
                                               "$in",
                                               "$nin",
                                               "$not",
                                               "$exists",
                                               "$type",
                                               "$all",
                                               "$size",
                                               "$mod",
                                               "$elemMatch",
                                               "$regex",
                                               "$options",
                                               "$bitsAllSet",
                                               "$bitsAllClear",
                                               "$bitsAnySet",
                                               "$bitsAnyClear",
                                               "$geoWithin",
                                               "$geoIntersects",
                                               "$near",
                                               "$nearSphere"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Leaf parse_pull(const std::string& path, ValueView value) {
  Leaf leaf;
  leaf.op = Op::pull;
  auto condition = std::make_shared<PullCondition>();
  bool on_element = value.type() == Type::regex;
  if (value.is_document()) {
    const View document = value.as_document();
    auto it = document.begin();
    on_element = it != document.end() && is_field_operator(it->key);
    if (!on_element) {
      condition->kind = PullCondition::Kind::document;
      condition->matcher = element_matcher(path, document);
    }
  }
  if (on_element) {
    condition->kind = PullCondition::Kind::element;
    const auto wrapped = bson::make_document("v", Value(value));
    condition->matcher = element_matcher(path, wrapped);
  }
  if (condition->kind == PullCondition::Kind::equal) leaf.operand = Value(value);
  leaf.pull = std::move(condition);
  return leaf;
}

Leaf parse_number(Op op, const std::string& path, ValueView value) {
  if (!value.is_number())
    fail(type_mismatch, path, "the operand of $inc and $mul is a number, " + found(value));
  Leaf leaf;
  leaf.op = op;
  leaf.operand = Value(value);
  return leaf;
}

Leaf parse_pop(const std::string& path, ValueView value) {
  const auto side = whole_number(value);
  if (!side || (*side != 1 && *side != -1)) fail(failed_to_parse, path, "$pop takes 1 or -1");
  Leaf leaf;
  leaf.op = Op::pop;
  leaf.pop_first = *side < 0;
  return leaf;
}

Leaf parse_value(Op op, ValueView value) {
  Leaf leaf;
  leaf.op = op;
  leaf.operand = Value(value);
  return leaf;
}

template <Op op>
Leaf plain(const std::string&, ValueView value) {
  return parse_value(op, value);
}
template <Op op>
Leaf number(const std::string& path, ValueView value) {
  return parse_number(op, path, value);
}
Leaf parse_unset(const std::string&, ValueView) {
  Leaf leaf;
  leaf.op = Op::unset;
  return leaf;
}
Leaf parse_pull_all(const std::string& path, ValueView value) {
  if (!value.is_array()) fail(bad_value, path, "$pullAll takes an array, " + found(value));
  return parse_value(Op::pull_all, value);
}

constexpr Operator operators[] = {
    {"$set", plain<Op::set>},
    {"$unset", parse_unset},
    {"$inc", number<Op::inc>},
    {"$mul", number<Op::mul>},
    {"$min", plain<Op::min>},
    {"$max", plain<Op::max>},
    {"$setOnInsert", plain<Op::set_on_insert>},
    {"$currentDate", parse_current_date},
    {"$push", parse_push},
    {"$addToSet", parse_add_to_set},
    {"$pop", parse_pop},
    {"$pull", parse_pull},
    {"$pullAll", parse_pull_all},
    {"$bit", parse_bit},
};

}  // namespace

const Operator* find_operator(std::string_view name) noexcept {
  for (const auto& one : operators) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

Matcher element_matcher(const std::string& path, View filter) {
  try {
    return Matcher(filter);
  } catch (const QueryError& error) {
    fail(error.backend_code(), path, error.detail());
  }
}

}  // namespace quire::store::embedded::update
