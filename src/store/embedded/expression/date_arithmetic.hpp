#pragma once

#include <cstdint>

#include "store/embedded/expression/date_common.hpp"

/// Dates moved, subtracted and cut by units of the calendar: pure functions.
namespace quire::store::embedded::date_detail {

/// A day of the month that the new month has not becomes its last. Units from the day on move the
/// zone's clock, smaller ones the moment. Throws QueryError 5976500 for an amount that no date can
/// be moved by, 5166406 where the result is no date.
[[nodiscard]] std::int64_t add_to_date(std::int64_t ms, TimeUnit unit, std::int64_t amount,
                                       const TimeZone& zone);
/// Boundaries of the unit between two moments. Throws QueryError 5166308 on overflow.
[[nodiscard]] std::int64_t date_difference(std::int64_t start, std::int64_t end, TimeUnit unit,
                                           const TimeZone& zone, int start_of_week);
/// The start of the bin of `size` units, counted from 2000-01-01 in the zone (weeks from the first
/// `start_of_week` on or after it). Throws QueryError 5439002 … for bins that are too large.
[[nodiscard]] std::int64_t truncate_date(std::int64_t ms, TimeUnit unit, std::int64_t size,
                                         const TimeZone& zone, int start_of_week);

}  // namespace quire::store::embedded::date_detail
