#include <optional>

#include "core/ascii.hpp"
#include "store/embedded/expression/date_format.hpp"
#include "store/embedded/expression/date_text_scan.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class FormatReader {
 public:
  FormatReader(std::string_view text, std::string_view format) : text_(text), format_(format) {}

  DateParts read() {
    for (std::size_t i = 0; i < format_.size(); ++i) {
      if (format_[i] != '%') {
        literal(format_[i]);
      } else if (format_[++i] == '%') {
        literal('%');
      } else {
        component(format_[i]);
      }
    }
    if (at_ != text_.size()) fail("Trailing data");
    finish();
    return parts_;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    fail_date_text(text_, std::to_string(at_) + ": " + std::string(why) + " (format \"" +
                              std::string(format_) + "\")");
  }
  void literal(char c) {
    if (at_ == text_.size() || text_[at_] != c)
      fail("Format literal not found: '" + std::string(1, c) + "'");
    ++at_;
  }
  int number(std::size_t least, std::size_t most, std::string_view what) {
    int out = 0;
    std::size_t n = 0;
    for (; n < most && at_ + n < text_.size() && is_digit(text_[at_ + n]); ++n)
      out = out * 10 + (text_[at_ + n] - '0');
    if (n < least) fail("A " + std::string(what) + " could not be found");
    at_ += n;
    return out;
  }
  std::string_view letters() {
    std::size_t n = 0;
    while (at_ + n < text_.size() && is_letter(text_[at_ + n])) ++n;
    return text_.substr(at_, n);
  }
  void month_name() {
    // The longest name that the letters begin with: others may follow it.
    const auto word = letters();
    for (std::size_t n = word.size(); n >= 3; --n) {
      if (const int month = month_of_name(word.substr(0, n)); month != 0) {
        parts_.month = month;
        at_ += n;
        return;
      }
    }
    fail("A textual month could not be found");
  }
  void component(char letter) {
    switch (letter) {
      case 'Y':
        parts_.year = number(4, 4, "four digit year");
        return;
      case 'm':
        parts_.month = number(1, 2, "two digit month");
        return;
      case 'd':
        parts_.day = number(1, 2, "two digit day");
        return;
      case 'H':
        parts_.hour = number(1, 2, "two digit hour");
        return;
      case 'M':
        parts_.minute = number(2, 2, "two digit minute");
        return;
      case 'S':
        parts_.second = number(2, 2, "two digit second");
        return;
      case 'L': {
        const std::size_t from = at_;
        int value = number(1, 3, "three digit millisecond");
        for (std::size_t n = at_ - from; n < 3; ++n) value *= 10;
        parts_.microsecond = value * 1000;
        return;
      }
      case 'j':
        day_of_year_ = number(1, 3, "three digit day-of-year");
        return;
      case 'G':
        iso_year_ = number(4, 4, "four digit ISO year");
        return;
      case 'V':
        iso_week_ = number(1, 2, "two digit ISO week");
        return;
      case 'u':
        iso_day_ = number(1, 1, "one digit ISO day of week");
        return;
      case 'b':
      case 'B':
        month_name();
        return;
      case 'Z':
        minutes();
        return;
      default:
        zone();
    }
  }
  /// %Z: an offset in minutes, as it is written.
  void minutes() {
    int sign = 1;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-'))
      sign = text_[at_++] == '-' ? -1 : 1;
    parts_.zone = TimeZone::fixed(sign * 60 * number(1, 5, "offset in minutes"));
  }
  /// %z: an offset, or a zone's name or abbreviation.
  void zone() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    std::size_t n = 0;
    const auto rest = text_.substr(at_);
    const bool signed_offset = !rest.empty() && (rest[0] == '+' || rest[0] == '-');
    if (signed_offset) {
      n = 1;
      while (n < rest.size() && n < 9 && (is_digit(rest[n]) || rest[n] == ':')) ++n;
    } else {
      while (n < rest.size() &&
             (is_letter(rest[n]) || rest[n] == '_' || rest[n] == '/' ||
              (n > 0 && (rest[n] == '+' || rest[n] == '-' || is_digit(rest[n])))))
        ++n;
    }
    parts_.zone = n == 0 ? std::nullopt : zone_of_text(rest.substr(0, n));
    if (!parts_.zone) fail("The timezone could not be found in the database");
    at_ += n;
  }
  void finish() {
    const bool natural = parts_.year || parts_.month || parts_.day || day_of_year_;
    const bool iso = iso_year_ || iso_week_ || iso_day_;
    if (natural && iso) fail("Mixing of ISO dates with natural dates is not allowed");
    if (day_of_year_) {
      if (!parts_.year || parts_.month || parts_.day)
        fail("A 'day of year' needs a year, and neither a month nor a day");
      const int days = is_leap_year(*parts_.year) ? 366 : 365;
      if (*day_of_year_ < 1 || *day_of_year_ > days) fail("A 'day of year' is outside of the year");
      set_date(days_from_civil(*parts_.year, 1, *day_of_year_));
    }
    if (!iso) return;
    if (!iso_year_ || !iso_week_) fail("An ISO date needs its year and week");
    const int day = iso_day_.value_or(1);
    if (*iso_week_ < 1 || *iso_week_ > 53 || day < 1 || day > 7)
      fail("ISO weeks are 1 to 53, their days 1 to 7");
    set_date(iso_year_start(*iso_year_) + (*iso_week_ - 1) * 7 + day - 1);
  }
  void set_date(std::int64_t days) {
    const CivilTime date = civil_from_days(days);
    parts_.year = date.year;
    parts_.month = date.month;
    parts_.day = date.day;
  }

  std::string_view text_;
  std::string_view format_;
  std::size_t at_ = 0;
  DateParts parts_;
  std::optional<int> day_of_year_;
  std::optional<int> iso_year_;
  std::optional<int> iso_week_;
  std::optional<int> iso_day_;
};

}  // namespace

std::int64_t parse_date_format(std::string_view text, std::string_view format,
                               const TimeZone& zone) {
  return resolve_date_parts(FormatReader(text, format).read(), text, zone);
}

}  // namespace quire::store::embedded
