#include <algorithm>

#include "store/embedded/expression/date_text_reader.hpp"
#include "store/embedded/expression/date_text_tokens.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded::date_text {

std::string unix_seconds(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  if (p.zone) return two_zones;
  no_time(p);
  p.year = 1970;
  p.month = p.day = 1;
  p.zone = TimeZone();
  Reader in(piece);
  std::int64_t seconds = 0;
  // 18 digits of seconds are far beyond what a date holds.
  const auto digits = piece.substr(piece.find_first_of("0123456789"));
  const auto whole = digits.substr(0, digits.find('.'));
  if (whole.size() > 15) return "the number of seconds is too large";
  for (const char c : whole) seconds = seconds * 10 + (c - '0');
  std::int64_t micros = 0;
  if (whole.size() < digits.size()) {
    std::string fraction(digits.substr(whole.size() + 1));
    fraction.resize(6, '0');
    micros = std::stoi(fraction);
  }
  const std::int64_t sign = piece.find('-') != piece.npos ? -1 : 1;
  p.relative = true;
  p.add_seconds += sign * seconds;
  p.add_microseconds += sign * micros;
  return "";
}

std::string relative_day(DateParts& p, std::string_view piece) {
  p.relative = true;
  std::string name;
  for (const char c : piece) name += static_cast<char>(c | 0x20);
  if (name == "now") return "";
  no_time(p);
  if (name == "noon") {
    p.times = 1;
    p.hour = 12;
  } else if (name == "tomorrow") {
    p.add_days = 1;
  } else if (name == "yesterday") {
    p.add_days = -1;
  }
  return "";
}
constexpr std::string_view weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
std::string weekday(DateParts& p, std::string_view piece) {
  std::string name;
  for (const char c : piece.substr(0, 3)) name += static_cast<char>(c | 0x20);
  p.relative = true;
  no_time(p);
  for (int i = 0; i < 7; ++i) {
    if (weekday_names[i] == name) p.weekday = i;
  }
  return "";
}
std::string add_units(DateParts& p, std::string_view piece) {
  const auto from =
      static_cast<std::size_t>(std::find_if(piece.begin(), piece.end(), is_digit) - piece.begin());
  std::int64_t amount = 0;
  std::size_t at = from;
  for (; at < piece.size() && is_digit(piece[at]); ++at) amount = amount * 10 + (piece[at] - '0');
  if (std::count(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(from), '-') % 2 != 0)
    amount = -amount;
  std::string unit;
  for (const char c : Reader(piece.substr(at)).word()) unit += static_cast<char>(c | 0x20);
  const auto is = [&](std::string_view name) { return unit.starts_with(name); };
  p.relative = true;
  if (is("year")) {
    p.add_years += amount;
  } else if (is("month")) {
    p.add_months += amount;
  } else if (is("week") && !is("weekday")) {
    p.add_days += amount * 7;
  } else if (is("fort")) {
    p.add_days += amount * 14;
  } else if (is("day")) {
    p.add_days += amount;
  } else if (is("hour")) {
    p.add_seconds += amount * 3600;
  } else if (is("microsec") || is("usec")) {
    p.add_microseconds += amount;
  } else if (is("millisec") || is("msec") || unit == "ms") {
    p.add_microseconds += amount * 1000;
  } else if (is("min")) {
    p.add_seconds += amount * 60;
  } else if (is("sec")) {
    p.add_seconds += amount;
  } else {
    refuse_expression("dates by a count of \"" + unit + "\" in a text");
  }
  return "";
}
std::string ago(DateParts& p, std::string_view) {
  p.add_years = -p.add_years;
  p.add_months = -p.add_months;
  p.add_days = -p.add_days;
  p.add_seconds = -p.add_seconds;
  p.add_microseconds = -p.add_microseconds;
  return "";
}
std::string refused(DateParts&, std::string_view piece) {
  refuse_expression("dates by \"" + std::string(piece) + "\" in a text");
}

}  // namespace quire::store::embedded::date_text
