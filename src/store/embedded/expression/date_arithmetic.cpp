#include "store/embedded/expression/date_arithmetic.hpp"

#include <algorithm>

namespace quire::store::embedded::date_detail {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

/// A date and time on a zone's clock: days since 1970-01-01 and milliseconds of the day.
struct Local {
  std::int64_t days;
  std::int64_t rest;
  bool dst;
};
Local to_local(std::int64_t ms, const TimeZone& zone) {
  const std::int64_t utc = floor_divide(ms, 1000);
  const std::int64_t local = utc + zone.offset_at(utc);
  const std::int64_t days = floor_divide(local, 86400);
  return {days, (local - days * 86400) * 1000 + (ms % 1000 + 1000) % 1000, zone.is_dst_at(utc)};
}
/// False where it is no date.
bool from_local(const Local& at, const TimeZone& zone, std::int64_t& ms) {
  // Some days more than a date can have, so that what follows cannot overflow.
  constexpr std::int64_t most = INT64_MAX / day_ms + 1;
  if (at.days > most || at.days < -most - 1) return false;
  const std::int64_t seconds = zone.to_utc(at.days * 86400 + at.rest / 1000, at.dst);
  std::int64_t out = 0;
  if (__builtin_mul_overflow(seconds, std::int64_t{1000}, &out) ||
      __builtin_add_overflow(out, at.rest % 1000, &out))
    return false;
  ms = out;
  return true;
}

std::string_view name_of(TimeUnit unit) {
  static constexpr std::string_view names[] = {"year", "quarter", "month",  "week",       "day",
                                               "hour", "minute",  "second", "millisecond"};
  return names[static_cast<std::size_t>(unit)];
}
std::int64_t months_in(TimeUnit unit) {
  return unit == TimeUnit::year ? 12 : unit == TimeUnit::quarter ? 3 : 1;
}

/// The largest amount that can lead from one date to another.
std::int64_t most_of(TimeUnit unit) {
  constexpr std::int64_t years = 584'942'417;
  switch (unit) {
    case TimeUnit::year:
      return years;
    case TimeUnit::quarter:
      return years * 4;
    case TimeUnit::month:
      return years * 12;
    case TimeUnit::week:
      return years * 53;
    case TimeUnit::day:
      return years * 366;
    case TimeUnit::hour:
      return years * 366 * 24;
    case TimeUnit::minute:
      return years * 366 * 24 * 60;
    case TimeUnit::second:
      return years * 366 * 24 * 3600;
    default:
      return INT64_MAX;
  }
}

std::int64_t months_of(const CivilTime& t) { return t.year * 12 + t.month - 1; }
std::int64_t first_day_of(std::int64_t months) {
  const std::int64_t year = floor_divide(months, 12);
  return days_from_civil(year, static_cast<int>(months - year * 12) + 1, 1);
}

}  // namespace

std::int64_t add_to_date(std::int64_t ms, TimeUnit unit, std::int64_t amount,
                         const TimeZone& zone) {
  if (amount > most_of(unit) || amount < -most_of(unit))
    fail_expression(5976500, "invalid dateAdd 'amount' parameter value: " + std::to_string(amount) +
                                 " " + std::string(name_of(unit)));
  std::int64_t out = 0;
  bool fits = true;
  if (unit >= TimeUnit::hour) {
    fits = !__builtin_mul_overflow(amount, milliseconds_of(unit), &out) &&
           !__builtin_add_overflow(out, ms, &out);
  } else {
    Local local = to_local(ms, zone);
    if (unit == TimeUnit::day || unit == TimeUnit::week) {
      local.days += unit == TimeUnit::week ? amount * 7 : amount;
    } else {
      const CivilTime date = civil_from_days(local.days);
      const std::int64_t months = months_of(date) + amount * months_in(unit);
      const std::int64_t first = first_day_of(months);
      local.days = first + std::min<std::int64_t>(date.day, first_day_of(months + 1) - first) - 1;
    }
    fits = from_local(local, zone, out);
  }
  if (!fits)
    fail_expression(5166406,
                    "$dateAdd overflowed: the result is outside of what 64-bit "
                    "milliseconds hold");
  return out;
}

