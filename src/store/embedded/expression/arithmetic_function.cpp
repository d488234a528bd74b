#include <cmath>
#include <limits>
#include <string>

#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/arithmetic.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Decimal128;
using bson::Type;
using bson::ValueView;

namespace {

constexpr int not_a_number = 28765;

/// False when the operand is null, so that the result is; fails when it is no number.
bool check_number(const Call& c) {
  if (is_nullish(c[0])) return false;
  if (!is_number(c[0])) fail_type(not_a_number, c.op.name, "numeric types", c[0]);
  return true;
}

bool is_decimal(ValueView value) { return value.type() == Type::decimal128; }
bool is_positive(Decimal128 value) {
  return !value.is_nan() && !value.is_negative() && !decimal_is_zero(value);
}
bool is_one(Decimal128 value) {
  return decimal_is_zero(decimal_add(value, decimal_from(std::int64_t{-1})));
}

ValueView to_whole(const Call& c, double (*of_double)(double), DecimalRounding rounding) {
  if (!check_number(c)) return null_value;
  const ValueView value = c[0];
  if (value.type() == Type::double_) return c.e.number(of_double(bson::load<double>(value.data())));
  if (!is_decimal(value)) return value;
  // What has no form with exponent 0 (infinities, and more than 34 digits) gives NaN there.
  const auto decimal = bson::load<Decimal128>(value.data());
  if (decimal.is_nan() || decimal.is_infinite()) return c.e.decimal(decimal_nan);
  return c.e.decimal(decimal_quantize(decimal, 0, rounding).value_or(decimal_nan));
}

/// A logarithm whose operand has to be positive; NaN stays.
ValueView logarithm(const Call& c, DecimalFunction of_decimal, double (*of_double)(double),
                    int code) {
  if (!check_number(c)) return null_value;
  const ValueView value = c[0];
  if (is_decimal(value)) {
    const auto decimal = bson::load<Decimal128>(value.data());
    if (is_positive(decimal)) return c.e.decimal(decimal_function(of_decimal, decimal));
  }
  const double number = to_double(value);
  if (!(number > 0 || std::isnan(number)))
    fail_expression(code, std::string(c.op.name) +
                              "'s argument must be a positive number, but is " + show(value));
  return c.e.number(of_double(number));
}

/// base^exponent of whole numbers, exponent >= 0; false where int64 overflows.
bool integer_power(std::int64_t base, std::int64_t exponent, std::int64_t& out) {
  out = 1;
  if (base == 0 || base == 1 || exponent == 0) {
    out = exponent == 0 ? 1 : base;
    return true;
  }
  if (base == -1) {
    out = exponent % 2 == 0 ? 1 : -1;
    return true;
  }
  for (;;) {
    if ((exponent & 1) != 0 && !compute(IntegerOperation::multiply, out, base, out)) return false;
    exponent >>= 1;
    if (exponent == 0) return true;
    if (!compute(IntegerOperation::multiply, base, base, base)) return false;
  }
}

}  // namespace

ValueView abs_of(const Call& c) {
  if (!check_number(c)) return null_value;
  const ValueView value = c[0];
  if (value.type() == Type::double_) return c.e.number(std::fabs(bson::load<double>(value.data())));
  if (is_decimal(value)) return c.e.decimal(decimal_abs(bson::load<Decimal128>(value.data())));
  const std::int64_t number = integer_of(value);
  if (number == std::numeric_limits<std::int64_t>::min())
    fail_expression(28680, "can't take $abs of long long min");
  return integer_result(c.e, value.type(), number < 0 ? -number : number);
}

ValueView ceil_of(const Call& c) { return to_whole(c, std::ceil, DecimalRounding::up); }
ValueView floor_of(const Call& c) { return to_whole(c, std::floor, DecimalRounding::down); }

ValueView exp_of(const Call& c) {
  if (!check_number(c)) return null_value;
  if (is_decimal(c[0]))
    return c.e.decimal(decimal_function(DecimalFunction::exp, to_decimal(c[0])));
  return c.e.number(std::exp(to_double(c[0])));
}

ValueView ln_of(const Call& c) { return logarithm(c, DecimalFunction::ln, std::log, 28766); }
ValueView log10_of(const Call& c) {
  return logarithm(c, DecimalFunction::log10, std::log10, 28761);
}

