#include "store/embedded/pipeline/value_math.hpp"

#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

std::int64_t date_of(ValueView date) { return bson::load<std::int64_t>(date.data()); }

void require_numbers(std::string_view what, ValueView a, ValueView b) {
  for (const ValueView value : {a, b}) {
    if (!is_number(value))
      fail_expression(14, std::string(what) + " only supports numeric types, not " +
                              std::string(value_type_name(value)));
  }
}

bson::Decimal128 negated(bson::Decimal128 value) {
  value.high ^= 1ULL << 63;
  return value;
}

/// Of int32 and int64; a double where int64 overflows.
ValueView integers(IntegerOperation operation, ValueView a, ValueView b, Type type, double overflow,
                   Evaluation& e) {
  std::int64_t out = 0;
  if (!compute(operation, integer_of(a), integer_of(b), out)) return e.number(overflow);
  return type == Type::int32 ? e.narrow(out) : e.int64(out);
}

}  // namespace

ValueView add_values(ValueView a, ValueView b, Evaluation& e) {
  if (is_nullish(a) || is_nullish(b)) return null_value;
  if (a.type() == Type::date_time && is_number(b))
    return e.date(date_of(a) + static_cast<std::int64_t>(to_double(b)));
  if (b.type() == Type::date_time && is_number(a))
    return e.date(date_of(b) + static_cast<std::int64_t>(to_double(a)));
  require_numbers("$add", a, b);
  const Type type = wider_type(a.type(), b.type());
  if (type == Type::decimal128) return e.decimal(decimal_add(to_decimal(a), to_decimal(b)));
  const double sum = to_double(a) + to_double(b);
  if (type == Type::double_) return e.number(sum);
  return integers(IntegerOperation::add, a, b, type, sum, e);
}

ValueView subtract_values(ValueView a, ValueView b, Evaluation& e) {
  if (is_nullish(a) || is_nullish(b)) return null_value;
  if (a.type() == Type::date_time && b.type() == Type::date_time)
    return e.int64(date_of(a) - date_of(b));
  if (a.type() == Type::date_time && is_number(b))
    return e.date(date_of(a) - static_cast<std::int64_t>(to_double(b)));
  require_numbers("$subtract", a, b);
  const Type type = wider_type(a.type(), b.type());
  if (type == Type::decimal128)
    return e.decimal(decimal_add(to_decimal(a), negated(to_decimal(b))));
  const double difference = to_double(a) - to_double(b);
  if (type == Type::double_) return e.number(difference);
  return integers(IntegerOperation::subtract, a, b, type, difference, e);
}

ValueView multiply_values(ValueView a, ValueView b, Evaluation& e) {
  if (is_nullish(a) || is_nullish(b)) return null_value;
  require_numbers("$multiply", a, b);
  const Type type = wider_type(a.type(), b.type());
  if (type == Type::decimal128) return e.decimal(decimal_multiply(to_decimal(a), to_decimal(b)));
  const double product = to_double(a) * to_double(b);
  if (type == Type::double_) return e.number(product);
  return integers(IntegerOperation::multiply, a, b, type, product, e);
}

ValueView divide_values(ValueView a, ValueView b, Evaluation& e) {
  if (is_nullish(a) || is_nullish(b)) return null_value;
  require_numbers("$divide", a, b);
  if (!is_true(b)) return missing;
  if (wider_type(a.type(), b.type()) == Type::decimal128)
    return e.decimal(decimal_divide(to_decimal(a), to_decimal(b)));
  return e.number(to_double(a) / to_double(b));
}

}  // namespace quire::store::embedded
