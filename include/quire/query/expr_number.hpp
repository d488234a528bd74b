#pragma once

#include "quire/query/expr.hpp"

/// Numbers and conversions in expressions. A null or missing operand gives null.
namespace quire::query {

// --- numbers ---
template <class A>
[[nodiscard]] auto abs(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::product_t<A, A>>("$abs", value);
}
template <class A>
[[nodiscard]] auto ceil(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::product_t<A, A>>("$ceil", value);
}
template <class A>
[[nodiscard]] auto floor(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::product_t<A, A>>("$floor", value);
}
/// The store fails for a negative number.
template <class A>
[[nodiscard]] auto sqrt(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$sqrt", value);
}
template <class A>
[[nodiscard]] auto exp(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$exp", value);
}
template <class A>
[[nodiscard]] auto ln(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$ln", value);
}
template <class A>
[[nodiscard]] auto log10(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$log10", value);
}
/// Of radians, as the further ones.
template <class A>
[[nodiscard]] auto sin(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$sin", value);
}
template <class A>
[[nodiscard]] auto cos(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$cos", value);
}
template <class A>
[[nodiscard]] auto tan(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$tan", value);
}
template <class A>
[[nodiscard]] auto asin(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$asin", value);
}
template <class A>
[[nodiscard]] auto acos(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$acos", value);
}
template <class A>
[[nodiscard]] auto atan(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$atan", value);
}
template <class A>
[[nodiscard]] auto sinh(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$sinh", value);
}
template <class A>
[[nodiscard]] auto cosh(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$cosh", value);
}
template <class A>
[[nodiscard]] auto tanh(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$tanh", value);
}
template <class A>
[[nodiscard]] auto asinh(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$asinh", value);
}
template <class A>
[[nodiscard]] auto acosh(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$acosh", value);
}
template <class A>
[[nodiscard]] auto atanh(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$atanh", value);
}
template <class A>
[[nodiscard]] auto degrees_to_radians(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$degreesToRadians", value);
}
template <class A>
[[nodiscard]] auto radians_to_degrees(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<detail::quotient_t<A, A>>("$radiansToDegrees", value);
}
/// Of y and x.
template <class A, class B>
[[nodiscard]] auto atan2(const A& a, const B& b) {
  detail::check_number_operand<A>();
  detail::check_number_operand<B>();
  return detail::call<detail::quotient_t<A, B>>("$atan2", a, b);
}
/// a to the power of b.
template <class A, class B>
[[nodiscard]] auto pow(const A& a, const B& b) {
  detail::check_number_operand<A>();
  detail::check_number_operand<B>();
  return detail::call<detail::product_t<A, B>>("$pow", a, b);
}
/// Of a number, to a base.
template <class A, class B>
[[nodiscard]] auto log(const A& a, const B& b) {
  detail::check_number_operand<A>();
  detail::check_number_operand<B>();
  return detail::call<detail::quotient_t<A, B>>("$log", a, b);
}
/// To `place` decimal places, half to even; a negative place rounds before the point.
template <class A, class B = int>
[[nodiscard]] auto round(const A& value, const B& place = 0) {
  detail::check_number_operand<A>();
  return detail::call<detail::product_t<A, A>>("$round", value, place);
}
/// As round, towards zero.
template <class A, class B = int>
[[nodiscard]] auto trunc(const A& value, const B& place = 0) {
  detail::check_number_operand<A>();
  return detail::call<detail::product_t<A, A>>("$trunc", value, place);
}
template <class A, class... B>
[[nodiscard]] auto bit_and(const A& a, const B&... b) {
  detail::check_number_operand<A>();
  return detail::call_many<std::int64_t>("$bitAnd", a, b...);
}
template <class A, class... B>
[[nodiscard]] auto bit_or(const A& a, const B&... b) {
  detail::check_number_operand<A>();
  return detail::call_many<std::int64_t>("$bitOr", a, b...);
}
template <class A, class... B>
[[nodiscard]] auto bit_xor(const A& a, const B&... b) {
  detail::check_number_operand<A>();
  return detail::call_many<std::int64_t>("$bitXor", a, b...);
}
template <class A>
[[nodiscard]] auto bit_not(const A& value) {
  detail::check_number_operand<A>();
  return detail::call<std::int64_t>("$bitNot", value);
}
/// From 0 up to 1, another one for each document.
[[nodiscard]] inline Expr<void, double> rand() {
  return Expr<void, double>(detail::call_named("$rand", {}));
}

// --- conversions. What cannot be converted fails in the store, or gives convert's on_error. ---
template <class A>
[[nodiscard]] auto to_int(const A& value) {
  return detail::call<std::int32_t>("$toInt", value);
}
template <class A>
[[nodiscard]] auto to_long(const A& value) {
  return detail::call<std::int64_t>("$toLong", value);
}
template <class A>
[[nodiscard]] auto to_double(const A& value) {
  return detail::call<double>("$toDouble", value);
}
template <class A>
[[nodiscard]] auto to_decimal(const A& value) {
  return detail::call<bson::Decimal128>("$toDecimal", value);
}
/// True for any text, for a number but 0; null stays null.
template <class A>
[[nodiscard]] auto to_bool(const A& value) {
  return detail::call<bool>("$toBool", value);
}
/// From text, ObjectId, Timestamp and milliseconds since 1970.
template <class A>
[[nodiscard]] auto to_date(const A& value) {
  return detail::call<DateTime>("$toDate", value);
}
template <class A>
[[nodiscard]] auto to_string(const A& value) {
  return detail::call<std::string>("$toString", value);
}
template <class A>
[[nodiscard]] auto to_object_id(const A& value) {
  return detail::call<ObjectId>("$toObjectId", value);
}
/// What convert gives for values that it cannot convert, and for null.
template <class V>
struct ConvertOptions {
  std::optional<V> on_error = std::nullopt;
  std::optional<V> on_null = std::nullopt;
};
/// To the BSON type in which a V is stored: convert<double>(text, {.on_error = 0}).
template <class V, class A>
[[nodiscard]] auto convert(const A& value, const ConvertOptions<V>& options = {}) {
  using Root = detail::expr_root_t<A>;
  constexpr auto type = static_cast<bson::Type>(bson::detail::wire_type<V>);
  static_assert(bson::detail::wire_type<V> != 0,
                "quire: convert<V>: V has no BSON type of its own.");
  const bson::Value input = detail::arg_in<Root>(value);
  const bson::Value to(bson::type_name(type));
  const bson::Value on_error =
      options.on_error ? detail::arg_in<Root>(*options.on_error) : detail::absent();
  const bson::Value on_null =
      options.on_null ? detail::arg_in<Root>(*options.on_null) : detail::absent();
  const detail::Named parts[] = {
      {"input", input}, {"to", to}, {"onError", on_error}, {"onNull", on_null}};
  return Expr<Root, V>(detail::call_named("$convert", parts));
}
/// The alias of the BSON type: "int", "string", "missing" …
template <class A>
[[nodiscard]] auto type_of(const A& value) {
  return detail::call<std::string>("$type", value);
}
/// Whether it is a number of any type.
template <class A>
[[nodiscard]] auto is_number(const A& value) {
  return detail::call<bool>("$isNumber", value);
}

}  // namespace quire::query
