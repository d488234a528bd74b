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

bool matches_node(const FilterNode& node, View document, MatchDetails* details);
bool element_matches(const FilterNode& node, ValueView value);

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

}  // namespace quire::store::embedded
