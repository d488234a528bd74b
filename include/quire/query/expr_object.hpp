#pragma once

#include "quire/query/expr.hpp"

/// Documents in expressions; document<T>(into<…>(…)), which makes one, is in accumulator.hpp.
namespace quire::query {

/// The fields of all, of a field in several the last.
template <class A, class... More>
[[nodiscard]] auto merge_objects(const A& first, const More&... more) {
  detail::check_object_operand<A>();
  (detail::check_object_operand<More>(), ...);
  using V = std::conditional_t<sizeof...(More) == 0, detail::expr_value_t<A>, bson::Value>;
  return detail::call_many<V>("$mergeObjects", first, more...);
}
/// A field whose name may hold dots and dollar signs.
template <class V = bson::Value, class A>
[[nodiscard]] auto get_field(const A& document, std::string_view name) {
  detail::check_object_operand<A>();
  using Root = detail::expr_root_t<A>;
  const bson::Value values[] = {detail::arg_in<Root>(name), detail::arg_in<Root>(document)};
  const detail::Named parts[] = {{"field", values[0]}, {"input", values[1]}};
  return Expr<Root, V>(detail::call_named("$getField", parts));
}
/// The document with a field of that name, given or taken away (remove_field()).
template <class A, class B>
[[nodiscard]] auto set_field(const A& document, std::string_view name, const B& value) {
  detail::check_object_operand<A>();
  using Root = detail::expr_root_t<A, B>;
  const bson::Value values[] = {detail::arg_in<Root>(name), detail::arg_in<Root>(document),
                                detail::arg_in<Root>(value)};
  const detail::Named parts[] = {{"field", values[0]}, {"input", values[1]}, {"value", values[2]}};
  return Expr<Root, detail::expr_value_t<A>>(detail::call_named("$setField", parts));
}
/// One field of a document, as object_to_array has it.
struct KeyValue {
  std::string k;
  bson::Value v;
};
template <class A>
[[nodiscard]] auto object_to_array(const A& value) {
  detail::check_object_operand<A>();
  return detail::call<std::vector<KeyValue>>("$objectToArray", value);
}
/// From a list of {k, v} or of [k, v].
template <class A>
[[nodiscard]] auto array_to_object(const A& list) {
  detail::check_list_operand<A>();
  return detail::call_many<bson::Document>("$arrayToObject", list);
}

}  // namespace quire::query
