#include "store/embedded/pipeline/time_unit.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace quire::store::embedded {

std::optional<TimeUnit> find_time_unit(std::string_view name) noexcept {
  constexpr auto names = std::to_array<std::string_view>(
      {"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"});
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return std::nullopt;
  return static_cast<TimeUnit>(it - names.begin());
}

std::int64_t unit_ms(TimeUnit unit) noexcept {
  switch (unit) {
    case TimeUnit::millisecond:
      return 1;
    case TimeUnit::second:
      return 1000;
    case TimeUnit::minute:
      return 60 * 1000;
    case TimeUnit::hour:
      return 3600 * 1000;
    case TimeUnit::day:
      return 24 * 3600 * 1000;
    case TimeUnit::week:
      return std::int64_t{7} * 24 * 3600 * 1000;
    default:
      return 0;
  }
}

std::int64_t add_units(std::int64_t ms, TimeUnit unit, std::int64_t amount) noexcept {
  if (const std::int64_t each = unit_ms(unit); each != 0) return ms + each * amount;
  using namespace std::chrono;
  const std::int64_t each = unit == TimeUnit::month ? 1 : unit == TimeUnit::quarter ? 3 : 12;
  const sys_time<milliseconds> time{milliseconds{ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const std::int64_t month = std::int64_t{static_cast<int>(date.year())} * 12 +
                             static_cast<std::int64_t>(static_cast<unsigned>(date.month())) - 1 +
                             amount * each;
  const std::int64_t year = month >= 0 ? month / 12 : (month - 11) / 12;
  const year_month then{std::chrono::year{static_cast<int>(year)},
                        std::chrono::month{static_cast<unsigned>(month - year * 12 + 1)}};
  const auto last = year_month_day_last{then.year(), month_day_last{then.month()}}.day();
  const sys_days moved{then / std::min(date.day(), last)};
  return (moved.time_since_epoch() + (time - day)) / milliseconds{1};
}

}  // namespace quire::store::embedded
