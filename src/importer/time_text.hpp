#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quire::importer {

inline constexpr std::int64_t micros_of_day = 86'400'000'000;

/// A date of the proleptic Gregorian calendar.
struct CivilDate {
  std::int64_t year;
  unsigned month;  ///< 1 to 12
  unsigned day;    ///< 1 to 31
};
[[nodiscard]] CivilDate civil_of_days(std::int64_t days) noexcept;
/// Days since 1970-01-01. The date has to be one.
[[nodiscard]] std::int64_t days_of_civil(const CivilDate& date) noexcept;

// Appended to `out`. Fractions without zeros behind; years outside of 0 to 9999 with their sign.
void append_date(std::string& out, std::int64_t days);
/// "2024-05-01T12:00:00.5".
void append_moment(std::string& out, std::int64_t micros, char between = 'T');
/// "13:45:00.5"; "-838:59:59" too.
void append_time(std::string& out, std::int64_t micros);

/// What a text of a time says.
struct ParsedTime {
  std::int64_t micros = 0;               ///< since 1970-01-01, as if it were UTC
  std::optional<std::int32_t> offset{};  ///< of its zone, in seconds; nothing: it has none
  bool finer = false;                    ///< digits behind the microseconds were cut off
};
/// Of "YYYY-MM-DD", with " HH:MM[:SS[.f]]" or the same behind a T, and a zone: "Z", "+02",
/// "+0200", "+02:00", also behind a space. A second of 60 is read as the next minute's first.
[[nodiscard]] std::optional<ParsedTime> parse_time(std::string_view text) noexcept;
/// Whether it is a date whose year, month or day is zero, as MySQL writes it.
[[nodiscard]] bool is_zero_date(std::string_view text) noexcept;

}  // namespace quire::importer
