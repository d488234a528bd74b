#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "core/ascii.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/expression/convert.hpp"
#include "store/embedded/expression/time_zone.hpp"

namespace quire::store::embedded {

using bson::Decimal128;
using bson::Type;

namespace {

[[noreturn]] void fail_number(std::string_view text, std::string_view why) {
  fail_conversion("Failed to parse number '" + std::string(text) +
                  "' in $convert with no onError value: " + std::string(why));
}

/// Case does not count; `word` is in small letters.
bool same_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != word[i]) return false;
  }
  return true;
}

/// A sign, digits with at most one point, an exponent: nothing else, and no blanks.
struct DecimalText {
  bool negative = false;
  std::string digits;  ///< without the point
  long long exponent = 0;
};

/// Nothing for text of another form.
std::optional<DecimalText> scan_decimal(std::string_view text) {
  DecimalText out;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) out.negative = text[at++] == '-';
  bool point = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    out.digits += text[at];
    if (point) --out.exponent;
  }
  if (out.digits.empty()) return std::nullopt;
  if (at == text.size()) return out;
  if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
  std::string_view power = text.substr(at + 1);
  const bool minus = power.starts_with('-');
  if (minus || power.starts_with('+')) power.remove_prefix(1);
  if (power.empty() || power.find_first_not_of("0123456789") != power.npos) return std::nullopt;
  long long value = 0;
  for (const char c : power) {
    constexpr long long far = 100'000'000;
    if (value < far) value = value * 10 + (c - '0');
  }
  out.exponent += minus ? -value : value;
  return out;
}

/// What "inf" and "nan" in their spellings give; nothing for other text.
std::optional<double> special_number(std::string_view text) {
  const bool minus = text.starts_with('-');
  if (minus || text.starts_with('+')) text.remove_prefix(1);
  if (same_word(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (same_word(text, "inf") || same_word(text, "infinity")) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return minus ? -infinity : infinity;
  }
  return std::nullopt;
}

}  // namespace

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{}", value);
}

std::string date_iso_text(std::int64_t ms) {
  const CivilTime time = to_civil(ms, TimeZone());
  if (time.year < 0 || time.year > 9999)
    fail_expression(18537,
                    "Could not convert date to string: date component was outside the "
                    "supported range of 0-9999: " +
                        std::to_string(time.year));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", time.year, time.month, time.day,
                     time.hour, time.minute, time.second, time.millisecond);
}

std::int64_t parse_integer(std::string_view text, Type type) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const bool signed_twice = digits.size() < text.size() && digits.starts_with('-');
  std::int64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || signed_twice || result.ec == std::errc::invalid_argument)
    fail_number(text, "Did not consume any digits");
  if (result.ptr != digits.data() + digits.size())
    fail_number(text, "Did not consume whole string.");
  if (result.ec != std::errc{} ||
      (type == Type::int32 && value != static_cast<std::int32_t>(value)))
    fail_number(text, "Overflow");
  return value;
}

double parse_double(std::string_view text) {
  if (const auto special = special_number(text)) return *special;
  if (!scan_decimal(text)) fail_number(text, "Did not consume whole string.");
  const std::string owned(text);
  errno = 0;
  const double value = std::strtod(owned.c_str(), nullptr);
  if (errno == ERANGE) fail_number(text, "Out of range");
  return value;
}

Decimal128 parse_decimal(std::string_view text) {
  if (const auto special = special_number(text))
    return std::isnan(*special) ? decimal_nan : decimal_infinity(*special < 0);
  const auto scanned = scan_decimal(text);
  if (!scanned) fail_number(text, "Failed to parse string to decimal");
  const auto first = scanned->digits.find_first_not_of('0');
  if (first == std::string::npos) {
    const auto exponent = std::min<long long>(
        std::max<long long>(scanned->exponent, min_decimal_exponent), max_decimal_exponent);
    return compose_decimal(scanned->negative, 0, static_cast<int>(exponent));
  }
  const std::string_view digits = std::string_view(scanned->digits).substr(first);
  constexpr std::size_t most = 38;
  Coefficient coefficient = 0;
  for (const char c : digits.substr(0, most))
    coefficient = coefficient * 10 + static_cast<unsigned>(c - '0');
  const std::string_view below = digits.size() > most ? digits.substr(most) : std::string_view();
  const bool rest = below.find_first_not_of('0') != below.npos;
  const long long exponent = scanned->exponent + static_cast<long long>(below.size());
  constexpr long long far = 20'000;
  if (exponent > far) fail_number(text, "Conversion from string to decimal would overflow");
  if (exponent < -far) fail_number(text, "Conversion from string to decimal would underflow");
  const Decimal128 value =
      compose_decimal(scanned->negative, coefficient, static_cast<int>(exponent), rest);
  if (value.is_infinite()) fail_number(text, "Conversion from string to decimal would overflow");
  if (decimal_is_zero(value))
    fail_number(text, "Conversion from string to decimal would underflow");
  return value;
}

}  // namespace quire::store::embedded
