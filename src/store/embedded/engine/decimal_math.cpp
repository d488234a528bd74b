#include "store/embedded/engine/decimal_math.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <tuple>
#include <utility>

#include "store/embedded/engine/decimal_integer.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/engine/update_decimal.hpp"

namespace quire::store::embedded {

namespace mp = boost::multiprecision;

using bson::Decimal128;

namespace {

/// Wide enough to be rounded to 113 bits, and to hold 68 digits exactly; its exponents do not end.
using Float =
    mp::number<mp::cpp_bin_float<256, mp::digit_base_2, void, std::int32_t, -1'000'000, 1'000'000>,
               mp::et_off>;

Float float_power_of_ten(int n) {
  const Float ten = 10;
  return n >= 0 ? Float(mp::pow(ten, n)) : Float(1 / mp::pow(ten, -n));
}

Float to_float(const DecimalParts& parts) {
  Float out(to_integer(parts.coefficient));
  // A quotient of exact numbers is rounded once.
  if (parts.exponent >= 0)
    out *= float_power_of_ten(parts.exponent);
  else
    out /= float_power_of_ten(-parts.exponent);
  return parts.negative ? Float(-out) : out;
}

/// Half to even to the nearest whole number.
Float round_half_even(const Float& value) {
  Float low = mp::floor(value);
  const Float rest = value - low;
  if (rest > 0.5 || (rest == 0.5 && mp::fmod(low, Float(2)) != 0)) low += 1;
  return low;
}

/// With the 113 bits that the decimal library computes with.
Float to_quad(const Float& value) {
  if (value == 0) return value;
  int exponent = 0;
  const Float fraction = mp::frexp(value, &exponent);
  constexpr int bits = 113;
  return mp::ldexp(round_half_even(mp::ldexp(fraction, bits)), exponent - bits);
}

/// The same, towards zero.
Float cut_to_quad(const Float& value) {
  if (value == 0) return value;
  int exponent = 0;
  const Float fraction = mp::frexp(value, &exponent);
  constexpr int bits = 113;
  return mp::ldexp(mp::trunc(mp::ldexp(fraction, bits)), exponent - bits);
}

/// A number of at most 113 bits: exactly with the exponent nearest to 0 where that can be, else 34
/// digits.
Decimal128 from_quad(const Float& value) {
  const bool negative = mp::signbit(value) != 0;
  if (value == 0) return compose_decimal(negative, 0, 0);
  const Float magnitude = mp::abs(value);
  int exponent = 0;
  Float fraction = mp::frexp(magnitude, &exponent);
  constexpr int bits = 113;
  Integer odd(mp::ldexp(fraction, bits));
  exponent -= bits;
  while ((odd & 1) == 0) {
    odd >>= 1;
    ++exponent;
  }
  const Integer limit = integer_power(10, decimal_digits);
  if (exponent >= 0 && exponent <= bits) {
    const Integer whole = odd << exponent;
    if (whole < limit) return compose_decimal(negative, to_coefficient(whole), 0);
  } else if (exponent < 0 && exponent >= -48) {
    const Integer whole = odd * integer_power(5, -exponent);
    if (whole < limit) return compose_decimal(negative, to_coefficient(whole), exponent);
  }
  auto digits = static_cast<int>(mp::floor(mp::log10(magnitude))) - (decimal_digits - 1);
  // log10 may be off by one at a power of ten.
  for (;;) {
    const Float scaled = digits >= 0 ? Float(magnitude / float_power_of_ten(digits))
                                     : Float(magnitude * float_power_of_ten(-digits));
    const Integer whole(round_half_even(scaled));
    if (whole >= limit) {
      ++digits;
    } else if (whole < limit / 10) {
      --digits;
    } else if (digits < min_decimal_exponent) {
      // Rounded once, at the lowest exponent.
      const Integer down(mp::floor(scaled));
      return compose_decimal(negative, to_coefficient(down), digits, Float(down) != scaled);
    } else {
      return compose_decimal(negative, to_coefficient(whole), digits);
    }
  }
}

/// π · 10^digits.
Integer scaled_pi(int digits) {
  constexpr int guard = 10;
  const Integer one = integer_power(10, digits + guard);
  const auto inverse_tangent = [&](int x) {
    Integer term = one / x;
    Integer sum = term;
    const int square = x * x;
    for (int n = 3; term != 0; n += 2) {
      term /= square;
      sum += (n & 2) != 0 ? Integer(-(term / n)) : Integer(term / n);
    }
    return sum;
  };
  return 4 * (4 * inverse_tangent(5) - inverse_tangent(239)) / integer_power(10, guard);
}

/// The angle less whole quarter turns, and how many (modulo 4) these were. Exact: a large angle's
/// digits are all counted.
std::pair<Float, int> reduce_angle(const DecimalParts& parts) {
  constexpr int fraction_digits = 110;
  const int places = std::max(-parts.exponent, 0) + fraction_digits;
  const int whole_digits = count_digits(parts.coefficient) + std::max(parts.exponent, 0);
  // π to as many digits as make the product with the quotient right.
  const Integer half_pi = scaled_pi(places + whole_digits) / 2;
  const Integer angle =
      to_integer(parts.coefficient) * integer_power(10, parts.exponent + places + whole_digits);
  Integer turns = angle / half_pi;
  Integer rest = angle % half_pi;
  if (rest * 2 > half_pi) {
    rest -= half_pi;
    ++turns;
  }
  Float out(rest);
  out /= Float(integer_power(10, places + whole_digits));
  auto quarter = static_cast<int>(Integer(turns % 4));
  if (parts.negative) {
    out = -out;
    quarter = (4 - quarter) % 4;
  }
  return {out, quarter};
}

Float circular(DecimalFunction function, const DecimalParts& parts) {
  Float angle = to_float(parts);
  int quarter = 0;
  if (mp::abs(angle) > 0.75) std::tie(angle, quarter) = reduce_angle(parts);
  angle = to_quad(angle);
  if (function == DecimalFunction::tan) {
    const Float tangent = mp::tan(angle);
    return quarter % 2 == 0 ? tangent : Float(-1 / tangent);
  }
  if (function == DecimalFunction::cos) ++quarter;
  const Float value = quarter % 2 == 0 ? Float(mp::sin(angle)) : Float(mp::cos(angle));
  return quarter % 4 >= 2 ? Float(-value) : value;
}

Float apply(DecimalFunction function, const Float& x) {
  switch (function) {
    case DecimalFunction::ln:
      return mp::log(x);
    case DecimalFunction::log10:
      return mp::log10(x);
    case DecimalFunction::asin:
      return mp::asin(x);
    case DecimalFunction::acos:
      return mp::acos(x);
    case DecimalFunction::atan:
      return mp::atan(x);
    case DecimalFunction::sinh:
      return mp::sinh(x);
    case DecimalFunction::cosh:
      return mp::cosh(x);
    case DecimalFunction::tanh:
      return mp::tanh(x);
    case DecimalFunction::asinh: {
      const Float magnitude = mp::log(mp::abs(x) + mp::sqrt(x * x + 1));
      return x < 0 ? Float(-magnitude) : magnitude;
    }
    case DecimalFunction::acosh:
      return mp::log(x + mp::sqrt(x * x - 1));
    case DecimalFunction::atanh:
      return mp::log((1 + x) / (1 - x)) / 2;
    default:
      return x;
  }
}

/// What the function gives of infinities.
Decimal128 at_infinity(DecimalFunction function, bool negative) {
  switch (function) {
    case DecimalFunction::exp:
      return negative ? Decimal128{} : decimal_infinity(false);
    case DecimalFunction::ln:
    case DecimalFunction::log10:
    case DecimalFunction::acosh:
      return negative ? decimal_nan : decimal_infinity(false);
    case DecimalFunction::sinh:
    case DecimalFunction::asinh:
      return decimal_infinity(negative);
    case DecimalFunction::cosh:
      return decimal_infinity(false);
    case DecimalFunction::tanh:
      return compose_decimal(negative, 1, 0);
    case DecimalFunction::atan: {
      const Float half = to_quad(mp::atan(Float(1)) * 2);
      return from_quad(negative ? Float(-half) : half);
    }
    default:
      return decimal_nan;
  }
}

/// Whether the result of an exponential of this is beyond all decimals.
bool is_far(const Float& x) { return mp::abs(x) > 15'000; }

Decimal128 nearly_zero() { return compose_decimal(false, 0, min_decimal_exponent); }

/// e^x of an operand in two parts of 113 bits: e^high + e^high · low. Where a binary number of 128
/// bits could not hold the result, a factor of e^±11000 is taken out, as a decimal.
Decimal128 exponential(const Float& x) {
  constexpr int step = 11'000;
  Float high = cut_to_quad(x);
  const Float low = to_quad(x - high);
  const auto combine = [&] {
    const Float power = to_quad(mp::exp(high));
    return from_quad(to_quad(power + to_quad(power * low)));
  };
  if (mp::abs(high) <= step) return combine();
  const int shift = high > 0 ? step : -step;
  high = to_quad(high - shift);
  return decimal_multiply(combine(), from_quad(mp::exp(Float(shift))));
}

bool is_whole(const DecimalParts& parts) {
  if (parts.exponent >= 0 || parts.coefficient == 0) return true;
  if (-parts.exponent > decimal_digits) return false;
  return parts.coefficient % power_of_ten(-parts.exponent) == 0;
}

bool is_odd(const DecimalParts& parts) {
  if (parts.exponent > 0) return false;
  if (-parts.exponent > decimal_digits) return false;
  return (parts.coefficient / power_of_ten(-parts.exponent) & 1) != 0;
}

/// As many digits as fit, the value being the same: what adding 0E-6176 does.
Decimal128 pad(Decimal128 value) {
  if (value.is_nan() || value.is_infinite()) return value;
  DecimalParts parts = decimal_parts(value);
  if (parts.coefficient == 0) return nearly_zero();
  const int room = std::min(decimal_digits - count_digits(parts.coefficient),
                            parts.exponent - min_decimal_exponent);
  return compose_decimal(parts.negative, parts.coefficient * power_of_ten(room),
                         parts.exponent - room);
}

Decimal128 power_of_finite(const DecimalParts& base, const DecimalParts& exponent) {
  const bool whole = is_whole(exponent);
  const bool negative = base.negative && whole && is_odd(exponent);
  if (base.coefficient == 0)
    return exponent.negative ? decimal_infinity(negative) : compose_decimal(negative, 0, 0);
  if (base.negative && !whole) return decimal_nan;
  DecimalParts magnitude = base;
  magnitude.negative = false;
  const Float logarithm = mp::log(to_quad(to_float(magnitude))) * to_quad(to_float(exponent));
  if (is_far(logarithm))
    return logarithm > 0 ? decimal_infinity(negative)
                         : compose_decimal(negative, 0, min_decimal_exponent);
  const Float result = to_quad(mp::exp(logarithm));
  return from_quad(negative ? Float(-result) : result);
}

}  // namespace

Decimal128 decimal_power(Decimal128 base, Decimal128 exponent) {
  const Decimal128 one{1, Decimal128{}.high};
  if (decimal_is_zero(exponent)) return pad(one);
  if (base.is_nan() || exponent.is_nan()) return decimal_nan;
  if (exponent.is_infinite()) {
    Float magnitude = 2;
    if (!base.is_infinite()) {
      DecimalParts parts = decimal_parts(base);
      parts.negative = false;
      magnitude = to_float(parts);
    }
    if (magnitude == 1) return pad(one);
    return (magnitude > 1) == exponent.is_negative() ? nearly_zero() : decimal_infinity(false);
  }
  const DecimalParts power = decimal_parts(exponent);
  if (base.is_infinite()) {
    const bool negative = base.is_negative() && is_whole(power) && is_odd(power);
    return power.negative ? nearly_zero() : decimal_infinity(negative);
  }
  return pad(power_of_finite(decimal_parts(base), power));
}

Decimal128 decimal_function(DecimalFunction function, Decimal128 value) {
  if (value.is_nan()) return decimal_nan;
  if (value.is_infinite()) return at_infinity(function, value.is_negative());
  const DecimalParts parts = decimal_parts(value);
  const bool zero = parts.coefficient == 0;
  switch (function) {
    case DecimalFunction::sin:
    case DecimalFunction::tan:
      if (zero) return value;
      return from_quad(to_quad(circular(function, parts)));
    case DecimalFunction::cos:
      if (zero) return compose_decimal(false, 1, 0);
      return from_quad(to_quad(circular(function, parts)));
    case DecimalFunction::asin:
    case DecimalFunction::atan:
    case DecimalFunction::sinh:
    case DecimalFunction::tanh:
    case DecimalFunction::asinh:
    case DecimalFunction::atanh:
      if (zero) return value;
      break;
    default:
      break;
  }
  const Float x = to_quad(to_float(parts));
  switch (function) {
    case DecimalFunction::exp:
      if (is_far(x)) return parts.negative ? nearly_zero() : decimal_infinity(false);
      return exponential(to_float(parts));
    case DecimalFunction::sinh:
    case DecimalFunction::cosh:
      if (is_far(x)) return decimal_infinity(parts.negative && function == DecimalFunction::sinh);
      break;
    case DecimalFunction::tanh:
      if (is_far(x)) return compose_decimal(parts.negative, 1, 0);
      break;
    case DecimalFunction::ln:
    case DecimalFunction::log10:
      if (zero) return decimal_infinity(true);
      if (parts.negative) return decimal_nan;
      break;
    case DecimalFunction::asin:
    case DecimalFunction::acos:
      if (mp::abs(x) > 1) return decimal_nan;
      break;
    case DecimalFunction::atanh:
      if (mp::abs(x) > 1) return decimal_nan;
      if (mp::abs(x) == 1) return decimal_infinity(parts.negative);
      break;
    case DecimalFunction::acosh:
      if (x < 1) return decimal_nan;
      break;
    default:
      break;
  }
  return from_quad(to_quad(apply(function, x)));
}

Decimal128 decimal_atan2(Decimal128 y, Decimal128 x) {
  if (y.is_nan() || x.is_nan()) return decimal_nan;
  const Float quarter = mp::atan(Float(1));
  const auto give = [&](Float angle) {
    return from_quad(to_quad(y.is_negative() ? Float(-angle) : angle));
  };
  if (y.is_infinite() || x.is_infinite()) {
    if (y.is_infinite() && x.is_infinite()) return give(x.is_negative() ? 3 * quarter : quarter);
    if (y.is_infinite()) return give(2 * quarter);
    return x.is_negative() ? give(4 * quarter) : compose_decimal(y.is_negative(), 0, 0);
  }
  if (decimal_is_zero(y))
    return x.is_negative() ? give(4 * quarter) : compose_decimal(y.is_negative(), 0, 0);
  if (decimal_is_zero(x)) return give(2 * quarter);
  const Float top = to_quad(to_float(decimal_parts(y)));
  const Float bottom = to_quad(to_float(decimal_parts(x)));
  return from_quad(to_quad(mp::atan2(top, bottom)));
}

Decimal128 decimal_from_exactly(double value) {
  if (std::isnan(value)) return decimal_nan;
  if (std::isinf(value)) return decimal_infinity(value < 0);
  if (value == 0) return compose_decimal(std::signbit(value), 0, 0);
  return from_quad(Float(value));
}

}  // namespace quire::store::embedded
