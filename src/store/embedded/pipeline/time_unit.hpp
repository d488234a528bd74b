#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// Units of time as windows and $densify take them, in UTC.
namespace quire::store::embedded {

enum class TimeUnit : std::uint8_t {
  millisecond,
  second,
  minute,
  hour,
  day,
  week,
  month,
  quarter,
  year
};

/// Nothing for a name that is none.
[[nodiscard]] std::optional<TimeUnit> find_time_unit(std::string_view name) noexcept;
/// Milliseconds of a unit up to a week; 0 for the longer ones, which differ.
[[nodiscard]] std::int64_t unit_ms(TimeUnit unit) noexcept;
/// `ms` since 1970 and `amount` units more; a day that the month does not have becomes its last.
[[nodiscard]] std::int64_t add_units(std::int64_t ms, TimeUnit unit, std::int64_t amount) noexcept;

}  // namespace quire::store::embedded
