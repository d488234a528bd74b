#pragma once

#include <cstdint>
#include <string_view>

#include "store/embedded/expression/time_zone.hpp"

/// Dates written as text, as $dateFromString and $toDate read them without a format: ISO 8601 and
/// the forms that timelib takes ("July 4th, 2017 12:39 EST", "07/04/2017", "2017W27",
/// "@1500000000"). Source: PHP manual, "Supported Date and Time Formats"; timelib, parse_date.re.
namespace quire::store::embedded {

/// Milliseconds since 1970-01-01 UTC. `zone` is for texts that name none; where it is not UTC, a
/// text must not name one. A text without a time of day means 00:00.
/// Throws QueryError 241 for what is no date, has no year, month or day, or cannot be; StoreError
/// unsupported for "first day of", "third Monday" and their like.
[[nodiscard]] std::int64_t parse_date_text(std::string_view text, const TimeZone& zone = {});

}  // namespace quire::store::embedded
