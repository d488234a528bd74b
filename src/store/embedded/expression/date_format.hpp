#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/embedded/expression/time_zone.hpp"

/// Dates as text by a format, as $dateToString writes and $dateFromString reads them.
namespace quire::store::embedded {

/// %Y %m %d %H %M %S %L %j %u %w %U %V %G %z %Z %b %B %%. `format` was checked.
/// Throws QueryError 18537 for a year outside of 0 … 9999.
[[nodiscard]] std::string format_date(std::string_view format, std::int64_t ms,
                                      const TimeZone& zone);
inline constexpr std::string_view written_letters = "YmdHMSLjwuUVGzZbB%";
inline constexpr std::string_view read_letters = "YmdHMSLjuVGzZbB%";
/// Throws QueryError 18535 for a % at the end, 18536 for a letter that is not in `letters`.
void check_date_format(std::string_view format, std::string_view letters);
/// The moment in milliseconds of a text that was written by a checked format. What the format does
/// not give of a time is 0; a date must be whole. Throws QueryError 241.
[[nodiscard]] std::int64_t parse_date_format(std::string_view text, std::string_view format,
                                             const TimeZone& zone);

}  // namespace quire::store::embedded
