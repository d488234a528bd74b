#include "store/embedded/expression/date_text_tokens.hpp"

#include <algorithm>

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded::date_text {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Reads a piece from its front, skipping what stands between its numbers and names.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  /// The next number, of at most `most` digits; empty where there is none. `length` of its digits.
  std::optional<int> number(std::size_t most, std::size_t* length = nullptr) {
    const auto from = static_cast<std::size_t>(std::find_if(left_.begin(), left_.end(), is_digit) -
                                               left_.begin());
    left_.remove_prefix(from);
    int out = 0;
    std::size_t n = 0;
    for (; n < most && n < left_.size() && is_digit(left_[n]); ++n)
      out = out * 10 + (left_[n] - '0');
    left_.remove_prefix(n);
    if (length != nullptr) *length = n;
    return n == 0 ? std::nullopt : std::optional(out);
  }
  /// A year; of less than four digits it is one of 1970 … 2069.
  std::optional<std::int64_t> year() {
    std::size_t length = 0;
    const auto found = number(4, &length);
    if (!found) return std::nullopt;
    if (length >= 4 || *found >= 100) return *found;
    return *found + (*found < 70 ? 2000 : 1900);
  }
  std::string_view word() {
    const auto from = static_cast<std::size_t>(std::find_if(left_.begin(), left_.end(), is_letter) -
                                               left_.begin());
    std::size_t n = from;
    while (n < left_.size() && is_letter(left_[n])) ++n;
    const auto out = left_.substr(from, n - from);
    left_.remove_prefix(n);
    return out;
  }
  int month_name() { return month_of_name(word()); }
  /// The digits after a point as microseconds, cut.
  int fraction() {
    if (left_.empty() || (left_[0] != '.' && left_[0] != ':')) return 0;
    int out = 0;
    std::size_t i = 1;
    for (int scale = 100'000; i < left_.size() && is_digit(left_[i]); ++i, scale /= 10)
      out += (left_[i] - '0') * scale;
    left_.remove_prefix(i);
    return out;
  }
  /// "st", "nd", "rd", "th" after a day.
  void skip_suffix() {
    for (const std::string_view suffix : {"st", "nd", "rd", "th"}) {
      if (left_.starts_with(suffix)) {
        left_.remove_prefix(suffix.size());
        return;
      }
    }
  }
  [[nodiscard]] std::string_view left() const { return left_; }

 private:
  std::string_view left_;
};

constexpr const char* two_dates = "Double date specification";
constexpr const char* two_times = "Double time specification";
constexpr const char* two_zones = "Double timezone specification";
constexpr const char* no_zone = "The timezone could not be found in the database";

bool take_date(DateParts& p) {
  if (p.has_date) return false;
  p.has_date = true;
  return true;
}
bool take_time(DateParts& p) {
  if (p.times != 0) return false;
  p.times = 1;
  p.hour = p.minute = p.second = 0;
  p.microsecond = 0;
  return true;
}
void no_time(DateParts& p) {
  p.times = 0;
  p.hour = p.minute = p.second = 0;
  p.microsecond = 0;
}

std::string zone(DateParts& p, std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  if (p.zone) return two_zones;
  p.zone = zone_of_text(text);
  return p.zone ? "" : no_zone;
}

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

}  // namespace

