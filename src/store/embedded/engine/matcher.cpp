#include "store/embedded/engine/matcher.hpp"

#include <algorithm>
#include <charconv>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/core/function_ref.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/let.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using Kind = FilterNode::Kind;

namespace {

/// A value met on a path; null pointer = the field is missing. `position`: of the element in the
/// array that was walked through without being asked to.
using Sink = FunctionRef<bool(const ValueView* value, std::optional<std::size_t> position)>;

std::optional<std::size_t> position_of(std::string_view step) {
  std::size_t position = 0;
  if (step.empty() || step.size() > 9 || (step.size() > 1 && step.front() == '0'))
    return std::nullopt;
  const auto result = std::from_chars(step.data(), step.data() + step.size(), position);
  if (result.ec != std::errc{} || result.ptr != step.data() + step.size()) return std::nullopt;
  return position;
}

/// Calls `sink` with each value that a path leads to, through arrays of documents; stops and gives
/// true when it says true. `leaf_elements`: of an array at the end, its elements before itself.
class PathWalk {
 public:
  PathWalk(const std::vector<std::string>& steps, bool leaf_elements, Sink sink)
      : steps_(steps), leaf_elements_(leaf_elements), sink_(sink) {}

  bool from(View document, std::size_t step, std::optional<std::size_t> outer) const {
    const auto value = document.find(steps_[step]);
    if (!value) return sink_(nullptr, outer);
    return at(*value, step, outer);
  }

 private:
  /// `value` is what steps_[step] led to.
  bool at(ValueView value, std::size_t step, std::optional<std::size_t> outer) const {
    const bool last = step + 1 == steps_.size();
    if (last) {
      if (value.is_array() && leaf_elements_) {
        std::size_t i = 0;
        for (const auto& element : value.as_array()) {
          if (sink_(&element.value, outer ? outer : std::optional(i))) return true;
          ++i;
        }
      }
      return sink_(&value, outer);
    }
    if (value.is_document()) return from(value.as_document(), step + 1, outer);
    if (!value.is_array()) return sink_(nullptr, outer);
    const auto wanted = position_of(steps_[step + 1]);
    std::size_t i = 0;
    for (const auto& element : value.as_array()) {
      const auto here = outer ? outer : std::optional(i);
      if (element.value.is_document() && from(element.value.as_document(), step + 1, here))
        return true;
      if (wanted && *wanted == i) {
        // An explicit position: not a walk through the array.
        if (step + 2 == steps_.size()) {
          if (sink_(&element.value, outer)) return true;
        } else if (element.value.is_array() || element.value.is_document()) {
          if (at(element.value, step + 1, outer)) return true;
        }
      }
      ++i;
    }
    return false;
  }

