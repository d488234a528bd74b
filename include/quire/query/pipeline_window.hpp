#pragma once

#include <optional>

#include "quire/query/accumulator.hpp"
#include "quire/query/expr_time.hpp"

/// Windows of set_window_fields, and what is computed in them alone.
namespace quire::query {

struct Unbounded {};
struct Current {};
inline constexpr Unbounded unbounded{};  ///< up to the partition's first or last document
inline constexpr Current current{};      ///< the document itself

/// Where a window begins or ends: unbounded, current, or a distance from the document.
class WindowBound {
 public:
  WindowBound(Unbounded) : value_("unbounded") {}           // NOLINT: converts
  WindowBound(Current) : value_("current") {}               // NOLINT
  WindowBound(std::int32_t distance) : value_(distance) {}  // NOLINT
  WindowBound(std::int64_t distance) : value_(distance) {}  // NOLINT
  WindowBound(double distance) : value_(distance) {}        // NOLINT
  [[nodiscard]] bson::ValueView view() const noexcept { return value_; }

 private:
  bson::Value value_;
};

/// Which documents of the partition a function sees. A value.
class Window {
 public:
  explicit Window(bson::Document document) : document_(std::move(document)) {}
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }

 private:
  bson::Document document_;
};
/// By their number: documents_window(-2, current) are three.
[[nodiscard]] Window documents_window(const WindowBound& from, const WindowBound& to);
/// By the value of the field that the stage sorts by; of a time in units.
[[nodiscard]] Window range_window(const WindowBound& from, const WindowBound& to,
                                  std::optional<TimeUnit> unit = std::nullopt);

namespace detail {
[[nodiscard]] bson::Value with_window(bson::ValueView function, const bson::Document& window);
template <class V, class A>
[[nodiscard]] auto window_function(std::string_view op, const A& operand) {
  using Root = expr_root_t<A>;
  const bson::Value argument = arg_in<Root>(operand);
  const Named parts[] = {{op, argument}};
  return WindowFunction<Root, V>(object_value(parts));
}
template <class V, class A>
[[nodiscard]] auto window_rate(std::string_view op, const A& operand,
                               std::optional<TimeUnit> unit) {
  check_number_operand<A>();
  using Root = expr_root_t<A>;
  const bson::Value values[] = {arg_in<Root>(operand),
                                unit ? bson::Value(unit_name(*unit)) : absent()};
  const Named parts[] = {{"input", values[0]}, {"unit", values[1]}};
  return WindowFunction<Root, V>(call_named(op, parts));
}
[[nodiscard]] bson::Value empty_call(std::string_view op);
}  // namespace detail

/// An accumulator in a window: over(avg(price), documents_window(-2, current)). Without one it sees
/// the whole partition.
template <class R, class V>
[[nodiscard]] WindowFunction<R, V> over(const Accumulator<R, V>& function, const Window& window) {
  return WindowFunction<R, V>(detail::with_window(function.value_view(), window.document()));
}

/// The place in the order; equal ones share it and leave gaps.
[[nodiscard]] inline WindowFunction<void, std::int64_t> rank() {
  return WindowFunction<void, std::int64_t>(detail::empty_call("$rank"));
}
/// As rank, without gaps.
[[nodiscard]] inline WindowFunction<void, std::int64_t> dense_rank() {
  return WindowFunction<void, std::int64_t>(detail::empty_call("$denseRank"));
}
/// From 1.
[[nodiscard]] inline WindowFunction<void, std::int64_t> document_number() {
  return WindowFunction<void, std::int64_t>(detail::empty_call("$documentNumber"));
}
/// The value of the document so far after this one (before it for a negative `by`), null beyond.
template <class A>
[[nodiscard]] auto shift(const A& output, std::int32_t by) {
  using Root = detail::expr_root_t<A>;
  const bson::Value values[] = {detail::arg_in<Root>(output), bson::Value(by)};
  const detail::Named parts[] = {{"output", values[0]}, {"by", values[1]}};
  return WindowFunction<Root, detail::expr_value_t<A>>(detail::call_named("$shift", parts));
}
/// As shift, and what stands for documents beyond the partition.
template <class A, class D>
[[nodiscard]] auto shift(const A& output, std::int32_t by, const D& beyond) {
  using Root = detail::expr_root_t<A, D>;
  const bson::Value values[] = {detail::arg_in<Root>(output), bson::Value(by),
                                detail::arg_beside<Root, detail::expr_value_t<A>>(beyond)};
  const detail::Named parts[] = {{"output", values[0]}, {"by", values[1]}, {"default", values[2]}};
  return WindowFunction<Root, detail::expr_value_t<A>>(detail::call_named("$shift", parts));
}
/// The mean rate of change in the window, per unit where the order is of times. Take it over(…).
template <class A>
[[nodiscard]] auto derivative(const A& operand, std::optional<TimeUnit> unit = std::nullopt) {
  return detail::window_rate<double>("$derivative", operand, unit);
}
/// The area under the curve.
template <class A>
[[nodiscard]] auto integral(const A& operand, std::optional<TimeUnit> unit = std::nullopt) {
  return detail::window_rate<double>("$integral", operand, unit);
}
/// Of n documents, the later weighing more.
template <class A>
[[nodiscard]] auto exp_moving_avg(const A& operand, std::int32_t n) {
  detail::check_number_operand<A>();
  using Root = detail::expr_root_t<A>;
  const bson::Value values[] = {detail::arg_in<Root>(operand), bson::Value(n)};
  const detail::Named parts[] = {{"input", values[0]}, {"N", values[1]}};
  return WindowFunction<Root, double>(detail::call_named("$expMovingAvg", parts));
}
/// Null and missing values taken from the document before.
template <class A>
[[nodiscard]] auto locf(const A& operand) {
  return detail::window_function<detail::expr_value_t<A>>("$locf", operand);
}
/// Null and missing values on the line between those around.
template <class A>
[[nodiscard]] auto linear_fill(const A& operand) {
  detail::check_number_operand<A>();
  return detail::window_function<detail::mean_of_t<A>>("$linearFill", operand);
}
namespace detail {
template <class A, class B>
[[nodiscard]] auto covariance(std::string_view op, const A& a, const B& b) {
  check_number_operand<A>();
  check_number_operand<B>();
  using Root = expr_root_t<A, B>;
  const bson::Value values[] = {arg_in<Root>(a), arg_in<Root>(b)};
  return WindowFunction<Root, double>(call_list(op, values));
}
}  // namespace detail
template <class A, class B>
[[nodiscard]] auto covariance_pop(const A& a, const B& b) {
  return detail::covariance("$covariancePop", a, b);
}
template <class A, class B>
[[nodiscard]] auto covariance_samp(const A& a, const B& b) {
  return detail::covariance("$covarianceSamp", a, b);
}

}  // namespace quire::query