std::vector<Form> forms() {
  const std::string space = "[ \\t]+";
  const std::string maybe_space = "[ \\t]*";
  const std::string hour24 = "(?:2[0-4]|[01]?[0-9])";
  const std::string hour24lz = "(?:[01][0-9]|2[0-4])";
  const std::string hour12 = "(?:1[0-2]|0?[1-9])";
  const std::string minute = "[0-5]?[0-9]";
  const std::string minutelz = "[0-5][0-9]";
  const std::string second = "(?:60|[0-5]?[0-9])";
  const std::string secondlz = "(?:60|[0-5][0-9])";
  const std::string frac = "\\.[0-9]+";
  const std::string meridian = "(?:[AaPp]\\.?[Mm]\\.?(?=[\\x00\\t ]|$))";
  const std::string correction = "(?:(?:GMT)?[+-](?:" + hour24 + "(?::?" + minute + ")?|" +
                                 hour24lz + minutelz + secondlz + "|" + hour24lz + ":" + minutelz +
                                 ":" + secondlz + "))";
  const std::string tz = "(?:\\(?[A-Za-z]{1,6}\\)?|[A-Z][a-z]+(?:[a-z]*[_/+-][A-Za-z]+[0-9]*)+)";
  const std::string month = "(?:1[0-2]|0?[0-9])";
  const std::string monthlz = "(?:0[0-9]|1[0-2])";
  const std::string day = "(?:(?:3[01]|[0-2]?[0-9])(?:st|nd|rd|th)?)";
  const std::string plain_day = "(?:3[01]|[0-2]?[0-9])";
  const std::string daylz = "(?:0[0-9]|[1-2][0-9]|3[01])";
  const std::string year = "[0-9]{1,4}";
  const std::string year2 = "[0-9]{2}";
  const std::string year4 = "[0-9]{4}";
  const std::string day_number = "(?:00[1-9]|0[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6])";
  const std::string week_number = "(?:0[1-9]|[1-4][0-9]|5[0-3])";
  const std::string abbr = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)";
  const std::string name =
      "(?i:january|february|march|april|may|june|july|august|september|october|november|december)";
  const std::string text_month =
      "(?:" + name + "|" + abbr + "|(?:VIII|VII|VI|IV|V|IX|XII|XI|X|III|II|I))";
  const std::string weekdays =
      "(?i:(?:sun|mon|tues|wednes|thurs|fri|satur)days?|sun|mon|tue|wed|thu|fri|sat)";
  const std::string gap = "[ .\\t-]*";
  const std::string no_year = text_month + gap + plain_day + "(?:[,.stndrh\\t ]+|\\x00|$)";
  const std::string unit =
      "(?i:ms|(?:msec|millisecond|microsecond|usec|sec|second|min|minute|hour|day|fortnight|"
      "forthnight|month|year|week|weekday)s?|" +
      weekdays + ")";
  const std::string ordinal =
      "(?i:first|second|third|fourth|fifth|sixth|seventh|eighth?|ninth|tenth|eleventh|twelfth|next|"
      "last|previous|this)";
  const std::string short24 = "[tT]?" + hour24 + "[:.]" + minute;
  const std::string long24 = short24 + "[:.]" + second;

  return {
      {"(?i:yesterday|now|noon|midnight|today|tomorrow)", relative_day},
      {"@-?[0-9]+(?:\\.[0-9]{0,6})?", unix_seconds},
      {"(?i:(?:first|last) day of|(?:back|front) of " + hour24 + ")", refused},
      {hour12 + "(?:[:.]" + minutelz + "(?:[:.]" + secondlz + ")?)?" + maybe_space + meridian,
       time12},
      {hour12 + ":" + minutelz + ":" + secondlz + "[:.][0-9]+" + meridian, time12},
      {"[tT]" + hour24, time24},
      {short24, time24},
      {long24, time24},
      {long24 + frac, time24},
      {"[tT]?" + hour24lz + minutelz, four_digits},
      {"[tT]?" + hour24lz + minutelz + secondlz, time_without_colons},
      {month + "/" + plain_day, month_day_year},
      {month + "/" + plain_day + "/" + year, month_day_year},
      {"[+-]?" + year4 + "-" + monthlz + "-" + daylz, year_month_day},
      {year4 + "/" + monthlz + "/" + daylz + "/?", year_month_day},
      {"[+-][0-9]{5,19}-" + monthlz + "-" + daylz, long_year},
      {year2 + "-" + monthlz + "-" + daylz, year_month_day},
      {year4 + "-" + month, year_month_day},
      {year + "-" + month + "-" + plain_day, year_month_day},
      {day + "[ \\t.-]*" + text_month + "[ \\t.-]*" + year, day_name_year},
      {plain_day + "[.\\t-]" + month + "[.-]" + year4, day_month_year},
      {plain_day + "[.\\t]" + month + "\\." + year2, day_month_year},
      {text_month + gap + year4, name_year},
      {year4 + gap + text_month, year_name},
      {text_month + gap + plain_day + "[,.stndrh\\t ]+" + year, name_day_year},
      {no_year, name_day_year},
      {day + gap + text_month, day_name_year},
      {year4 + monthlz + daylz, year_month_day},
      {year4 + monthlz + daylz + "T" + hour24 + ":" + minutelz + ":" + secondlz, date_and_time},
      {year4 + monthlz + daylz + "[tT]" + hour24 + minutelz + secondlz, date_and_time},
      {year4 + "-" + monthlz + "-" + daylz + "T" + hour24lz + ":" + minutelz + ":" + secondlz +
           frac + correction + "?",
       date_and_time},
      {year4 + "-" + month + "-" + plain_day + "T" + hour24 + ":" + minute + ":" + second,
       date_and_time},
      {year4 + ":" + monthlz + ":" + daylz + " " + hour24lz + ":" + minutelz + ":" + secondlz,
       date_and_time},
      {year4 + "\\.?" + day_number, day_of_year},
      {year4 + "-?W" + week_number + "-?[0-7]", iso_week},
      {year4 + "-?W" + week_number, iso_week},
      {abbr + "-" + daylz + "-" + year, name_day_year},
      {year + "-" + abbr + "-" + daylz, year_name},
      {plain_day + "/" + abbr + "/" + year4 + ":" + hour24lz + ":" + minutelz + ":" + secondlz +
           space + correction,
       log_format},
      {year4, year_alone},
      {"(?i:ago)", ago},
      {weekdays, weekday},
      {ordinal + space + unit, refused},
      {name + "|" + abbr, month_alone},
      {correction, zone},
      {tz, zone},
      {no_year + hour12 + "[:.]" + minutelz + "(?:[:.]" + secondlz + ")?" + maybe_space + meridian,
       name_day_time12},
      {no_year + short24, name_day_time},
      {no_year + long24, name_day_time},
      {"[+-]*[ \\t]*[0-9]{1,13}" + maybe_space + unit, add_units},
  };
}

}  // namespace quire::store::embedded::date_text
