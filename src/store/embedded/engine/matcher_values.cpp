#include <algorithm>

#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::Value;
using bson::ValueView;
using Kind = FilterNode::Kind;

namespace {

bool text_matches(const CompiledRegex& regex, ValueView pattern, ValueView value) {
  if (value.type() == Type::string || value.type() == Type::symbol)
    return regex.matches(value.text());
  return value.type() == Type::regex && compare(value, pattern) == 0;
}

bool bits_match(const FilterNode& node, ValueView value) {
  const auto& data = *node.data;
  const auto test = [&](auto is_set) {
    const bool wants_set = node.kind == Kind::bits_all_set || node.kind == Kind::bits_any_set;
    const bool any = node.kind == Kind::bits_any_set || node.kind == Kind::bits_any_clear;
    for (const auto position : data.bit_positions) {
      if ((is_set(position) == wants_set) == any) return any;
    }
    return !any;
  };
  if (value.type() == Type::binary) {
    const auto binary = value.as_binary();
    return test([&](std::uint32_t p) {
      return p / 8 < binary.size && (binary.data[p / 8] >> (p % 8) & 1) != 0;
    });
  }
  if (!value.is_number()) return false;
  const auto number = integer_part(value);
  if (!number || !number->whole) return false;
  return test(
      [&](std::uint32_t p) { return (number->value >> std::min<std::uint32_t>(p, 63) & 1) != 0; });
}

}  // namespace

bool compares(Kind kind, ValueView value, ValueView operand) {
  if (type_rank(value.type()) != type_rank(operand.type())) {
    if (operand.type() == Type::max_key) return kind == Kind::lt || kind == Kind::lte;
    if (operand.type() == Type::min_key) return kind == Kind::gt || kind == Kind::gte;
    return false;
  }
  if (is_nan(value) || is_nan(operand)) {
    return is_nan(value) && is_nan(operand) && kind != Kind::lt && kind != Kind::gt;
  }
  const int order = compare(value, operand);
  switch (kind) {
    case Kind::eq:
      return order == 0;
    case Kind::lt:
      return order < 0;
    case Kind::lte:
      return order <= 0;
    case Kind::gt:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool is_in(const FilterNode::Data& data, ValueView value) {
  const auto at = std::lower_bound(data.sorted.begin(), data.sorted.end(), value,
                                   [](const Value& a, ValueView b) { return compare(a, b) < 0; });
  if (at != data.sorted.end() && compare(*at, value) == 0) return true;
  for (std::size_t i = 0; i < data.in_regexes.size(); ++i) {
    if (text_matches(*data.in_regexes[i], data.in_regex_values[i], value)) return true;
  }
  return false;
}

bool value_matches(const FilterNode& node, const ValueView* value) {
  switch (node.kind) {
    case Kind::eq:
      if (value == nullptr) return node.operand.view().is_null();
      return compares(node.kind, *value, node.operand);
    case Kind::lte:
    case Kind::gte:
      if (value == nullptr) {
        const auto type = node.operand.type();
        return type == Type::null ||
               (node.kind == Kind::lte ? type == Type::max_key : type == Type::min_key);
      }
      return compares(node.kind, *value, node.operand);
    case Kind::lt:
    case Kind::gt:
      if (value == nullptr)
        return node.operand.type() == (node.kind == Kind::lt ? Type::max_key : Type::min_key);
      return compares(node.kind, *value, node.operand);
    case Kind::in:
      if (value == nullptr) return node.data->in_null;
      return is_in(*node.data, *value);
    case Kind::exists:
      return value != nullptr;
    case Kind::type:
      return value != nullptr && (type_bit(value->type()) & node.data->types) != 0;
    case Kind::regex:
      return value != nullptr && text_matches(*node.data->regex, node.operand, *value);
    case Kind::mod: {
      if (value == nullptr) return false;
      const auto number = integer_part(*value);
      if (!number) return false;
      // The smallest integer has no remainder by -1 in C++.
      return (node.data->divisor == -1 ? 0 : number->value % node.data->divisor) ==
             node.data->remainder;
    }
    case Kind::size: {
      if (value == nullptr || !value->is_array()) return false;
      return static_cast<std::int64_t>(value->as_array().count()) == node.data->size;
    }
    case Kind::bits_all_set:
    case Kind::bits_all_clear:
    case Kind::bits_any_set:
    case Kind::bits_any_clear:
      return value != nullptr && bits_match(node, *value);
    default:
      return false;
  }
}

}  // namespace quire::store::embedded