  const std::vector<std::string>& steps_;
  bool leaf_elements_;
  Sink sink_;
};

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

bool text_matches(const CompiledRegex& regex, ValueView pattern, ValueView value) {
  if (value.type() == Type::string || value.type() == Type::symbol)
    return regex.matches(value.text());
  return value.type() == Type::regex && compare(value, pattern) == 0;
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

bool matches_node(const FilterNode& node, View document, MatchDetails* details);
bool element_matches(const FilterNode& node, ValueView value);

/// Whether one value fulfils a condition that looks at values.
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

/// The position of the first element that fulfils an $elemMatch.
std::optional<std::size_t> elem_match_position(const FilterNode& node, ValueView array) {
  std::size_t i = 0;
  for (const auto& element : array.as_array()) {
    bool all = true;
    if (node.kind == Kind::elem_match_object) {
      all = (element.value.is_document() || element.value.is_array()) &&
            matches_node(*node.children.front(), element.value.as_nested(), nullptr);
    } else {
      for (const auto& child : node.children) all = all && element_matches(*child, element.value);
    }
    if (all) return i;
    ++i;
  }
  return std::nullopt;
}

bool looks_into_arrays(Kind kind) {
  return kind != Kind::size && kind != Kind::elem_match_object && kind != Kind::elem_match_value;
}

bool path_matches(const FilterNode& node, View document, MatchDetails* details) {
  // The usual case without a walk: a field at the top that holds no array.
  const bool elem_match =
      node.kind == Kind::elem_match_object || node.kind == Kind::elem_match_value;
  const auto test = [&](const ValueView* value, std::optional<std::size_t> position) {
    if (elem_match) {
      if (value == nullptr || !value->is_array()) return false;
      const auto found = elem_match_position(node, *value);
      if (found && details != nullptr) details->array_position = position ? position : found;
      return found.has_value();
    }
    if (!value_matches(node, value)) return false;
    if (position && details != nullptr) details->array_position = position;
    return true;
  };
  if (node.steps.size() == 1) {
    const auto value = document.find(node.steps.front());
    if (!value) return test(nullptr, std::nullopt);
    if (!value->is_array() || !looks_into_arrays(node.kind)) return test(&*value, std::nullopt);
  }
  return PathWalk(node.steps, looks_into_arrays(node.kind), test).from(document, 0, std::nullopt);
}

/// A server orders the conditions of an $and by kind before it runs them, and the last that meets
/// an array names the position for the operator $.
int order_of_evaluation(Kind kind) {
  switch (kind) {
    case Kind::conjunction:
      return 0;
    case Kind::disjunction:
      return 1;
    case Kind::elem_match_object:
      return 2;
    case Kind::elem_match_value:
      return 3;
    case Kind::size:
      return 4;
    case Kind::eq:
      return 5;
    case Kind::lte:
      return 6;
    case Kind::lt:
      return 7;
    case Kind::gt:
      return 8;
    case Kind::gte:
      return 9;
    case Kind::regex:
      return 10;
    case Kind::mod:
      return 11;
    case Kind::exists:
      return 12;
    case Kind::in:
      return 13;
    default:
      return 14;
  }
}

bool all_match(const FilterNode& node, View document, MatchDetails* details) {
  int last = -1;
  for (const auto& child : node.children) {
    if (details == nullptr) {
      if (!matches_node(*child, document, nullptr)) return false;
      continue;
    }
    MatchDetails own;
    if (!matches_node(*child, document, &own)) return false;
    if (own.array_position && order_of_evaluation(child->kind) >= last) {
      last = order_of_evaluation(child->kind);
      details->array_position = own.array_position;
    }
  }
  return true;
}

/// Where $expr is evaluated: the caller's variables, or none. A filter's tree is walked in one go,
/// so one place a thread serves all.
thread_local Evaluation* variables = nullptr;

bool expression_matches(const Expression& expression, View document) {
  if (variables != nullptr) {
    variables->begin(document);
    return is_true(expression.evaluate(*variables));
  }
  Evaluation e;
  e.set_now(current_ms());
  e.begin(document);
  return is_true(expression.evaluate(e));
}

bool matches_node(const FilterNode& node, View document, MatchDetails* details) {
  switch (node.kind) {
    case Kind::expr:
      return expression_matches(*node.data->expression, document);
    case Kind::always_true:
    case Kind::comment:
      return true;
    case Kind::always_false:
      return false;
    case Kind::conjunction:
      return all_match(node, document, details);
    case Kind::disjunction:
      for (const auto& child : node.children) {
        if (matches_node(*child, document, details)) return true;
      }
      return false;
    case Kind::joint_denial:
      for (const auto& child : node.children) {
        if (matches_node(*child, document, nullptr)) return false;
      }
      return true;
    case Kind::negation:
      return !matches_node(*node.children.front(), document, nullptr);
    case Kind::json_schema:
      return node.data->schema->matches(document);
    default:
      return path_matches(node, document, details);
  }
}

/// A condition without a path, against one element.
bool element_matches(const FilterNode& node, ValueView value) {
  switch (node.kind) {
    case Kind::always_true:
    case Kind::comment:
      return true;
    case Kind::always_false:
      return false;
    case Kind::conjunction:
      return std::all_of(node.children.begin(), node.children.end(),
                         [&](const auto& child) { return element_matches(*child, value); });
    case Kind::negation:
      return !element_matches(*node.children.front(), value);
    case Kind::elem_match_object:
    case Kind::elem_match_value:
      return value.is_array() && elem_match_position(node, value).has_value();
    default:
      return value_matches(node, &value);
  }
}

}  // namespace

void walk_path(View document, const std::vector<std::string>& steps,
               FunctionRef<bool(const ValueView*)> sink) {
  const auto each = [&](const ValueView* value, std::optional<std::size_t>) { return sink(value); };
  (void)PathWalk(steps, false, each).from(document, 0, std::nullopt);
}

Matcher::Matcher() : Matcher(View{}) {}
Matcher::Matcher(View filter) : Matcher(filter, ParseScope()) {}
Matcher::Matcher(View filter, const ParseScope& scope)
    : source_(filter), root_(parse_filter(filter, scope)) {}

Matcher Matcher::for_element(ValueView condition) {
  Matcher matcher;
  matcher.element_source_ = Value(condition);
  matcher.root_ = parse_element_condition(condition);
  return matcher;
}

bool Matcher::matches(View document, MatchDetails* details) const {
  return matches_node(*root_, document, details);
}

bool Matcher::matches(View document, Evaluation& e) const {
  struct Restore {
    Evaluation* before;
    ~Restore() { variables = before; }
  } restore{variables};
  variables = &e;
  return matches_node(*root_, document, nullptr);
}

namespace {

void add_node_fields(const FilterNode& node, FieldUse& use) {
  switch (node.kind) {
    case Kind::expr:
      node.data->expression->add_fields(use);
      return;
    case Kind::json_schema:
    case Kind::text:
    case Kind::where:
      use.whole = true;
      return;
    default:
      break;
  }
  if (!node.path.empty()) {
    use.paths.push_back(node.path);
    return;
  }
  for (const auto& child : node.children) add_node_fields(*child, use);
}

}  // namespace

void Matcher::add_fields(FieldUse& use) const { add_node_fields(*root_, use); }

bool Matcher::matches_element(ValueView value) const {
  if (root_->kind == Kind::elem_match_object) {
    return value.is_document() &&
           matches_node(*root_->children.front(), value.as_document(), nullptr);
  }
  return std::all_of(root_->children.begin(), root_->children.end(),
                     [&](const auto& child) { return element_matches(*child, value); });
}

namespace {

struct Fixed {
  std::string_view path;
  ValueView value;
};

void collect_equalities(const FilterNode& node, std::vector<Fixed>& out) {
  switch (node.kind) {
    case Kind::conjunction:
      for (const auto& child : node.children) collect_equalities(*child, out);
      break;
    case Kind::disjunction:
      if (node.children.size() == 1) collect_equalities(*node.children.front(), out);
      break;
    case Kind::in:
      if (node.values.size() == 1 && node.data->in_regexes.empty())
        out.push_back({node.path, node.values.front()});
      break;
    case Kind::eq:
      if (!node.flag) out.push_back({node.path, node.operand});
      break;
    default:
      break;
  }
}

}  // namespace

bson::Document Matcher::equality_fields() const {
  std::vector<Fixed> fixed;
  collect_equalities(*root_, fixed);
  bson::Writer writer;
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const auto a = fixed[i].path;
      const auto b = fixed[k].path;
      const auto shorter = a.size() < b.size() ? a : b;
      const auto longer = a.size() < b.size() ? b : a;
      if (a == b || (longer.starts_with(shorter) && longer[shorter.size()] == '.')) {
        throw QueryError(
            ErrorCode::invalid_query, FieldPath(std::string(longer)),
            "cannot infer query fields to set, path '" + std::string(longer) + "' is matched twice",
            54);
      }
    }
    writer.append(fixed[i].path, fixed[i].value);
  }
  return writer.finish();
}

