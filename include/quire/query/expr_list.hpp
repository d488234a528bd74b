#pragma once

#include "quire/query/expr.hpp"

/// Lists in expressions. A null or missing list gives null where nothing else is said. Lambdas are
/// given an expression for the element and give one back; their variables have names of their own
/// at each level.
namespace quire::query {

/// The store fails for what is no list.
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto size(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<std::int32_t>("$size", value);
}
/// The element at a position, from 0; a negative one counts from the end. Missing beyond the list.
template <class A, class B>
[[nodiscard]] auto array_elem_at(const A& list, const B& position) {
  detail::check_list_operand<A>();
  return detail::call<detail::item_t<detail::expr_value_t<A>>>("$arrayElemAt", list, position);
}
template <class A>
[[nodiscard]] auto list_first(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<detail::item_t<detail::expr_value_t<A>>>("$first", value);
}
template <class A>
[[nodiscard]] auto list_last(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<detail::item_t<detail::expr_value_t<A>>>("$last", value);
}
/// Of the numbers among the elements; of none 0.
template <class A>
[[nodiscard]] auto list_sum(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<detail::arithmetic_t<detail::item_t<detail::expr_value_t<A>>>>("$sum", value);
}
/// Of no number null.
template <class A>
[[nodiscard]] auto list_avg(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<detail::fraction_t<detail::item_t<detail::expr_value_t<A>>>>("$avg", value);
}
template <class A>
[[nodiscard]] auto list_min(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<detail::item_t<detail::expr_value_t<A>>>("$min", value);
}
template <class A>
[[nodiscard]] auto list_max(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<detail::item_t<detail::expr_value_t<A>>>("$max", value);
}
template <class A>
[[nodiscard]] auto list_std_dev_pop(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<double>("$stdDevPop", value);
}
template <class A>
[[nodiscard]] auto list_std_dev_samp(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<double>("$stdDevSamp", value);
}
/// The elements of all the lists.
template <class A, class... More>
[[nodiscard]] auto concat_arrays(const A& first, const More&... more) {
  detail::check_list_operand<A>();
  (detail::check_list_operand<More>(), ...);
  return detail::call_many<detail::expr_value_t<A>>("$concatArrays", first, more...);
}
/// The first n elements, or the last for a negative n.
template <class A, class N>
[[nodiscard]] auto array_slice(const A& list, const N& n) {
  detail::check_list_operand<A>();
  return detail::call<detail::expr_value_t<A>>("$slice", list, n);
}
/// n elements from a position on.
template <class A, class B, class N>
[[nodiscard]] auto array_slice(const A& list, const B& position, const N& n) {
  detail::check_list_operand<A>();
  return detail::call<detail::expr_value_t<A>>("$slice", list, position, n);
}
template <class A>
[[nodiscard]] auto reverse_array(const A& value) {
  detail::check_list_operand<A>();
  return detail::call<detail::expr_value_t<A>>("$reverseArray", value);
}
template <class A>
[[nodiscard]] auto is_array(const A& value) {
  return detail::call<bool>("$isArray", value);
}
/// Whether the value is an element.
template <class A, class B>
[[nodiscard]] auto in(const A& value, const B& list) {
  detail::check_list_operand<B>();
  using Element = detail::item_t<detail::expr_value_t<B>>;
  constexpr bool fits = detail::comparable_values<detail::expr_value_t<A>, Element>();
  static_assert(fits, "quire: in(value, list): the value is of another type than the elements.");
  return detail::call<bool>("$in", value, list);
}
/// The position of the first element that is equal; -1 for none.
template <class A, class B>
[[nodiscard]] auto index_of_array(const A& list, const B& value) {
  detail::check_list_operand<A>();
  return detail::call<std::int32_t>("$indexOfArray", list, value);
}
/// The integers from `from` up to before `to`.
template <class A, class B, class S = int>
[[nodiscard]] auto range(const A& from, const B& to, const S& step = 1) {
  detail::check_number_operand<A>();
  detail::check_number_operand<B>();
  return detail::call<std::vector<std::int32_t>>("$range", from, to, step);
}
/// The list of what the lambda gives for each element:
///   map(orders, [](auto order) { return order[price] * order[count]; })
template <class A, class F>
[[nodiscard]] auto map(const A& list, const F& each) {
  detail::check_list_operand<A>();
  using Element = detail::item_t<detail::expr_value_t<A>>;
  const detail::VariableName name("item");
  const auto body = each(Expr<void, Element>(detail::variable_value(name.text())));
  using Body = std::decay_t<decltype(body)>;
  using Root = detail::expr_root_t<A, Body>;
  const bson::Value values[] = {detail::arg_in<Root>(list), bson::Value(name.text()),
                                detail::arg_in<Root>(body)};
  const detail::Named parts[] = {{"input", values[0]}, {"as", values[1]}, {"in", values[2]}};
  return Expr<Root, std::vector<detail::expr_value_t<Body>>>(detail::call_named("$map", parts));
}
/// The elements for which the lambda's condition holds; `limit` of them, 0 = all.
template <class A, class F>
[[nodiscard]] auto filter(const A& list, const F& takes, std::int32_t limit = 0) {
  detail::check_list_operand<A>();
  using Element = detail::item_t<detail::expr_value_t<A>>;
  const detail::VariableName name("item");
  const auto body = takes(Expr<void, Element>(detail::variable_value(name.text())));
  using Body = std::decay_t<decltype(body)>;
  detail::check_condition<Body>();
  using Root = detail::expr_root_t<A, Body>;
  const bson::Value values[] = {detail::arg_in<Root>(list), bson::Value(name.text()),
                                detail::arg_in<Root>(body),
                                limit == 0 ? detail::absent() : bson::Value(limit)};
  const detail::Named parts[] = {
      {"input", values[0]}, {"as", values[1]}, {"cond", values[2]}, {"limit", values[3]}};
  return Expr<Root, detail::expr_value_t<A>>(detail::call_named("$filter", parts));
}
/// Goes through the list with a value that each element changes; begins with `initial`:
///   reduce(tags, "", [](auto text, auto tag) { return concat(text, tag); })
template <class A, class B, class F>
[[nodiscard]] auto reduce(const A& list, const B& initial, const F& step) {
  detail::check_list_operand<A>();
  using Element = detail::item_t<detail::expr_value_t<A>>;
  using Value = detail::expr_value_t<B>;
  const std::uint64_t before = detail::reduces_made();
  auto body = step(Expr<void, Value>(detail::variable_value("value")),
                   Expr<void, Element>(detail::variable_value("this")));
  using Body = std::decay_t<decltype(body)>;
  using Root = detail::expr_root_t<A, B, Body>;
  bson::Value in = detail::arg_in<Root>(body);
  if (detail::reduces_made() != before) {  // one within would hide these variables
    const detail::VariableName value("outer_value"), item("outer_element");
    body = step(Expr<void, Value>(detail::variable_value(value.text())),
                Expr<void, Element>(detail::variable_value(item.text())));
    in = detail::renamed_reduce(value.text(), item.text(), detail::arg_in<Root>(body));
  }
  ++detail::reduces_made();
  const bson::Value values[] = {detail::arg_in<Root>(list), detail::arg_in<Root>(initial)};
  const detail::Named parts[] = {{"input", values[0]}, {"initialValue", values[1]}, {"in", in}};
  return Expr<Root, detail::common_t<Value, detail::expr_value_t<Body>>>(
      detail::call_named("$reduce", parts));
}
namespace detail {
template <class A>
[[nodiscard]] auto sorted(const A& list, const bson::Value& by) {
  check_list_operand<A>();
  using Root = expr_root_t<A>;
  const bson::Value input = arg_in<Root>(list);
  const Named parts[] = {{"input", input}, {"sortBy", by}};
  return Expr<Root, expr_value_t<A>>(call_named("$sortArray", parts));
}
template <class A, class N>
[[nodiscard]] auto n_elements(std::string_view op, const A& list, const N& n) {
  check_list_operand<A>();
  using Root = expr_root_t<A, N>;
  const bson::Value values[] = {arg_in<Root>(n), arg_in<Root>(list)};
  const Named parts[] = {{"n", values[0]}, {"input", values[1]}};
  return Expr<Root, expr_value_t<A>>(call_named(op, parts));
}
}  // namespace detail
/// In the order of fields of the elements: sort_array(orders, price.desc()).
template <class A, class T>
[[nodiscard]] auto sort_array(const A& list, const Sort<T>& by) {
  using Element = detail::item_t<detail::expr_value_t<A>>;
  constexpr bool fits = detail::is_untyped<Element> || detail::serves<Element, T>;
  static_assert(fits, "quire: sort_array: the order is about another type than the elements.");
  return detail::sorted(list, bson::Value(by.document()));
}
/// Of plain elements: 1 ascending, -1 descending.
template <class A>
[[nodiscard]] auto sort_array(const A& list, int direction) {
  return detail::sorted(list, bson::Value(direction));
}
template <class A, class N>
[[nodiscard]] auto list_first_n(const A& list, const N& n) {
  return detail::n_elements("$firstN", list, n);
}
template <class A, class N>
[[nodiscard]] auto list_last_n(const A& list, const N& n) {
  return detail::n_elements("$lastN", list, n);
}
template <class A, class N>
[[nodiscard]] auto list_max_n(const A& list, const N& n) {
  return detail::n_elements("$maxN", list, n);
}
template <class A, class N>
[[nodiscard]] auto list_min_n(const A& list, const N& n) {
  return detail::n_elements("$minN", list, n);
}
/// Lists of the first elements, of the second … up to the end of the shortest.
template <class... A>
[[nodiscard]] auto zip(const A&... lists) {
  (detail::check_list_operand<A>(), ...);
  using Root = detail::expr_root_t<A...>;
  const bson::Value values[] = {detail::arg_in<Root>(lists)...};
  const bson::Value inputs = detail::array_of(values);
  const detail::Named parts[] = {{"inputs", inputs}};
  return Expr<Root, std::vector<std::vector<bson::Value>>>(detail::call_named("$zip", parts));
}

// --- sets: lists without order, each element once ---
template <class A, class... More>
[[nodiscard]] auto set_union(const A& first, const More&... more) {
  detail::check_list_operand<A>();
  (detail::check_list_operand<More>(), ...);
  return detail::call_many<detail::expr_value_t<A>>("$setUnion", first, more...);
}
template <class A, class... More>
[[nodiscard]] auto set_intersection(const A& first, const More&... more) {
  detail::check_list_operand<A>();
  (detail::check_list_operand<More>(), ...);
  return detail::call_many<detail::expr_value_t<A>>("$setIntersection", first, more...);
}
/// What is in the first and not in the second.
template <class A, class B>
[[nodiscard]] auto set_difference(const A& a, const B& b) {
  detail::check_list_operand<A>();
  detail::check_list_operand<B>();
  return detail::call<detail::expr_value_t<A>>("$setDifference", a, b);
}
template <class A, class B>
[[nodiscard]] auto set_equals(const A& a, const B& b) {
  detail::check_list_operand<A>();
  detail::check_list_operand<B>();
  return detail::call<bool>("$setEquals", a, b);
}
/// Whether all of the first is in the second.
template <class A, class B>
[[nodiscard]] auto set_is_subset(const A& a, const B& b) {
  detail::check_list_operand<A>();
  detail::check_list_operand<B>();
  return detail::call<bool>("$setIsSubset", a, b);
}
template <class A>
[[nodiscard]] auto any_element_true(const A& list) {
  detail::check_list_operand<A>();
  return detail::call_many<bool>("$anyElementTrue", list);
}
template <class A>
[[nodiscard]] auto all_elements_true(const A& list) {
  detail::check_list_operand<A>();
  return detail::call_many<bool>("$allElementsTrue", list);
}

}  // namespace quire::query
