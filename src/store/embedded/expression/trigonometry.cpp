#include <array>
#include <cmath>
#include <string>

#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Decimal128;
using bson::Type;
using bson::ValueView;

namespace {

constexpr int not_a_number = 28765;
constexpr int out_of_bounds = 50989;

/// The numbers that a function takes.
enum class Domain : std::uint8_t { all, finite, unit, from_one };

std::string_view domain_text(Domain domain) {
  switch (domain) {
    case Domain::finite:
      return "(-inf,inf)";
    case Domain::unit:
      return "[-1,1]";
    default:
      return "[1,inf]";
  }
}

bool is_within(Domain domain, ValueView number) {
  if (domain == Domain::all) return true;
  if (domain == Domain::finite) {
    if (number.type() == Type::decimal128)
      return !bson::load<Decimal128>(number.data()).is_infinite();
    return !std::isinf(to_double(number));
  }
  if (number.type() == Type::decimal128) {
    // Exactly: the nearest double of a decimal just beyond 1 is 1.
    const auto value = bson::load<Decimal128>(number.data());
    const Decimal128 least = decimal_from(std::int64_t{domain == Domain::unit ? -1 : 1});
    const Decimal128 above = decimal_add(value, decimal_negate(least));
    if (above.is_negative() && !decimal_is_zero(above)) return false;
    if (domain == Domain::from_one) return true;
    const Decimal128 below = decimal_add(value, decimal_from(std::int64_t{-1}));
    return below.is_negative() || decimal_is_zero(below);
  }
  const double value = to_double(number);
  return domain == Domain::unit ? value >= -1 && value <= 1 : value >= 1;
}

ValueView apply(const Call& c, DecimalFunction of_decimal, double (*of_double)(double),
                Domain domain) {
  const ValueView value = c[0];
  if (is_nullish(value)) return null_value;
  if (!is_number(value)) fail_type(not_a_number, c.op.name, "numeric types", value);
  if (is_nan(value)) return value;
  if (!is_within(domain, value))
    fail_expression(out_of_bounds, "cannot apply " + std::string(c.op.name) + " to " + show(value) +
                                       ", value must be in " + std::string(domain_text(domain)));
  if (value.type() == Type::decimal128)
    return c.e.decimal(decimal_function(of_decimal, bson::load<Decimal128>(value.data())));
  return c.e.number(of_double(to_double(value)));
}

template <DecimalFunction of_decimal, double (*of_double)(double), Domain domain>
ValueView function(const Call& c) {
  return apply(c, of_decimal, of_double, domain);
}

// The overloads of <cmath> for double have an address of their own.
double sin_of(double x) { return std::sin(x); }
double cos_of(double x) { return std::cos(x); }
double tan_of(double x) { return std::tan(x); }
double asin_of(double x) { return std::asin(x); }
double acos_of(double x) { return std::acos(x); }
double atan_of(double x) { return std::atan(x); }
double sinh_of(double x) { return std::sinh(x); }
double cosh_of(double x) { return std::cosh(x); }
double tanh_of(double x) { return std::tanh(x); }
double asinh_of(double x) { return std::asinh(x); }
double acosh_of(double x) { return std::acosh(x); }
double atanh_of(double x) { return std::atanh(x); }

ValueView atan2_of(const Call& c) {
  if (is_nullish(c[0]) || is_nullish(c[1])) return null_value;
  if (!is_number(c[0])) fail_type(51044, c.op.name, "numeric types", c[0]);
  if (!is_number(c[1])) fail_type(51045, c.op.name, "numeric types", c[1]);
  if (wider_type(c[0].type(), c[1].type()) == Type::decimal128)
    return c.e.decimal(decimal_atan2(to_decimal(c[0]), to_decimal(c[1])));
  return c.e.number(std::atan2(to_double(c[0]), to_double(c[1])));
}

ValueView scale(const Call& c, double factor, std::string_view decimal_factor) {
  const ValueView value = c[0];
  if (is_nullish(value)) return null_value;
  if (!is_number(value)) fail_type(not_a_number, c.op.name, "numeric types", value);
  if (value.type() == Type::decimal128)
    return c.e.decimal(decimal_multiply(bson::load<Decimal128>(value.data()),
                                        Decimal128::from_string(decimal_factor)));
  return c.e.number(to_double(value) * factor);
}

constexpr double pi = 3.14159265358979323846;

ValueView to_radians(const Call& c) {
  return scale(c, pi / 180, "0.01745329251994329576923690768488613");
}
ValueView to_degrees(const Call& c) {
  return scale(c, 180 / pi, "57.29577951308232087679815481410517");
}

constexpr auto table = std::to_array<Operator>({
    function_operator("$acos", function<DecimalFunction::acos, acos_of, Domain::unit>, 1, 1),
    function_operator("$acosh", function<DecimalFunction::acosh, acosh_of, Domain::from_one>, 1, 1),
    function_operator("$asin", function<DecimalFunction::asin, asin_of, Domain::unit>, 1, 1),
    function_operator("$asinh", function<DecimalFunction::asinh, asinh_of, Domain::all>, 1, 1),
    function_operator("$atan", function<DecimalFunction::atan, atan_of, Domain::all>, 1, 1),
    function_operator("$atan2", atan2_of, 2, 2),
    function_operator("$atanh", function<DecimalFunction::atanh, atanh_of, Domain::unit>, 1, 1),
    function_operator("$cos", function<DecimalFunction::cos, cos_of, Domain::finite>, 1, 1),
    function_operator("$cosh", function<DecimalFunction::cosh, cosh_of, Domain::all>, 1, 1),
    function_operator("$degreesToRadians", to_radians, 1, 1),
    function_operator("$radiansToDegrees", to_degrees, 1, 1),
    function_operator("$sin", function<DecimalFunction::sin, sin_of, Domain::finite>, 1, 1),
    function_operator("$sinh", function<DecimalFunction::sinh, sinh_of, Domain::all>, 1, 1),
    function_operator("$tan", function<DecimalFunction::tan, tan_of, Domain::finite>, 1, 1),
    function_operator("$tanh", function<DecimalFunction::tanh, tanh_of, Domain::all>, 1, 1),
});

}  // namespace

std::span<const Operator> trigonometry_operators() noexcept { return table; }

}  // namespace quire::store::embedded
