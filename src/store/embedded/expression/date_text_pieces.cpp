#include "store/embedded/expression/date_text_reader.hpp"
#include "store/embedded/expression/date_text_tokens.hpp"

namespace quire::store::embedded::date_text {

namespace {

/// h[:m[:s[.f]]], and am or pm after them.
void read_time(DateParts& p, Reader& in) {
  const auto separated = [&] {
    return !in.left().empty() && (in.left()[0] == ':' || in.left()[0] == '.') &&
           in.left().size() > 1 && is_digit(in.left()[1]);
  };
  p.hour = in.number(2);
  if (!separated()) return;
  p.minute = in.number(2);
  if (!separated()) return;
  p.second = in.number(2);
  if (separated()) p.microsecond = in.fraction();
}
void read_meridian(DateParts& p, Reader& in) {
  const auto text = in.word();
  if (text.empty() || !p.hour) return;
  const bool pm = text[0] == 'p' || text[0] == 'P';
  if (!pm && *p.hour == 12) p.hour = 0;
  if (pm && *p.hour != 12) p.hour = *p.hour + 12;
}

}  // namespace

std::string zone(DateParts& p, std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  if (p.zone) return two_zones;
  p.zone = zone_of_text(text);
  return p.zone ? "" : no_zone;
}

std::string time12(DateParts& p, std::string_view piece) {
  if (!take_time(p)) return two_times;
  Reader in(piece);
  read_time(p, in);
  read_meridian(p, in);
  return "";
}
std::string time24(DateParts& p, std::string_view piece) {
  if (!take_time(p)) return two_times;
  Reader in(piece);
  read_time(p, in);
  return "";
}
/// Four digits: a time, or a year after a time.
std::string four_digits(DateParts& p, std::string_view piece) {
  Reader in(piece);
  if (p.times == 0) {
    p.hour = in.number(2);
    p.minute = in.number(2);
    p.second = 0;
  } else if (p.times == 1) {
    p.year = in.number(4);
  } else {
    return two_times;
  }
  ++p.times;
  return "";
}
std::string time_without_colons(DateParts& p, std::string_view piece) {
  if (!take_time(p)) return two_times;
  Reader in(piece);
  p.hour = in.number(2);
  p.minute = in.number(2);
  p.second = in.number(2);
  return "";
}

std::string month_day_year(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.month = in.number(2);
  p.day = in.number(2);
  if (const auto year = in.year()) p.year = year;
  return "";
}
std::string year_month_day(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  const bool negative = piece.starts_with('-');
  Reader in(piece);
  p.year = in.year();
  if (negative && p.year) p.year = -*p.year;
  p.month = in.number(2);
  p.day = in.number(2).value_or(1);
  return "";
}
std::string long_year(DateParts&, std::string_view) {
  return "years beyond four digits are not taken";
}
std::string day_month_year(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.day = in.number(2);
  p.month = in.number(2);
  p.year = in.year();
  return "";
}
std::string day_name_year(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.day = in.number(2);
  in.skip_suffix();
  p.month = in.month_name();
  if (const auto year = in.year()) p.year = year;
  return "";
}
std::string name_year(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.month = in.month_name();
  p.year = in.year();
  p.day = 1;
  return "";
}
std::string year_name(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.year = in.year();
  p.month = in.month_name();
  p.day = in.number(2).value_or(1);
  return "";
}
std::string name_day_year(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.month = in.month_name();
  p.day = in.number(2);
  if (const auto year = in.year()) p.year = year;
  return "";
}
std::string name_day_time(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.month = in.month_name();
  p.day = in.number(2);
  if (!take_time(p)) return two_times;
  read_time(p, in);
  return "";
}
std::string name_day_time12(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.month = in.month_name();
  p.day = in.number(2);
  if (!take_time(p)) return two_times;
  read_time(p, in);
  read_meridian(p, in);
  return "";
}
std::string day_of_year(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.year = in.number(4);
  const auto date = civil_from_days(days_from_civil(*p.year, 1, *in.number(3)));
  p.year = date.year;
  p.month = date.month;
  p.day = date.day;
  return "";
}
std::string iso_week(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  const int year = *in.number(4);
  const int week = *in.number(2);
  const int day = in.number(1).value_or(1);
  // The week that 4 January is in is the first; it begins on a Monday.
  const std::int64_t fourth = days_from_civil(year, 1, 4);
  const std::int64_t monday = fourth - (weekday_of(fourth) + 6) % 7;
  const auto date = civil_from_days(monday + (week - 1) * 7 + day - 1);
  p.year = date.year;
  p.month = date.month;
  p.day = date.day;
  return "";
}
std::string date_and_time(DateParts& p, std::string_view piece) {
  if (!take_time(p)) return two_times;
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.year = in.number(4);
  p.month = in.number(2);
  p.day = in.number(2);
  p.hour = in.number(2);
  p.minute = in.number(2);
  p.second = in.number(2);
  p.microsecond = in.fraction();
  return in.left().empty() ? "" : zone(p, in.left());
}
std::string log_format(DateParts& p, std::string_view piece) {
  if (!take_time(p)) return two_times;
  if (!take_date(p)) return two_dates;
  Reader in(piece);
  p.day = in.number(2);
  p.month = in.month_name();
  p.year = in.number(4);
  p.hour = in.number(2);
  p.minute = in.number(2);
  p.second = in.number(2);
  return zone(p, in.left());
}
std::string year_alone(DateParts& p, std::string_view piece) {
  p.year = Reader(piece).number(4);
  return "";
}
std::string month_alone(DateParts& p, std::string_view piece) {
  if (!take_date(p)) return two_dates;
  p.month = Reader(piece).month_name();
  return "";
}

}  // namespace quire::store::embedded::date_text
