#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/arithmetic.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Decimal128;
using bson::Type;
using bson::ValueView;

namespace {

constexpr int fewest_places = -20;
constexpr int most_places = 100;

/// The second argument: a whole number within bounds.
int places_of(ValueView value, std::string_view name) {
  if (!is_number(value))
    fail_expression(
        16004, "can't convert from BSON type " + std::string(value_type_name(value)) + " to long");
  if (value.type() == Type::double_ && !integer_part(value))
    fail_expression(31109, "Can't represent value outside of range in a long: " + show(value));
  const auto part = integer_part(value);
  if (!part || !part->whole || part->value < std::numeric_limits<std::int32_t>::min() ||
      part->value > std::numeric_limits<std::int32_t>::max())
    fail_expression(51082,
                    "precision argument to  " + std::string(name) + " must be a integral value");
  if (part->value < fewest_places || part->value > most_places)
    fail_expression(51083, "cannot apply " + std::string(name) + " with precision value " +
                               std::to_string(part->value) + " value must be in [-20, 100]");
  return static_cast<int>(part->value);
}

ValueView to_places(const Call& c, DecimalRounding rounding, double (*of_double)(double)) {
  const ValueView value = c[0];
  if (is_nullish(value)) return null_value;
  if (!is_number(value)) fail_type(51081, c.op.name, "numeric types", value);
  int places = 0;
  if (c.size() > 1) {
    if (is_nullish(c[1])) return null_value;
    places = places_of(c[1], c.op.name);
  }
  switch (value.type()) {
    case Type::decimal128: {
      const auto decimal = bson::load<Decimal128>(value.data());
      if (decimal.is_nan() || decimal.is_infinite()) return value;
      // A number without room for that many places has none beyond them.
      const auto out = decimal_quantize(decimal, -places, rounding);
      return out ? c.e.decimal(*out) : value;
    }
    case Type::double_: {
      const auto number = bson::load<double>(value.data());
      if (places == 0 || !std::isfinite(number)) return c.e.number(of_double(number));
      const auto out = decimal_quantize(decimal_from_exactly(number), -places, rounding);
      return out ? c.e.number(std::strtod(out->str().c_str(), nullptr)) : value;
    }
    default: {
      if (places >= 0) return value;
      const auto out = decimal_quantize(decimal_from(integer_of(value)), -places, rounding);
      const auto whole = decimal_to_int64(*out, DecimalRounding::toward_zero);
      if (!whole)
        fail_expression(51080, "invalid conversion from Decimal128 result in " +
                                   std::string(c.op.name) + " resulting from arguments: [" +
                                   std::to_string(integer_of(value)) + ", " +
                                   std::to_string(places) + "]");
      return integer_result(c.e, value.type(), *whole);
    }
  }
}

}  // namespace

ValueView round_of(const Call& c) {
  return to_places(c, DecimalRounding::half_even, std::nearbyint);
}
ValueView trunc_of(const Call& c) { return to_places(c, DecimalRounding::toward_zero, std::trunc); }

}  // namespace quire::store::embedded
