#include "importer/time_text.hpp"

#include <array>
#include <charconv>

namespace quire::importer {
namespace {

void append_number(std::string& out, std::uint64_t value, int width) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  for (auto n = end - digits.data(); n < width; ++n) out += '0';
  out.append(digits.data(), end);
}

void append_fraction(std::string& out, std::uint64_t micros) {
  if (micros == 0) return;
  int width = 6;
  for (; micros % 10 == 0; micros /= 10) --width;
  out += '.';
  append_number(out, micros, width);
}

/// Reads digits from the front of a text.
class Digits {
 public:
  explicit Digits(std::string_view text) noexcept : text_(text) {}
  [[nodiscard]] bool end() const noexcept { return text_.empty(); }
  [[nodiscard]] char front() const noexcept { return text_.empty() ? '\0' : text_.front(); }
  bool skip(char c) noexcept {
    if (front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// A number of exactly `width` digits.
  bool number(int width, unsigned& value) noexcept {
    value = 0;
    if (text_.size() < static_cast<std::size_t>(width)) return false;
    for (int i = 0; i < width; ++i) {
      const char c = text_[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    text_.remove_prefix(static_cast<std::size_t>(width));
    return true;
  }
  /// Digits behind a point, as microseconds; false: none.
  bool fraction(std::int64_t& micros, bool& finer) noexcept {
    int count = 0;
    micros = 0;
    for (; front() >= '0' && front() <= '9'; ++count) {
      if (count < 6) micros = micros * 10 + (front() - '0');
      if (count >= 6 && front() != '0') finer = true;
      text_.remove_prefix(1);
    }
    for (int i = count; i < 6; ++i) micros *= 10;
    return count > 0;
  }

 private:
  std::string_view text_;
};

bool is_leap(unsigned year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
unsigned days_in(unsigned year, unsigned month) noexcept {
  constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool read_clock(Digits& in, ParsedTime& time) noexcept {
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  if (!in.number(2, hour) || !in.skip(':') || !in.number(2, minute)) return false;
  std::int64_t fraction = 0;
  if (in.skip(':')) {
    if (!in.number(2, second)) return false;
    if (in.skip('.') && !in.fraction(fraction, time.finer)) return false;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  time.micros += ((std::int64_t{hour} * 60 + minute) * 60 + second) * 1'000'000 + fraction;
  return true;
}

bool read_zone(Digits& in, ParsedTime& time) noexcept {
  in.skip(' ');
  if (in.skip('Z') || in.skip('z')) {
    time.offset = 0;
    return true;
  }
  const bool west = in.front() == '-';
  if (!in.skip('-') && !in.skip('+')) return false;
  unsigned hours = 0;
  unsigned minutes = 0;
  unsigned seconds = 0;
  if (!in.number(2, hours)) return false;
  if (in.skip(':') || !in.end()) {
    if (!in.number(2, minutes)) return false;
    if (in.skip(':') && !in.number(2, seconds)) return false;
  }
  if (hours > 18 || minutes > 59 || seconds > 59) return false;
  const auto offset = static_cast<std::int32_t>((hours * 60 + minutes) * 60 + seconds);
  time.offset = west ? -offset : offset;
  return true;
}

}  // namespace

// Days are counted from 0000-03-01, so that the leap day is the last of its year; 400 years are
// 146,097 days.
CivilDate civil_of_days(std::int64_t days) noexcept {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(shifted - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month = (5 * day_of_year + 2) / 153;  // 0 = March
  return {era * 400 + year_of_era + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9,
          day_of_year - (153 * month + 2) / 5 + 1};
}

std::int64_t days_of_civil(const CivilDate& date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned month = date.month > 2 ? date.month - 3 : date.month + 9;
  const unsigned day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

void append_date(std::string& out, std::int64_t days) {
  constexpr std::int64_t most = std::int64_t{1} << 60;  // no calendar goes so far
  if (days > most || days < -most) {
    out += "day " + std::to_string(days);
    return;
  }
  const CivilDate date = civil_of_days(days);
  if (date.year < 0 || date.year > 9999) out += date.year < 0 ? '-' : '+';
  append_number(out, static_cast<std::uint64_t>(date.year < 0 ? -date.year : date.year), 4);
  out += '-';
  append_number(out, date.month, 2);
  out += '-';
  append_number(out, date.day, 2);
}

void append_moment(std::string& out, std::int64_t micros, char between) {
  std::int64_t days = micros / micros_of_day;
  if (micros % micros_of_day < 0) --days;
  append_date(out, days);
  out += between;
  append_time(out, micros - days * micros_of_day);
}

void append_time(std::string& out, std::int64_t micros) {
  if (micros < 0) out += '-';
  const std::uint64_t left =
      micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
  const std::uint64_t seconds = left / 1'000'000;
  append_number(out, seconds / 3600, 2);
  out += ':';
  append_number(out, seconds / 60 % 60, 2);
  out += ':';
  append_number(out, seconds % 60, 2);
  append_fraction(out, left % 1'000'000);
}

std::optional<ParsedTime> parse_time(std::string_view text) noexcept {
  Digits in(text);
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (!in.number(4, year) || !in.skip('-') || !in.number(2, month) || !in.skip('-') ||
      !in.number(2, day))
    return std::nullopt;
  if (month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return std::nullopt;
  ParsedTime time;
  time.micros = days_of_civil({year, month, day}) * micros_of_day;
  if (in.end()) return time;
  if (!in.skip('T') && !in.skip('t') && !in.skip(' ')) return std::nullopt;
  if (!read_clock(in, time)) return std::nullopt;
  if (!in.end() && (!read_zone(in, time) || !in.end())) return std::nullopt;
  return time;
}

bool is_zero_date(std::string_view text) noexcept {
  Digits in(text);
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (!in.number(4, year) || !in.skip('-') || !in.number(2, month) || !in.skip('-') ||
      !in.number(2, day))
    return false;
  return (month == 0 || day == 0) && month <= 12 && day <= 31;
}

}  // namespace quire::importer
