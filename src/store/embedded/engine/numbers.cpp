#include "store/embedded/engine/numbers.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace quire::store::embedded {

namespace {

void strip(ExactDecimal& number) {
  auto& digits = number.digits;
  const auto first = digits.find_first_not_of('0');
  if (first == std::string::npos) {
    number = {};
    return;
  }
  digits.erase(0, first);
  number.exponent -= static_cast<int>(first);
  digits.erase(digits.find_last_not_of('0') + 1);
}

}  // namespace

ExactDecimal ExactDecimal::of(std::int64_t value) {
  ExactDecimal number;
  number.negative = value < 0;
  const auto magnitude =
      value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  number.digits = std::to_string(magnitude);
  number.exponent = static_cast<int>(number.digits.size());
  strip(number);
  return number;
}

ExactDecimal ExactDecimal::of(double value, int digits) {
  ExactDecimal number;
  number.negative = std::signbit(value) && value != 0;
  char text[800];
  const auto end = std::to_chars(text, text + sizeof text, std::fabs(value),
                                 std::chars_format::scientific, digits - 1)
                       .ptr;
  const std::string_view whole(text, static_cast<std::size_t>(end - text));
  const auto e = whole.find('e');
  int exponent = 0;
  const char* from = whole.data() + e + 1;
  if (*from == '+') ++from;
  std::from_chars(from, end, exponent);
  number.digits = std::string(whole.substr(0, 1)) + std::string(whole.substr(2, e - 2));
  number.exponent = exponent + 1;
  strip(number);
  return number;
}

ExactDecimal ExactDecimal::of(const bson::Decimal128& value) {
  ExactDecimal number;
  number.negative = value.is_negative();
  // Binary integer decimal (IEEE 754-2008, 3.5.2): 14 bits of exponent and 113 of coefficient; the
  // other layout of the exponent holds coefficients beyond 34 digits, which count as zero.
  if ((value.high >> 61 & 3) == 3) return {};
  const auto exponent = static_cast<int>(value.high >> 49 & 0x3FFF) - 6176;
  auto coefficient =
      static_cast<unsigned __int128>(value.high & 0x1FFFFFFFFFFFFULL) << 64 | value.low;
  char text[40];
  char* at = text + sizeof text;
  while (coefficient != 0) {
    *--at = static_cast<char>('0' + static_cast<int>(coefficient % 10));
    coefficient /= 10;
  }
  number.digits.assign(at, text + sizeof text);
  if (number.digits.size() > 34) return {};
  number.exponent = exponent + static_cast<int>(number.digits.size());
  strip(number);
  return number;
}

int compare(const ExactDecimal& a, const ExactDecimal& b) {
  const auto sign = [](const ExactDecimal& n) {
    return n.digits.empty() ? 0 : n.negative ? -1 : 1;
  };
  if (sign(a) != sign(b)) return sign(a) < sign(b) ? -1 : 1;
  if (sign(a) == 0) return 0;
  int magnitude = 0;
  if (a.exponent != b.exponent) {
    magnitude = a.exponent < b.exponent ? -1 : 1;
  } else {
    magnitude = a.digits.compare(b.digits);
  }
  return a.negative ? -magnitude : magnitude;
}

FloorDouble floor_double(std::int64_t value) {
  const auto near = static_cast<double>(value);
  // 2^63 itself is no int64: a value that rounds up to it is below it.
  if (near < 9223372036854775808.0 && static_cast<std::int64_t>(near) == value) return {near, true};
  const bool above = near >= 9223372036854775808.0 || static_cast<std::int64_t>(near) > value;
  return {above ? std::nextafter(near, -std::numeric_limits<double>::infinity()) : near, false};
}

FloorDouble floor_double(const bson::Decimal128& value) {
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  if (value.is_nan()) return {std::numeric_limits<double>::quiet_NaN(), true};
  if (value.is_infinite()) return {value.is_negative() ? -infinity : infinity, true};
  const auto exact = ExactDecimal::of(value);
  if (exact.digits.empty()) return {0.0, true};
  const std::string text =
      (exact.negative ? "-0." : "0.") + exact.digits + "e" + std::to_string(exact.exponent);
  double near = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), near);
  if (result.ec == std::errc::result_out_of_range) {
    const bool huge = exact.exponent > 0;
    near = huge ? (exact.negative ? -infinity : infinity) : 0.0;
  }
  if (near == 0) near = 0.0;
  int order = 0;  // of near to the value
  if (std::isinf(near)) {
    order = near > 0 ? 1 : -1;
  } else {
    order = compare(ExactDecimal::of(near), exact);
  }
  if (order == 0) return {near, true};
  return {order > 0 ? std::nextafter(near, -infinity) : near, false};
}

namespace {

std::optional<IntegerPart> integer_part_of(double value) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return std::nullopt;
  return IntegerPart{static_cast<std::int64_t>(value), value == std::trunc(value)};
}

std::optional<IntegerPart> integer_part_of(const bson::Decimal128& value) {
  if (value.is_nan() || value.is_infinite()) return std::nullopt;
  const auto exact = ExactDecimal::of(value);
  if (exact.exponent <= 0) return IntegerPart{0, exact.digits.empty()};
  if (exact.exponent > 19) return std::nullopt;
  const auto length = static_cast<std::size_t>(exact.exponent);
  std::string text = (exact.negative ? "-" : "") + exact.digits.substr(0, length);
  if (exact.digits.size() < length) text.append(length - exact.digits.size(), '0');
  std::int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{}) return std::nullopt;
  return IntegerPart{number, exact.digits.size() <= length};
}

}  // namespace

std::optional<IntegerPart> integer_part(bson::ValueView value) {
  switch (value.type()) {
    case bson::Type::int32:
      return IntegerPart{value.as_int32(), true};
    case bson::Type::int64:
      return IntegerPart{value.as_int64(), true};
    case bson::Type::double_:
      return integer_part_of(value.as_double());
    case bson::Type::decimal128:
      return integer_part_of(value.as_decimal128());
    default:
      return std::nullopt;
  }
}

}  // namespace quire::store::embedded
