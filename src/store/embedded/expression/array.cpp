#include <array>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/array_functions.hpp"
#include "store/embedded/expression/until_null.hpp"

namespace quire::store::embedded {

using bson::ValueView;

namespace array_detail {

std::optional<std::int32_t> as_int32(ValueView value) {
  const auto part = integer_part(value);
  if (!part || !part->whole || part->value != static_cast<std::int32_t>(part->value))
    return std::nullopt;
  return static_cast<std::int32_t>(part->value);
}

std::vector<ValueView> elements_of(ValueView array) {
  std::vector<ValueView> out;
  for (const auto& element : array.as_array()) out.push_back(element.value);
  return out;
}

void fail_argument(const Call& call, int code, std::string_view needs, ValueView found) {
  fail_expression(code, std::string(call.op.name) + " needs " + std::string(needs) +
                            ", but found " + show(found) + " of type " +
                            std::string(value_type_name(found)));
}

}  // namespace array_detail

namespace {

using namespace array_detail;

/// Of the elements of c[0]; a negative index counts from the end.
ValueView element_at(const Call& c, std::int32_t index) {
  const auto elements = c[0].as_array();
  std::int64_t at = index;
  if (at < 0) at += static_cast<std::int64_t>(elements.count());
  if (at < 0) return missing;
  for (const auto& element : elements) {
    if (at-- == 0) return element.value;
  }
  return missing;
}

ValueView element_of(const Call& c) {
  if (is_nullish(c[0]) || is_nullish(c[1])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 28689, "an array as its first argument", c[0]);
  if (!c[1].is_number()) fail_argument(c, 28690, "a number as its second argument", c[1]);
  const auto index = as_int32(c[1]);
  if (!index) fail_argument(c, 28691, "a whole 32-bit number as its second argument", c[1]);
  return element_at(c, *index);
}

ValueView first(const Call& c) {
  if (is_nullish(c[0])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 28689, "an array", c[0]);
  return element_at(c, 0);
}

ValueView last(const Call& c) {
  if (is_nullish(c[0])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 28689, "an array", c[0]);
  return element_at(c, -1);
}

ValueView concat(const Call& c) {
  Evaluation::Builder out(c.e);
  for (const ValueView part : c.arguments) {
    if (is_nullish(part)) return null_value;
    if (!part.is_array()) fail_argument(c, 28664, "arrays", part);
    for (const auto& element : part.as_array()) out->push(element.value);
  }
  return out.array();
}

ValueView in(const Call& c) {
  if (!c[1].is_array()) fail_argument(c, 40081, "an array as its second argument", c[1]);
  for (const auto& element : c[1].as_array()) {
    if (same_value(element.value, c[0])) return boolean_value(true);
  }
  return boolean_value(false);
}

ValueView is_array(const Call& c) { return boolean_value(c[0].is_array()); }

ValueView size(const Call& c) {
  if (!c[0].is_array()) fail_argument(c, 17124, "an array", c[0]);
  return c.e.int32(static_cast<std::int32_t>(c[0].as_array().count()));
}

ValueView reverse(const Call& c) {
  if (is_nullish(c[0])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 34435, "an array", c[0]);
  const auto elements = elements_of(c[0]);
  Evaluation::Builder out(c.e);
  for (auto it = elements.rbegin(); it != elements.rend(); ++it) out->push(*it);
  return out.array();
}

constexpr auto table = std::to_array<Operator>({
    function_operator("$arrayElemAt", element_of, 2, 2),
    function_operator("$arrayToObject", array_to_object, 1, 1),
    until_null_operator("$concatArrays", concat),
    function_operator("$first", first, 1, 1),
    function_operator("$in", in, 2, 2),
    unless_first_null_operator("$indexOfArray", index_of, 2, 4),
    function_operator("$isArray", is_array, 1, 1),
    function_operator("$last", last, 1, 1),
    function_operator("$objectToArray", object_to_array, 1, 1),
    function_operator("$range", range, 2, 3),
    function_operator("$reverseArray", reverse, 1, 1),
    function_operator("$size", size, 1, 1),
    function_operator("$slice", slice, 2, 3),
    parsed_operator("$filter", parse_filter),
    parsed_operator("$firstN", parse_first_n),
    parsed_operator("$lastN", parse_first_n),
    parsed_operator("$map", parse_map),
    parsed_operator("$maxN", parse_first_n),
    parsed_operator("$minN", parse_first_n),
    parsed_operator("$reduce", parse_reduce),
    parsed_operator("$sortArray", parse_sort_array),
    parsed_operator("$zip", parse_zip),
});

}  // namespace

std::span<const Operator> array_operators() noexcept { return table; }

}  // namespace quire::store::embedded
