#include <algorithm>
#include <array>
#include <unordered_set>

#include "store/embedded/expression/array_functions.hpp"
#include "store/embedded/expression/until_null.hpp"

namespace quire::store::embedded {
namespace {

using array_detail::fail_argument;
using bson::ValueView;

/// Which values were seen, by what compares as equal.
class Seen {
 public:
  /// Whether it is new.
  bool insert(ValueView value) { return keys_.insert(key_of(value)).second; }
  [[nodiscard]] bool contains(ValueView value) { return keys_.contains(key_of(value)); }
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  void insert_all(ValueView array) {
    for (const auto& element : array.as_array()) insert(element.value);
  }

 private:
  const std::string& key_of(ValueView value) {
    key_.clear();
    append_group_key(key_, value);
    return key_;
  }
  std::unordered_set<std::string> keys_;
  std::string key_;
};

ValueView sorted_array(Evaluation& e, std::vector<ValueView>& values) {
  std::sort(values.begin(), values.end(),
            [](ValueView a, ValueView b) { return compare_values(a, b) < 0; });
  Evaluation::Builder out(e);
  for (const auto& value : values) out->push(value);
  return out.array();
}

ValueView set_union(const Call& c) {
  Seen seen;
  std::vector<ValueView> values;
  for (const ValueView part : c.arguments) {
    if (is_nullish(part)) return null_value;
    if (!part.is_array()) fail_argument(c, 17043, "arrays", part);
    for (const auto& element : part.as_array()) {
      if (seen.insert(element.value)) values.push_back(element.value);
    }
  }
  return sorted_array(c.e, values);
}

ValueView set_intersection(const Call& c) {
  std::vector<ValueView> values;
  bool first = true;
  for (const ValueView part : c.arguments) {
    if (is_nullish(part)) return null_value;
    if (!part.is_array()) fail_argument(c, 17047, "arrays", part);
    Seen seen;
    if (first) {
      for (const auto& element : part.as_array()) {
        if (seen.insert(element.value)) values.push_back(element.value);
      }
    } else {
      seen.insert_all(part);
      std::erase_if(values, [&](ValueView value) { return !seen.contains(value); });
    }
    first = false;
  }
  return sorted_array(c.e, values);
}

ValueView set_difference(const Call& c) {
  if (is_nullish(c[0]) || is_nullish(c[1])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 17048, "an array as its first argument", c[0]);
  if (!c[1].is_array()) fail_argument(c, 17049, "an array as its second argument", c[1]);
  Seen seen;
  seen.insert_all(c[1]);
  Evaluation::Builder out(c.e);
  for (const auto& element : c[0].as_array()) {
    if (seen.insert(element.value)) out->push(element.value);
  }
  return out.array();
}

ValueView set_equals(const Call& c) {
  Seen first;
  bool equal = true;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (!c[i].is_array()) fail_argument(c, 17044, "arrays", c[i]);
    if (i == 0) {
      first.insert_all(c[i]);
      continue;
    }
    if (!equal) continue;
    Seen seen;
    for (const auto& element : c[i].as_array()) {
      equal = equal && first.contains(element.value);
      if (equal) seen.insert(element.value);
    }
    equal = equal && seen.size() == first.size();
  }
  return boolean_value(equal);
}

ValueView set_is_subset(const Call& c) {
  if (!c[0].is_array()) fail_argument(c, 17046, "an array as its first argument", c[0]);
  if (!c[1].is_array()) fail_argument(c, 17042, "an array as its second argument", c[1]);
  Seen all;
  all.insert_all(c[1]);
  for (const auto& element : c[0].as_array()) {
    if (!all.contains(element.value)) return boolean_value(false);
  }
  return boolean_value(true);
}

ValueView all_elements_true(const Call& c) {
  if (!c[0].is_array()) fail_argument(c, 17040, "an array", c[0]);
  for (const auto& element : c[0].as_array()) {
    if (!is_true(element.value)) return boolean_value(false);
  }
  return boolean_value(true);
}

ValueView any_element_true(const Call& c) {
  if (!c[0].is_array()) fail_argument(c, 17041, "an array", c[0]);
  for (const auto& element : c[0].as_array()) {
    if (is_true(element.value)) return boolean_value(true);
  }
  return boolean_value(false);
}

/// At least two, with a number of its own.
ExpressionPtr parse_set_equals(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr Operator with_any_number = function_operator("$setEquals", set_equals, 0, -1);
  auto arguments = parse_arguments(with_any_number, argument, scope);
  if (arguments.size() < 2)
    fail_expression(17045, std::string(op.name) + " needs at least two arguments, and had " +
                               std::to_string(arguments.size()));
  return make_function(with_any_number, std::move(arguments));
}

/// Constants last, as the server orders the arguments of what can be taken in any order: that tells
/// which of null and a wrong type is met first.
ExpressionPtr parse_constants_last(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr Operator union_function = function_operator("$setUnion", set_union, 0, -1);
  static constexpr Operator intersection_function =
      function_operator("$setIntersection", set_intersection, 0, -1);
  const Operator& function = op.name == "$setUnion" ? union_function : intersection_function;
  std::vector<ExpressionPtr> ordered;
  std::vector<ExpressionPtr> constants;
  for (auto& part : parse_arguments(function, argument, scope))
    (part->constant() == nullptr ? ordered : constants).push_back(std::move(part));
  for (auto& part : constants) ordered.push_back(std::move(part));
  return std::make_unique<UntilNull>(function, std::move(ordered));
}

constexpr auto table = std::to_array<Operator>({
    function_operator("$allElementsTrue", all_elements_true, 1, 1),
    function_operator("$anyElementTrue", any_element_true, 1, 1),
    function_operator("$setDifference", set_difference, 2, 2),
    parsed_operator("$setEquals", parse_set_equals),
    parsed_operator("$setIntersection", parse_constants_last),
    function_operator("$setIsSubset", set_is_subset, 2, 2),
    parsed_operator("$setUnion", parse_constants_last),
});

}  // namespace

std::span<const Operator> set_operators() noexcept { return table; }

}  // namespace quire::store::embedded
