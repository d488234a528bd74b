#include "store/embedded/expression/date_text.hpp"

#include <string>

#include "store/embedded/expression/date_text_scan.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t n) {
  if (at + n > text.size()) return std::nullopt;
  int out = 0;
  for (std::size_t i = at; i < at + n; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

/// yyyy-mm-dd, then nothing or Thh:mm:ss[.f…] and nothing, Z or +hh:mm: what nearly all texts are.
/// Empty for anything else, which the scanner decides on.
std::optional<DateParts> scan_usual(std::string_view text) {
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  DateParts out;
  out.year = *year;
  out.month = month;
  out.day = day;
  out.has_date = true;
  if (text.size() == 10) return out;
  out.hour = digits(text, 11, 2);
  out.minute = digits(text, 14, 2);
  out.second = digits(text, 17, 2);
  if (!out.hour || !out.minute || !out.second || (text[10] != 'T' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  out.times = 1;
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    int scale = 100'000;
    const std::size_t from = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      out.microsecond += (text[at] - '0') * scale;
    if (at == from) return std::nullopt;
  }
  if (at == text.size()) return out;
  if (text.substr(at) == "Z") {
    out.zone = TimeZone();
    return out;
  }
  const auto hours = digits(text, at + 1, 2);
  const auto minutes = digits(text, at + 4, 2);
  if ((text[at] != '+' && text[at] != '-') || !hours || !minutes || text.size() != at + 6 ||
      text[at + 3] != ':' || *hours > 23 || *minutes > 59)
    return std::nullopt;
  const int east = *hours * 3600 + *minutes * 60;
  out.zone = TimeZone::fixed(text[at] == '-' ? -east : east);
  return out;
}

}  // namespace

void fail_date_text(std::string_view text, std::string_view why) {
  fail_expression(241,
                  "Error parsing date string '" + std::string(text) + "'; " + std::string(why));
}

std::int64_t parse_date_text(std::string_view whole, const TimeZone& zone) {
  std::string_view text = whole;
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.empty()) fail_date_text(whole, "0: Empty string");
  auto usual = scan_usual(text);
  return resolve_date_parts(usual ? *usual : scan_date_text(text), whole, zone);
}

std::int64_t resolve_date_parts(const DateParts& parts, std::string_view text,
                                const TimeZone& zone) {
  if (!parts.year || !parts.month || !parts.day)
    fail_expression(241,
                    "an incomplete date/time string has been found, with elements missing: \"" +
                        std::string(text) + "\"");
  const int hour = parts.hour.value_or(0);
  const int minute = parts.minute.value_or(0);
  const int second = parts.second.value_or(0);
  if (hour > 23 || minute > 59 || second > 59)
    fail_date_text(text, "the time of day is invalid: use 00:00:00 to 23:59:59");
  if (*parts.month < 1 || *parts.month > 12 || *parts.day < 1 || *parts.year < 0 ||
      *parts.day > days_in_month(*parts.year, *parts.month))
    fail_date_text(text, "the date is invalid: there is no such day");
  if (parts.zone && !zone.is_utc())
    fail_expression(241,
                    "you cannot pass in a date/time string with time zone information together "
                    "with a timezone argument: \"" +
                        std::string(text) + "\"");
  const std::int64_t months = *parts.month - 1 + parts.add_months;
  std::int64_t days =
      days_from_civil(*parts.year + parts.add_years + floor_divide(months, 12),
                      static_cast<int>(months - floor_divide(months, 12) * 12) + 1, *parts.day);
  if (parts.weekday) days += (*parts.weekday - weekday_of(days) + 7) % 7;
  days += parts.add_days;
  const std::int64_t local = days * 86400 + hour * 3600 + minute * 60 + second;
  const std::int64_t utc = (parts.zone ? *parts.zone : zone).to_utc(local);
  return (utc + parts.add_seconds) * 1000 +
         floor_divide(parts.microsecond + parts.add_microseconds, 1000);
}

}  // namespace quire::store::embedded
