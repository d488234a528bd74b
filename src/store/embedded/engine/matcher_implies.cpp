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

bool is_range(Kind kind) {
  return kind == Kind::lt || kind == Kind::lte || kind == Kind::gt || kind == Kind::gte;
}

bool implies_exists(const FilterNode& narrow) {
  switch (narrow.kind) {
    case Kind::eq:
      return !narrow.operand.view().is_null();
    case Kind::in:
      return !narrow.data->in_null;
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
      return !narrow.operand.view().is_null() && narrow.operand.type() != Type::max_key &&
             narrow.operand.type() != Type::min_key;
    case Kind::exists:
    case Kind::type:
    case Kind::regex:
    case Kind::mod:
    case Kind::size:
    case Kind::elem_match_object:
    case Kind::elem_match_value:
      return true;
    default:
      return false;
  }
}

/// A comparison only meets values of its own bracket.
bool implies_type(const FilterNode& narrow, std::uint32_t types) {
  if (narrow.kind == Kind::type) return (narrow.data->types & ~types) == 0;
  if (!is_range(narrow.kind) && narrow.kind != Kind::eq) return false;
  const auto v = narrow.operand.view();
  // $gt: MinKey and $lt: MaxKey meet every type, and missing fields.
  if (is_range(narrow.kind) && (v.type() == Type::min_key || v.type() == Type::max_key))
    return false;
  if (v.is_number()) {
    const auto numbers = type_bit(Type::int32) | type_bit(Type::int64) | type_bit(Type::double_) |
                         type_bit(Type::decimal128);
    return (numbers & ~types) == 0;
  }
  return v.type() != Type::null && v.type() != Type::string && v.type() != Type::symbol &&
         !v.is_array() && (type_bit(v.type()) & types) != 0;
}

bool implies_in(const FilterNode& narrow, const FilterNode::Data& wide) {
  if (narrow.kind == Kind::eq)
    return is_in(wide, narrow.operand) && narrow.operand.type() != Type::regex;
  return narrow.kind == Kind::in && narrow.data->in_regexes.empty() &&
         std::all_of(narrow.values.begin(), narrow.values.end(),
                     [&](const Value& v) { return is_in(wide, v); });
}

/// Two bounds of the same side and bracket.
bool implies_bound(const FilterNode& narrow, const FilterNode& wide) {
  const ValueView edge = narrow.operand;
  const ValueView bound = wide.operand;
  if (type_rank(edge.type()) != type_rank(bound.type()) || is_nan(edge) || is_nan(bound))
    return false;
  const int order = compare(edge, bound);
  const bool narrow_below = narrow.kind == Kind::lt || narrow.kind == Kind::lte;
  const bool wide_below = wide.kind == Kind::lt || wide.kind == Kind::lte;
  if (narrow_below != wide_below) return false;
  const bool at_edge = narrow.kind == Kind::lt || narrow.kind == Kind::gt ||
                       wide.kind == Kind::lte || wide.kind == Kind::gte;
  return wide_below ? order < 0 || (order == 0 && at_edge) : order > 0 || (order == 0 && at_edge);
}

bool implies_comparison(const FilterNode& narrow, const FilterNode& wide) {
  const ValueView bound = wide.operand;
  if (narrow.kind == Kind::eq) {
    // What a missing field fulfils as well guarantees only its equal.
    return value_matches(wide, nullptr) ? compare(narrow.operand, bound) == 0
                                        : compares(wide.kind, narrow.operand, bound);
  }
  if (narrow.kind == Kind::in) {
    return narrow.data->in_regexes.empty() && !narrow.data->in_null &&
           std::all_of(narrow.values.begin(), narrow.values.end(),
                       [&](const Value& v) { return compares(wide.kind, v, bound); });
  }
  return is_range(narrow.kind) && wide.kind != Kind::eq && implies_bound(narrow, wide);
}

/// Whether one condition guarantees another on the same path.
bool condition_implies(const FilterNode& narrow, const FilterNode& wide) {
  if (narrow.path != wide.path || narrow.steps.empty()) return false;
  switch (wide.kind) {
    case Kind::exists:
      return implies_exists(narrow);
    case Kind::type:
      return implies_type(narrow, wide.data->types);
    case Kind::in:
      return implies_in(narrow, *wide.data);
    case Kind::eq:
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
      return implies_comparison(narrow, wide);
    default:
      return false;
  }
}

}  // namespace

bool implies(const FilterNode& narrow, const FilterNode& wide) {
  if (wide.kind == Kind::always_true) return true;
  if (wide.kind == Kind::conjunction) {
    return std::all_of(wide.children.begin(), wide.children.end(),
                       [&](const auto& child) { return implies(narrow, *child); });
  }
  if (narrow.kind == Kind::disjunction) {
    return std::all_of(narrow.children.begin(), narrow.children.end(),
                       [&](const auto& child) { return implies(*child, wide); });
  }
  if (wide.kind == Kind::disjunction) {
    if (std::any_of(wide.children.begin(), wide.children.end(),
                    [&](const auto& child) { return implies(narrow, *child); })) {
      return true;
    }
  }
  if (narrow.kind == Kind::conjunction) {
    return std::any_of(narrow.children.begin(), narrow.children.end(),
                       [&](const auto& child) { return implies(*child, wide); });
  }
  return condition_implies(narrow, wide);
}

}  // namespace quire::store::embedded
