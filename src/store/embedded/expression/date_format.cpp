#include "store/embedded/expression/date_format.hpp"

#include <array>
#include <cstdlib>

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

namespace {

constexpr std::array<std::string_view, 12> month_names = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

/// With zeros in front.
void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (value < 0 || digits.size() > width)
    fail_expression(18537,
                    "Could not convert date to string: date component was outside the "
                    "supported range of 0-" +
                        std::string(width, '9') + ": " + digits);
  out.append(width - digits.size(), '0');
  out += digits;
}

}  // namespace

void check_date_format(std::string_view format, std::string_view letters) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size()) fail_expression(18535, "Unmatched '%' at end of format string");
    if (letters.find(format[i]) == letters.npos)
      fail_expression(
          18536, "Invalid format character '%" + std::string(1, format[i]) + "' in format string");
  }
}

std::string format_date(std::string_view format, std::int64_t ms, const TimeZone& zone) {
  const CivilTime t = to_civil(ms, zone);
  std::string out;
  out.reserve(format.size() + 16);
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const auto weekday = [&] { return weekday_of(days_from_civil(t.year, t.month, t.day)); };
    const auto offset = [&] { return zone.offset_at(floor_divide(ms, 1000)) / 60; };
    switch (format[++i]) {
      case 'Y':
        append_padded(out, t.year, 4);
        break;
      case 'm':
        append_padded(out, t.month, 2);
        break;
      case 'd':
        append_padded(out, t.day, 2);
        break;
      case 'H':
        append_padded(out, t.hour, 2);
        break;
      case 'M':
        append_padded(out, t.minute, 2);
        break;
      case 'S':
        append_padded(out, t.second, 2);
        break;
      case 'L':
        append_padded(out, t.millisecond, 3);
        break;
      case 'j':
        append_padded(out, day_of_year(t), 3);
        break;
      case 'w':
        append_padded(out, weekday() + 1, 1);
        break;
      case 'u':
        append_padded(out, (weekday() + 6) % 7 + 1, 1);
        break;
      case 'U':
        append_padded(out, week_of_year(t), 2);
        break;
      case 'V':
        append_padded(out, iso_week_of(t).week, 2);
        break;
      case 'G':
        append_padded(out, iso_week_of(t).year, 4);
        break;
      case 'b':
        out += month_names[static_cast<std::size_t>(t.month) - 1].substr(0, 3);
        break;
      case 'B':
        out += month_names[static_cast<std::size_t>(t.month) - 1];
        break;
      case 'z': {
        const int minutes = std::abs(offset());
        out += offset() < 0 ? '-' : '+';
        append_padded(out, minutes / 60, 2);
        append_padded(out, minutes % 60, 2);
        break;
      }
      case 'Z':
        out += std::to_string(offset());
        break;
      default:
        out += '%';
    }
  }
  return out;
}

}  // namespace quire::store::embedded