namespace {

bool is_range(Kind kind) {
  return kind == Kind::lt || kind == Kind::lte || kind == Kind::gt || kind == Kind::gte;
}

/// Whether one condition guarantees another on the same path.
bool condition_implies(const FilterNode& narrow, const FilterNode& wide) {
  if (narrow.path != wide.path || narrow.steps.empty()) return false;
  if (wide.kind == Kind::exists) {
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
  if (wide.kind == Kind::type) {
    if (narrow.kind == Kind::type) return (narrow.data->types & ~wide.data->types) == 0;
    // A comparison only meets values of its own bracket.
    if (is_range(narrow.kind) || narrow.kind == Kind::eq) {
      const auto v = narrow.operand.view();
      // $gt: MinKey and $lt: MaxKey meet every type, and missing fields.
      if (is_range(narrow.kind) && (v.type() == Type::min_key || v.type() == Type::max_key))
        return false;
      if (v.is_number()) {
        const auto numbers = type_bit(Type::int32) | type_bit(Type::int64) |
                             type_bit(Type::double_) | type_bit(Type::decimal128);
        return (numbers & ~wide.data->types) == 0;
      }
      return v.type() != Type::null && v.type() != Type::string && v.type() != Type::symbol &&
             !v.is_array() && (type_bit(v.type()) & wide.data->types) != 0;
    }
    return false;
  }
  if (wide.kind == Kind::in) {
    if (narrow.kind == Kind::eq)
      return is_in(*wide.data, narrow.operand) && narrow.operand.type() != Type::regex;
    if (narrow.kind == Kind::in) {
      return narrow.data->in_regexes.empty() &&
             std::all_of(narrow.values.begin(), narrow.values.end(),
                         [&](const Value& v) { return is_in(*wide.data, v); });
    }
    return false;
  }
  if (wide.kind != Kind::eq && !is_range(wide.kind)) return false;
  const ValueView bound = wide.operand;
  if (narrow.kind == Kind::eq)
    return value_matches(wide, nullptr) == false ? compares(wide.kind, narrow.operand, bound)
                                                 : compare(narrow.operand, bound) == 0;
  if (narrow.kind == Kind::in) {
    return narrow.data->in_regexes.empty() && !narrow.data->in_null &&
           std::all_of(narrow.values.begin(), narrow.values.end(),
                       [&](const Value& v) { return compares(wide.kind, v, bound); });
  }
  if (!is_range(narrow.kind) || wide.kind == Kind::eq) return false;
  const ValueView edge = narrow.operand;
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
