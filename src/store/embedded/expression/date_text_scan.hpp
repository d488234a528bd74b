#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/embedded/expression/time_zone.hpp"

namespace quire::store::embedded {

/// What a text says of a date; what it does not say is empty.
struct DateParts {
  std::optional<std::int64_t> year;
  std::optional<int> month;
  std::optional<int> day;
  std::optional<int> hour;
  std::optional<int> minute;
  std::optional<int> second;
  int microsecond = 0;
  int times = 0;          ///< how often a time of day was given
  bool has_date = false;  ///< a date in one piece was given
  std::optional<TimeZone> zone;

  // Added to the date ("+2 days", "tomorrow"); a weekday moves it ahead to the next such day.
  bool relative = false;
  std::int64_t add_years = 0;
  std::int64_t add_months = 0;
  std::int64_t add_days = 0;
  std::int64_t add_seconds = 0;
  std::int64_t add_microseconds = 0;
  std::optional<int> weekday;
};

/// Reads the pieces of a text one after the other, the longest form first. Throws as
/// parse_date_text() does.
[[nodiscard]] DateParts scan_date_text(std::string_view text);
/// A month's name, its first three letters, or a Roman number; 0 for anything else.
[[nodiscard]] int month_of_name(std::string_view name) noexcept;
/// The zone of "EST", "cest", "z" …; empty for other names.
[[nodiscard]] std::optional<TimeZone> zone_of_abbreviation(std::string_view name) noexcept;
/// "-05", "+0530", "GMT+02:00", "EST", "(CET)", "Europe/London"; empty where it is none of them.
[[nodiscard]] std::optional<TimeZone> zone_of_text(std::string_view text);
/// The moment; `text` for errors, `zone` as for parse_date_text().
[[nodiscard]] std::int64_t resolve_date_parts(const DateParts& parts, std::string_view text,
                                              const TimeZone& zone);
/// Throws QueryError 241.
[[noreturn]] void fail_date_text(std::string_view text, std::string_view why);

}  // namespace quire::store::embedded
