#pragma once

#include "quire/query/expr.hpp"

/// Times in expressions. Operands are DateTime, ObjectId or Timestamp; a null gives null. A time
/// zone is an Olson name ("Europe/Berlin"), an offset ("+02:00") or an expression for one; none is
/// UTC.
namespace quire::query {

enum class TimeUnit { year, quarter, month, week, day, hour, minute, second, millisecond };

namespace detail {
[[nodiscard]] std::string_view unit_name(TimeUnit unit) noexcept;
struct NoZone {};
template <class Root, class Z>
[[nodiscard]] bson::Value zone_in(const Z& zone) {
  if constexpr (std::is_same_v<Z, NoZone>)
    return absent();
  else
    return arg_in<Root>(zone);
}
template <class V, class A, class Z>
[[nodiscard]] auto part_of(std::string_view op, const A& time, const Z& zone) {
  check_time_operand<A>();
  if constexpr (std::is_same_v<Z, NoZone>) {
    return call<V>(op, time);
  } else {
    using Root = expr_root_t<A, Z>;
    const bson::Value values[] = {arg_in<Root>(time), arg_in<Root>(zone)};
    const Named parts[] = {{"date", values[0]}, {"timezone", values[1]}};
    return Expr<Root, V>(call_named(op, parts));
  }
}
}  // namespace detail

template <class A, class Z = detail::NoZone>
[[nodiscard]] auto year(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$year", time, zone);
}
/// From 1.
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto month(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$month", time, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto day_of_month(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$dayOfMonth", time, zone);
}
/// 1 is Sunday.
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto day_of_week(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$dayOfWeek", time, zone);
}
/// From 1.
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto day_of_year(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$dayOfYear", time, zone);
}
/// 0 to 53, weeks begin on Sunday.
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto week(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$week", time, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto hour(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$hour", time, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto minute(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$minute", time, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto second(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$second", time, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto millisecond(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$millisecond", time, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto iso_week(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$isoWeek", time, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto iso_week_year(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int64_t>("$isoWeekYear", time, zone);
}
/// 1 is Monday.
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto iso_day_of_week(const A& time, const Z& zone = {}) {
  return detail::part_of<std::int32_t>("$isoDayOfWeek", time, zone);
}

/// How date_trunc counts: bins of several units, the zone, the day on which weeks begin.
struct TruncOptions {
  std::int32_t bin_size = 1;
  std::string timezone = {};
  std::string start_of_week = {};  ///< "monday" …; Sunday when empty
};
/// The beginning of the year, month, day … that the time lies in.
template <class A>
[[nodiscard]] auto date_trunc(const A& time, TimeUnit unit, const TruncOptions& options = {}) {
  detail::check_time_operand<A>();
  using Root = detail::expr_root_t<A>;
  const bson::Value values[] = {
      detail::arg_in<Root>(time), bson::Value(detail::unit_name(unit)),
      options.bin_size == 1 ? detail::absent() : bson::Value(options.bin_size),
      options.timezone.empty() ? detail::absent() : bson::Value(options.timezone),
      options.start_of_week.empty() ? detail::absent() : bson::Value(options.start_of_week)};
  const detail::Named parts[] = {{"date", values[0]},
                                 {"unit", values[1]},
                                 {"binSize", values[2]},
                                 {"timezone", values[3]},
                                 {"startOfWeek", values[4]}};
  return Expr<Root, DateTime>(detail::call_named("$dateTrunc", parts));
}
namespace detail {
template <class V, class A, class Z>
[[nodiscard]] auto formatted(std::string_view op, std::string_view name, const A& operand,
                             std::string_view format, const Z& zone) {
  using Root = expr_root_t<A>;
  const bson::Value values[] = {
      arg_in<Root>(operand), format.empty() ? absent() : bson::Value(format), zone_in<Root>(zone)};
  const Named parts[] = {{name, values[0]}, {"format", values[1]}, {"timezone", values[2]}};
  return Expr<Root, V>(call_named(op, parts));
}
template <class A, class N, class Z>
[[nodiscard]] auto moved(std::string_view op, const A& time, TimeUnit unit, const N& amount,
                         const Z& zone) {
  check_time_operand<A>();
  check_number_operand<N>();
  using Root = expr_root_t<A, N>;
  const bson::Value values[] = {arg_in<Root>(time), bson::Value(unit_name(unit)),
                                arg_in<Root>(amount), zone_in<Root>(zone)};
  const Named parts[] = {{"startDate", values[0]},
                         {"unit", values[1]},
                         {"amount", values[2]},
                         {"timezone", values[3]}};
  return Expr<Root, DateTime>(call_named(op, parts));
}
}  // namespace detail
/// By a format such as "%Y-%m-%d %H:%M:%S.%L"; an empty one is ISO 8601.
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto date_to_string(const A& time, std::string_view format = {}, const Z& zone = {}) {
  detail::check_time_operand<A>();
  return detail::formatted<std::string>("$dateToString", "date", time, format, zone);
}
template <class A, class Z = detail::NoZone>
[[nodiscard]] auto date_from_string(const A& text, std::string_view format = {},
                                    const Z& zone = {}) {
  detail::check_text_operand<A>();
  return detail::formatted<DateTime>("$dateFromString", "dateString", text, format, zone);
}
/// Later by an amount of units; days and longer are those of the zone's calendar.
template <class A, class N, class Z = detail::NoZone>
[[nodiscard]] auto date_add(const A& time, TimeUnit unit, const N& amount, const Z& zone = {}) {
  return detail::moved("$dateAdd", time, unit, amount, zone);
}
template <class A, class N, class Z = detail::NoZone>
[[nodiscard]] auto date_subtract(const A& time, TimeUnit unit, const N& amount,
                                 const Z& zone = {}) {
  return detail::moved("$dateSubtract", time, unit, amount, zone);
}
/// How many borders of units lie between the two.
template <class A, class B, class Z = detail::NoZone>
[[nodiscard]] auto date_diff(const A& from, const B& to, TimeUnit unit, const Z& zone = {}) {
  detail::check_time_operand<A>();
  detail::check_time_operand<B>();
  using Root = detail::expr_root_t<A, B>;
  const bson::Value values[] = {detail::arg_in<Root>(from), detail::arg_in<Root>(to),
                                bson::Value(detail::unit_name(unit)), detail::zone_in<Root>(zone)};
  const detail::Named parts[] = {{"startDate", values[0]},
                                 {"endDate", values[1]},
                                 {"unit", values[2]},
                                 {"timezone", values[3]}};
  return Expr<Root, std::int64_t>(detail::call_named("$dateDiff", parts));
}
/// From numbers; months and days beyond their range carry over.
template <class Y, class M = int, class D = int, class H = int, class I = int, class S = int>
[[nodiscard]] auto date_from_parts(const Y& year, const M& month = 1, const D& day = 1,
                                   const H& hour = 0, const I& minute = 0, const S& second = 0) {
  using Root = detail::expr_root_t<Y, M, D, H, I, S>;
  const bson::Value values[] = {detail::arg_in<Root>(year),   detail::arg_in<Root>(month),
                                detail::arg_in<Root>(day),    detail::arg_in<Root>(hour),
                                detail::arg_in<Root>(minute), detail::arg_in<Root>(second)};
  const detail::Named parts[] = {{"year", values[0]}, {"month", values[1]},  {"day", values[2]},
                                 {"hour", values[3]}, {"minute", values[4]}, {"second", values[5]}};
  return Expr<Root, DateTime>(detail::call_named("$dateFromParts", parts));
}

}  // namespace quire::query
