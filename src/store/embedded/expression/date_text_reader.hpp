#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/ascii.hpp"
#include "store/embedded/expression/date_text_scan.hpp"

/// How the pieces of a date text are read.
namespace quire::store::embedded::date_text {

[[nodiscard]] constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

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

inline constexpr const char* two_dates = "Double date specification";
inline constexpr const char* two_times = "Double time specification";
inline constexpr const char* two_zones = "Double timezone specification";
inline constexpr const char* no_zone = "The timezone could not be found in the database";

inline bool take_date(DateParts& p) {
  if (p.has_date) return false;
  p.has_date = true;
  return true;
}
inline bool take_time(DateParts& p) {
  if (p.times != 0) return false;
  p.times = 1;
  p.hour = p.minute = p.second = 0;
  p.microsecond = 0;
  return true;
}
inline void no_time(DateParts& p) {
  p.times = 0;
  p.hour = p.minute = p.second = 0;
  p.microsecond = 0;
}

}  // namespace quire::store::embedded::date_text
