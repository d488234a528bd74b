#include <algorithm>

#include "store/embedded/engine/decimal_integer.hpp"
#include "store/embedded/engine/decimal_math.hpp"

namespace quire::store::embedded {

using bson::Decimal128;

Decimal128 decimal_divide(Decimal128 a, Decimal128 b) {
  if (a.is_nan() || b.is_nan()) return decimal_nan;
  const bool negative = a.is_negative() != b.is_negative();
  if (a.is_infinite()) return b.is_infinite() ? decimal_nan : decimal_infinity(negative);
  if (b.is_infinite()) return compose_decimal(negative, 0, min_decimal_exponent);
  const DecimalParts x = decimal_parts(a);
  const DecimalParts y = decimal_parts(b);
  if (y.coefficient == 0) return x.coefficient == 0 ? decimal_nan : decimal_infinity(negative);
  const int ideal = x.exponent - y.exponent;
  if (x.coefficient == 0) return compose_decimal(negative, 0, ideal);
  const int shift =
      std::max(0, decimal_digits + 2 + count_digits(y.coefficient) - count_digits(x.coefficient));
  const Integer dividend = to_integer(x.coefficient) * integer_power(10, shift);
  const Integer divisor = to_integer(y.coefficient);
  Integer quotient = dividend / divisor;
  const bool rest = dividend % divisor != 0;
  int exponent = ideal - shift;
  if (!rest) {
    while (exponent < ideal && quotient % 10 == 0) {
      quotient /= 10;
      ++exponent;
    }
  }
  return compose_decimal(negative, to_coefficient(quotient), exponent, rest);
}

Decimal128 decimal_remainder(Decimal128 a, Decimal128 b) {
  if (a.is_nan() || b.is_nan() || a.is_infinite()) return decimal_nan;
  if (b.is_infinite()) return a;
  const DecimalParts x = decimal_parts(a);
  const DecimalParts y = decimal_parts(b);
  if (y.coefficient == 0) return decimal_nan;
  const int exponent = std::min(x.exponent, y.exponent);
  if (x.coefficient == 0) return compose_decimal(x.negative, 0, exponent);
  const int x_shift = x.exponent - exponent;
  const int y_shift = y.exponent - exponent;
  // A divisor that is the larger one leaves the dividend.
  if (y_shift > 2 * decimal_digits) return a;
  const Integer divisor = to_integer(y.coefficient) * integer_power(10, y_shift);
  const Integer power = boost::multiprecision::powm(Integer(10), Integer(x_shift), divisor);
  const Integer rest = to_integer(x.coefficient) % divisor * power % divisor;
  return compose_decimal(x.negative, to_coefficient(rest), exponent);
}

Decimal128 decimal_sqrt(Decimal128 value) {
  if (value.is_nan()) return decimal_nan;
  if (decimal_is_zero(value)) {
    const DecimalParts parts = decimal_parts(value);
    return compose_decimal(parts.negative, 0, (parts.exponent - (parts.exponent & 1)) / 2);
  }
  if (value.is_negative()) return decimal_nan;
  if (value.is_infinite()) return value;
  const DecimalParts parts = decimal_parts(value);
  const int ideal = (parts.exponent - (parts.exponent & 1)) / 2;
  Integer radicand = to_integer(parts.coefficient);
  if ((parts.exponent & 1) != 0) radicand *= 10;
  constexpr int more = decimal_digits + 2;
  radicand *= integer_power(10, 2 * more);
  Integer remainder;
  Integer root = boost::multiprecision::sqrt(radicand, remainder);
  int exponent = ideal - more;
  const bool rest = remainder != 0;
  bool below = rest;
  if (!rest) {
    while (exponent < ideal && root % 10 == 0) {
      root /= 10;
      ++exponent;
    }
  }
  // Down to what fits the coefficient; compose_decimal() rounds.
  const Integer limit = Integer(1) << 120;
  while (root >= limit) {
    below = below || root % 10 != 0;
    root /= 10;
    ++exponent;
  }
  return compose_decimal(false, to_coefficient(root), exponent, below);
}

}  // namespace quire::store::embedded