std::int64_t date_difference(std::int64_t start, std::int64_t end, TimeUnit unit,
                             const TimeZone& zone, int start_of_week) {
  if (unit == TimeUnit::millisecond) {
    std::int64_t out = 0;
    if (__builtin_sub_overflow(end, start, &out)) fail_expression(5166308, "dateDiff overflowed");
    return out;
  }
  if (unit >= TimeUnit::hour) {
    // Boundaries are those of the zone's clock, the time between them is real time.
    const std::int64_t size = milliseconds_of(unit);
    const auto count = [&](std::int64_t ms) {
      const std::int64_t shift = std::int64_t{zone.offset_at(floor_divide(ms, 1000))} * 1000 % size;
      const std::int64_t whole = floor_divide(ms, size);
      return whole + floor_divide(ms - whole * size + shift, size);
    };
    return count(end) - count(start);
  }
  const std::int64_t from = to_local(start, zone).days;
  const std::int64_t to = to_local(end, zone).days;
  if (unit == TimeUnit::day) return to - from;
  if (unit == TimeUnit::week) {
    // 1970-01-01 was a Thursday.
    const auto week = [&](std::int64_t days) { return floor_divide(days + 4 - start_of_week, 7); };
    return week(to) - week(from);
  }
  const auto count = [&](std::int64_t days) {
    return floor_divide(months_of(civil_from_days(days)), months_in(unit));
  };
  return count(to) - count(from);
}

std::int64_t truncate_date(std::int64_t ms, TimeUnit unit, std::int64_t size, const TimeZone& zone,
                           int start_of_week) {
  constexpr std::int64_t origin = days_from_civil(2000, 1, 1);  // a Saturday
  const auto too_large = [&](int code) {
    fail_expression(code, "$dateTrunc: 'binSize' of " + std::to_string(size) + " " +
                              std::string(name_of(unit)) +
                              " is too large: the start of its bin is no date");
  };
  std::int64_t out = 0;
  if (unit >= TimeUnit::hour) {
    std::int64_t bin = 0;
    if (__builtin_mul_overflow(size, milliseconds_of(unit), &bin)) too_large(5439002);
    const std::int64_t reference = zone.to_utc(origin * 86400) * 1000;
    std::int64_t distance = 0;
    if (__builtin_sub_overflow(ms, reference, &distance)) too_large(5439003);
    if (__builtin_mul_overflow(floor_divide(distance, bin), bin, &distance) ||
        __builtin_add_overflow(distance, reference, &out))
      too_large(5439004);
    return out;
  }
  const std::int64_t days = to_local(ms, zone).days;
  Local start{0, 0, zone.is_dst_at(0)};
  if (unit == TimeUnit::day || unit == TimeUnit::week) {
    const std::int64_t reference =
        unit == TimeUnit::day ? origin : origin + (start_of_week + 1) % 7;
    std::int64_t bin = size;
    if (unit == TimeUnit::week && __builtin_mul_overflow(size, std::int64_t{7}, &bin))
      too_large(5439005);
    if (__builtin_mul_overflow(floor_divide(days - reference, bin), bin, &start.days) ||
        __builtin_add_overflow(start.days, reference, &start.days))
      too_large(5439005);
  } else {
    std::int64_t bin = 0;
    std::int64_t months = 0;
    if (__builtin_mul_overflow(size, months_in(unit), &bin)) too_large(5439006);
    constexpr std::int64_t reference = 2000 * 12;
    if (__builtin_mul_overflow(floor_divide(months_of(civil_from_days(days)) - reference, bin), bin,
                               &months) ||
        months > most_of(TimeUnit::month) || months < -most_of(TimeUnit::month))
      too_large(5439006);
    start.days = first_day_of(months + reference);
  }
  if (!from_local(start, zone, out)) too_large(5439005);
  return out;
}

}  // namespace quire::store::embedded::date_detail