ValueView log_of(const Call& c) {
  const ValueView value = c[0];
  const ValueView base = c[1];
  if (is_nullish(value) || is_nullish(base)) return null_value;
  if (!is_number(value))
    fail_expression(28756,
                    "$log's argument must be numeric, not " + std::string(value_type_name(value)));
  if (!is_number(base))
    fail_expression(28757,
                    "$log's base must be numeric, not " + std::string(value_type_name(base)));
  if (is_decimal(value) || is_decimal(base)) {
    const Decimal128 x = to_decimal(value);
    const Decimal128 b = to_decimal(base);
    if (is_positive(x) && is_positive(b) && !is_one(b))
      return c.e.decimal(decimal_divide(decimal_function(DecimalFunction::ln, x),
                                        decimal_function(DecimalFunction::ln, b)));
  }
  const double x = to_double(value);
  const double b = to_double(base);
  if (!(x > 0 || std::isnan(x)))
    fail_expression(28758, "$log's argument must be a positive number, but is " + show(value));
  if (!((b > 0 && b != 1) || std::isnan(b)))
    fail_expression(28759,
                    "$log's base must be a positive number not equal to 1, but is " + show(base));
  return c.e.number(std::log(x) / std::log(b));
}

ValueView pow_of(const Call& c) {
  const ValueView base = c[0];
  const ValueView exponent = c[1];
  if (is_nullish(base) || is_nullish(exponent)) return null_value;
  if (!is_number(base))
    fail_expression(28762,
                    "$pow's base must be numeric, not " + std::string(value_type_name(base)));
  if (!is_number(exponent))
    fail_expression(
        28763, "$pow's exponent must be numeric, not " + std::string(value_type_name(exponent)));
  const Type type = wider_type(base.type(), exponent.type());
  const auto check = [&](bool base_is_zero, bool exponent_is_negative) {
    if (base_is_zero && exponent_is_negative)
      fail_expression(28764, "$pow cannot take a base of 0 and a negative exponent");
  };
  if (type == Type::decimal128) {
    const Decimal128 x = to_decimal(base);
    const Decimal128 y = to_decimal(exponent);
    check(decimal_is_zero(x), y.is_negative() && !y.is_nan() && !decimal_is_zero(y));
    return c.e.decimal(decimal_power(x, y));
  }
  const double x = to_double(base);
  const double y = to_double(exponent);
  check(x == 0, y < 0);
  if (type == Type::double_) return c.e.number(std::pow(x, y));
  std::int64_t whole = integer_of(exponent);
  const std::int64_t number = integer_of(base);
  // 1 and -1 are the whole numbers with whole powers below zero.
  if (whole < 0 && (number == 1 || number == -1)) whole = whole % 2 == 0 ? 0 : 1;
  std::int64_t out = 0;
  if (whole < 0 || !integer_power(number, whole, out)) return c.e.number(std::pow(x, y));
  return integer_result(c.e, type, out);
}

ValueView sqrt_of(const Call& c) {
  if (!check_number(c)) return null_value;
  const auto check = [](bool negative) {
    if (negative) fail_expression(28714, "$sqrt's argument must be greater than or equal to 0");
  };
  if (is_decimal(c[0])) {
    const Decimal128 value = to_decimal(c[0]);
    check(value.is_negative() && !value.is_nan() && !decimal_is_zero(value));
    return c.e.decimal(decimal_sqrt(value));
  }
  const double value = to_double(c[0]);
  check(value < 0);
  return c.e.number(std::sqrt(value));
}

/// 1 / (1 + e^-x)
ValueView sigmoid_of(const Call& c) {
  if (is_nullish(c[0])) return null_value;
  constexpr int type_mismatch = 14;
  if (!is_number(c[0])) fail_type(type_mismatch, c.op.name, "numeric types", c[0]);
  if (is_decimal(c[0])) {
    const Decimal128 one = decimal_from(std::int64_t{1});
    const Decimal128 power =
        decimal_function(DecimalFunction::exp, decimal_negate(to_decimal(c[0])));
    return c.e.decimal(decimal_divide(one, decimal_add(one, power)));
  }
  return c.e.number(1 / (1 + std::exp(-to_double(c[0]))));
}

}  // namespace quire::store::embedded
