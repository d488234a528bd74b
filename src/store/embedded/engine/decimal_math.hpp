#pragma once

#include <cstdint>

#include "quire/bson/types.hpp"

/// Functions of decimal128 values as the server's decimal library gives them. Division, remainder
/// and square root are exact, rounded half to even to 34 digits, with the exponent that IEEE
/// 754-2008 prefers. The transcendental functions go through a binary number of 113 bits, as there:
/// both the operand and the result are rounded to it, so that the last digit agrees.
/// Pure functions; thread-safe.
namespace quire::store::embedded {

/// `b` may be zero: infinity, or NaN of 0/0.
[[nodiscard]] bson::Decimal128 decimal_divide(bson::Decimal128 a, bson::Decimal128 b);
/// The remainder that has the sign of `a`, as fmod(). NaN where `b` is zero.
[[nodiscard]] bson::Decimal128 decimal_remainder(bson::Decimal128 a, bson::Decimal128 b);
/// NaN below zero.
[[nodiscard]] bson::Decimal128 decimal_sqrt(bson::Decimal128 value);
/// With as many digits as fit: 2^3 is 8.000000000000000000000000000000000.
[[nodiscard]] bson::Decimal128 decimal_power(bson::Decimal128 base, bson::Decimal128 exponent);

enum class DecimalFunction : std::uint8_t {
  exp,
  ln,
  log10,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
};
/// NaN outside of the function's domain.
[[nodiscard]] bson::Decimal128 decimal_function(DecimalFunction function, bson::Decimal128 value);
[[nodiscard]] bson::Decimal128 decimal_atan2(bson::Decimal128 y, bson::Decimal128 x);
/// With 34 digits; short where the number is: 2.5 is 2.5.
[[nodiscard]] bson::Decimal128 decimal_from_exactly(double value);

}  // namespace quire::store::embedded
