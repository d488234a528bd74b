#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// Calendar and time zones of date expressions. Proleptic Gregorian calendar, no leap seconds, any
/// date that 64-bit milliseconds hold. Zones are those of the system's tz database, read by CCTZ
/// ($TZDIR, else /usr/share/zoneinfo), each once in a process.
namespace quire::store::embedded {

/// A date and time of day without a zone.
struct CivilTime {
  std::int64_t year = 1970;
  int month = 1;  ///< 1 … 12
  int day = 1;    ///< 1 … 31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
};

/// Days since 1970-01-01; `month` within 1 … 12, any `day`.
/// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
[[nodiscard]] constexpr std::int64_t days_from_civil(std::int64_t year, int month,
                                                     std::int64_t day) noexcept {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}
[[nodiscard]] constexpr bool is_leap_year(std::int64_t year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
[[nodiscard]] constexpr int days_in_month(std::int64_t year, int month) noexcept {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}
/// Rounds towards the past.
[[nodiscard]] constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept {
  const std::int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}
/// The date of a day since 1970-01-01; its time is 0.
[[nodiscard]] CivilTime civil_from_days(std::int64_t days) noexcept;
/// 0 = Sunday … 6 = Saturday.
[[nodiscard]] constexpr int weekday_of(std::int64_t days) noexcept {
  return static_cast<int>(((days % 7) + 11) % 7);
}

/// UTC, a fixed offset, or a zone of the tz database. A value; threads may share it.
class TimeZone {
 public:
  /// UTC.
  constexpr TimeZone() noexcept = default;
  /// East of UTC.
  [[nodiscard]] static constexpr TimeZone fixed(int seconds) noexcept {
    TimeZone out;
    out.offset_ = seconds;
    return out;
  }
  /// "UTC", "GMT", "Europe/Berlin" …, case counts; or an offset: +hh, +hhmm, +hh:mm. Empty for
  /// other names. Throws StoreError unsupported where the system has no tz database.
  [[nodiscard]] static std::optional<TimeZone> find(std::string_view name);
  /// As find(), but no offsets.
  [[nodiscard]] static std::optional<TimeZone> find_named(std::string_view name);

  [[nodiscard]] constexpr bool is_utc() const noexcept { return zone_ == nullptr && offset_ == 0; }
  /// Seconds east of UTC at a moment (seconds since 1970-01-01 UTC).
  [[nodiscard]] int offset_at(std::int64_t utc) const {
    return zone_ == nullptr ? offset_ : zone_offset(utc);
  }
  [[nodiscard]] bool is_dst_at(std::int64_t utc) const;
  /// The moment of a local time (seconds since 1970-01-01 on the zone's clock). A time that clocks
  /// skip is taken with the offset before; of one that they show twice, `dst` tells which.
  [[nodiscard]] std::int64_t to_utc(std::int64_t local, bool dst) const;
  /// Daylight saving time only where it was in force at 1970-01-01, as timelib does.
  [[nodiscard]] std::int64_t to_utc(std::int64_t local) const {
    return zone_ == nullptr ? local - offset_ : to_utc(local, is_dst_at(0));
  }

 private:
  [[nodiscard]] int zone_offset(std::int64_t utc) const;
  const void* zone_ = nullptr;  ///< a cctz::time_zone that is never let go of
  int offset_ = 0;
};

/// A date in weeks of ISO 8601: they begin on Mondays, and the first has 4 January in it.
struct IsoWeek {
  std::int64_t year;
  int week;     ///< 1 … 53
  int weekday;  ///< 1 = Monday … 7
};
[[nodiscard]] IsoWeek iso_week_of(const CivilTime& date) noexcept;
/// Days since 1970-01-01 of the Monday of the first week of a year of weeks.
[[nodiscard]] constexpr std::int64_t iso_year_start(std::int64_t year) noexcept {
  const std::int64_t fourth = days_from_civil(year, 1, 4);
  return fourth - (weekday_of(fourth) + 6) % 7;
}
[[nodiscard]] constexpr int day_of_year(const CivilTime& date) noexcept {
  return static_cast<int>(days_from_civil(date.year, date.month, date.day) -
                          days_from_civil(date.year, 1, 1)) +
         1;
}
/// Weeks begin on Sundays, the days before the first are in week 0.
[[nodiscard]] constexpr int week_of_year(const CivilTime& date) noexcept {
  const int weekday = weekday_of(days_from_civil(date.year, date.month, date.day));
  return (day_of_year(date) + 6 - weekday) / 7;
}

/// The local date and time of a moment in milliseconds.
[[nodiscard]] CivilTime to_civil(std::int64_t ms, const TimeZone& zone);

}  // namespace quire::store::embedded
