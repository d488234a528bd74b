#include "migrate/same_value.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bson/nan.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::ValueView;

/// A finite number as digits without zeros at either end, times a power of ten. Zero has none.
struct Decimal {
  bool negative = false;
  std::string digits;
  long exponent = 0;  ///< of a point in front of the digits
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

/// From "-12.50E+3" and the like.
Decimal decimal_of(std::string_view text) {
  Decimal out;
  long point = -1;
  std::size_t at = 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    const char c = text[at];
    if (c == '-') out.negative = true;
    if (c == '.') point = static_cast<long>(out.digits.size());
    if (c >= '0' && c <= '9') out.digits += c;
  }
  out.exponent = point < 0 ? static_cast<long>(out.digits.size()) : point;
  if (at < text.size())
    out.exponent += std::strtol(std::string(text.substr(at + 1)).c_str(), nullptr, 10);
  const auto first = out.digits.find_first_not_of('0');
  if (first == std::string::npos) return {};
  out.exponent -= static_cast<long>(first);
  out.digits = out.digits.substr(first, out.digits.find_last_not_of('0') - first + 1);
  return out;
}

/// All digits of a double: it has 767 at most.
Decimal decimal_of(double number) {
  std::array<char, 1100> text{};
  const int n = std::snprintf(text.data(), text.size(), "%.770e", number);
  return decimal_of(std::string_view(text.data(), static_cast<std::size_t>(n)));
}

std::int64_t integer(ValueView value) {
  return value.type() == Type::int32 ? value.as_int32() : value.as_int64();
}

Decimal as_decimal(ValueView value) {
  if (value.type() == Type::decimal128) return decimal_of(value.as_decimal128().str());
  if (value.type() == Type::double_) return decimal_of(value.as_double());
  return decimal_of(std::to_string(integer(value)));
}

/// 1 or -1 for an infinite number, else 0.
int infinite(ValueView value) {
  if (value.type() == Type::double_)
    return !std::isinf(value.as_double()) ? 0 : (value.as_double() < 0 ? -1 : 1);
  if (value.type() != Type::decimal128 || !value.as_decimal128().is_infinite()) return 0;
  return value.as_decimal128().is_negative() ? -1 : 1;
}

bool same_integer(double number, std::int64_t other) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  return number >= -limit && number < limit && std::trunc(number) == number &&
         static_cast<std::int64_t>(number) == other;
}

bool same_number(ValueView a, ValueView b) {
  if (bson::is_nan(a) || bson::is_nan(b)) return bson::is_nan(a) && bson::is_nan(b);
  const bool decimals = a.type() == Type::decimal128 || b.type() == Type::decimal128;
  if (decimals) {
    if (infinite(a) != 0 || infinite(b) != 0) return infinite(a) == infinite(b);
    return as_decimal(a) == as_decimal(b);
  }
  const bool double_a = a.type() == Type::double_, double_b = b.type() == Type::double_;
  if (double_a && double_b) return a.as_double() == b.as_double();
  if (double_a) return same_integer(a.as_double(), integer(b));
  if (double_b) return same_integer(b.as_double(), integer(a));
  return integer(a) == integer(b);
}

}  // namespace

bool same_value(ValueView a, ValueView b) {
  if (a.is_number() && b.is_number()) return same_number(a, b);
  if (a.type() != b.type()) return false;
  if (a.type() == Type::document) return same_document(a.as_document(), b.as_document());
  if (a.type() == Type::array) return same_document(a.as_array(), b.as_array());
  return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bool same_document(bson::View a, bson::View b) {
  auto other = b.begin();
  for (const auto& [key, value] : a) {
    if (other == b.end() || other->key != key || !same_value(value, other->value)) return false;
    ++other;
  }
  return other == b.end();
}

}  // namespace quire::migrate
