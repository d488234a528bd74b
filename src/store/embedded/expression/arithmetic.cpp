#include "store/embedded/expression/arithmetic.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

constexpr int type_mismatch = 14;
constexpr int bad_value = 2;
constexpr int overflow = 15;

constexpr double int64_end = 9223372036854775808.0;

/// Milliseconds that a number adds to a date.
std::int64_t milliseconds(ValueView number, const std::string& message) {
  switch (number.type()) {
    case Type::double_: {
      const auto value = bson::load<double>(number.data());
      if (!(value >= -int64_end && value < int64_end)) fail_expression(overflow, message);
      return std::llround(value);
    }
    case Type::decimal128: {
      const auto value =
          decimal_to_int64(bson::load<bson::Decimal128>(number.data()), DecimalRounding::half_even);
      if (!value) fail_expression(overflow, message);
      return *value;
    }
    default:
      return integer_of(number);
  }
}

/// A number whose type widens with what comes; the member of its type has it.
class RunningNumber {
 public:
  [[nodiscard]] ValueView value(Evaluation& e) const {
    switch (type_) {
      case Type::double_:
        return e.number(double_);
      case Type::decimal128:
        return e.decimal(decimal_);
      default:
        return integer_result(e, type_, integer_);
    }
  }

 protected:
  explicit RunningNumber(std::int64_t start)
      : integer_(start), double_(static_cast<double>(start)) {}

  Type type_ = Type::int32;
  std::int64_t integer_;
  double double_;
  bson::Decimal128 decimal_;
};

class Sum : public RunningNumber {
 public:
  Sum() : RunningNumber(0) {}
  void take(ValueView number) {
    const Type wide = wider_type(type_, number.type());
    if (wide != type_) widen(wide);
    switch (type_) {
      case Type::double_:
        double_ += to_double(number);
        return;
      case Type::decimal128:
        decimal_ = decimal_add(decimal_, to_decimal(number));
        return;
      default: {
        const std::int64_t before = integer_;
        if (compute(IntegerOperation::add, before, integer_of(number), integer_)) return;
        integer_ = before;
        widen(Type::double_);
        double_ += to_double(number);
      }
    }
  }

 private:
  void widen(Type wide) {
    if (wide == Type::double_) double_ = static_cast<double>(integer_);
    if (wide == Type::decimal128)
      decimal_ = type_ == Type::double_ ? decimal_from(double_) : decimal_from(integer_);
    type_ = wide;
  }
};

/// The product of doubles is kept beside that of integers from the beginning, as the
/// server does: 0 · -1 · 2.5 is -0.0, and large integers round at each step.
class Product : public RunningNumber {
 public:
  Product() : RunningNumber(1) {}
  void take(ValueView number) {
    const Type before = type_;
    type_ = wider_type(type_, number.type());
    if (type_ == Type::decimal128) {
      if (before != Type::decimal128)
        decimal_ = before == Type::double_ ? decimal_from(double_) : decimal_from(integer_);
      decimal_ = decimal_multiply(decimal_, to_decimal(number));
      return;
    }
    double_ *= to_double(number);
    if (type_ == Type::double_) return;
    std::int64_t product = 0;
    if (compute(IntegerOperation::multiply, integer_, integer_of(number), product)) {
      integer_ = product;
    } else {
      type_ = Type::double_;
    }
  }
};

/// $add: numbers and at most one date. Null as soon as an operand is.
class AddExpression final : public Expression {
 public:
  AddExpression(const Operator&, std::vector<ExpressionPtr> arguments) {
    children_ = std::move(arguments);
  }
  ValueView evaluate(Evaluation& e) const override {
    Sum total;
    bool date = false;
    std::int64_t ms = 0;
    const auto shift = [&](std::int64_t by) {
      if (!compute(IntegerOperation::add, ms, by, ms)) fail_expression(overflow, "date overflow");
    };
    for (const auto& child : children_) {
      const ValueView value = child->evaluate(e);
      if (is_nullish(value)) return null_value;
      if (value.type() == Type::date_time) {
        if (date) fail_expression(16612, "only one date allowed in an $add expression");
        date = true;
        ms = milliseconds(total.value(e), "date overflow");
        shift(bson::load<std::int64_t>(value.data()));
      } else if (!is_number(value)) {
        fail_type(type_mismatch, "$add", "numeric or date types", value);
      } else if (date) {
        shift(milliseconds(value, "date overflow"));
      } else {
        total.take(value);
      }
    }
    return date ? e.date(ms) : total.value(e);
  }
};

class MultiplyExpression final : public Expression {
 public:
  MultiplyExpression(const Operator&, std::vector<ExpressionPtr> arguments) {
    children_ = std::move(arguments);
  }
  ValueView evaluate(Evaluation& e) const override {
    Product total;
    for (const auto& child : children_) {
      const ValueView value = child->evaluate(e);
      if (is_nullish(value)) return null_value;
      if (!is_number(value)) fail_type(type_mismatch, "$multiply", "numeric types", value);
      total.take(value);
    }
    return total.value(e);
  }
};

ValueView subtract(const Call& c) {
  const ValueView a = c[0];
  const ValueView b = c[1];
  if (is_nullish(a) || is_nullish(b)) return null_value;
  if (is_number(a) && is_number(b)) {
    const Type type = wider_type(a.type(), b.type());
    if (type == Type::decimal128)
      return c.e.decimal(decimal_add(to_decimal(a), decimal_negate(to_decimal(b))));
    std::int64_t out = 0;
    if (type != Type::double_ &&
        compute(IntegerOperation::subtract, integer_of(a), integer_of(b), out))
      return integer_result(c.e, type, out);
    return c.e.number(to_double(a) - to_double(b));
  }
  if (a.type() == Type::date_time) {
    const auto from = bson::load<std::int64_t>(a.data());
    const std::string message = "date overflow in $subtract";
    const bool two_dates = b.type() == Type::date_time;
    if (!two_dates && !is_number(b))
      fail_expression(type_mismatch,
                      "can't $subtract " + std::string(value_type_name(b)) + " from Date");
    const std::int64_t by =
        two_dates ? bson::load<std::int64_t>(b.data()) : milliseconds(b, message);
    std::int64_t out = 0;
    if (!compute(IntegerOperation::subtract, from, by, out)) fail_expression(overflow, message);
    return two_dates ? c.e.int64(out) : c.e.date(out);
  }
  fail_expression(type_mismatch, "can't $subtract " + std::string(value_type_name(b)) + " from " +
                                     std::string(value_type_name(a)));
}

ValueView divide(const Call& c) {
  const ValueView a = c[0];
  const ValueView b = c[1];
  if (is_nullish(a) || is_nullish(b)) return null_value;
  if (!is_number(a) || !is_number(b))
    fail_expression(type_mismatch, "$divide only supports numeric types, not " +
                                       std::string(value_type_name(a)) + " and " +
                                       std::string(value_type_name(b)));
  if (wider_type(a.type(), b.type()) == Type::decimal128) {
    const bson::Decimal128 divisor = to_decimal(b);
    if (decimal_is_zero(divisor)) fail_expression(bad_value, "can't $divide by zero");
    return c.e.decimal(decimal_divide(to_decimal(a), divisor));
  }
  const double divisor = to_double(b);
  if (divisor == 0) fail_expression(bad_value, "can't $divide by zero");
  return c.e.number(to_double(a) / divisor);
}

ValueView remainder(const Call& c) {
  const ValueView a = c[0];
  const ValueView b = c[1];
  if (is_nullish(a) || is_nullish(b)) return null_value;
  if (!is_number(a) || !is_number(b))
    fail_expression(16611, "$mod only supports numeric types, not " +
                               std::string(value_type_name(a)) + " and " +
                               std::string(value_type_name(b)));
  const Type type = wider_type(a.type(), b.type());
  if (type == Type::decimal128) {
    const bson::Decimal128 divisor = to_decimal(b);
    if (decimal_is_zero(divisor)) fail_expression(5733415, "can't $mod by zero");
    return c.e.decimal(decimal_remainder(to_decimal(a), divisor));
  }
  if (to_double(b) == 0) fail_expression(16610, "can't $mod by zero");
  if (type == Type::double_) return c.e.number(std::fmod(to_double(a), to_double(b)));
  const std::int64_t divisor = integer_of(b);
  return integer_result(c.e, type, divisor == -1 ? 0 : integer_of(a) % divisor);
}

/// $sigmoid takes one expression, not a list: an array is a value, and no number.
ExpressionPtr parse_sigmoid(const Operator&, ValueView argument, ParseScope& scope) {
  static constexpr Operator one = function_operator("$sigmoid", sigmoid_of, 1, 1);
  std::vector<ExpressionPtr> arguments;
  arguments.push_back(parse_expression(argument, scope));
  return make_function(one, std::move(arguments));
}

constexpr auto table = std::to_array<Operator>({
    function_operator("$abs", abs_of, 1, 1),
    sequence_operator("$add", parse_sequence<AddExpression>),
    function_operator("$ceil", ceil_of, 1, 1),
    function_operator("$divide", divide, 2, 2),
    function_operator("$exp", exp_of, 1, 1),
    function_operator("$floor", floor_of, 1, 1),
    function_operator("$ln", ln_of, 1, 1),
    function_operator("$log", log_of, 2, 2),
    function_operator("$log10", log10_of, 1, 1),
    function_operator("$mod", remainder, 2, 2),
    sequence_operator("$multiply", parse_sequence<MultiplyExpression>),
    function_operator("$pow", pow_of, 2, 2),
    function_operator("$round", round_of, 1, 2),
    parsed_operator("$sigmoid", parse_sigmoid),
    function_operator("$sqrt", sqrt_of, 1, 1),
    function_operator("$subtract", subtract, 2, 2),
    function_operator("$trunc", trunc_of, 1, 2),
});

}  // namespace

std::span<const Operator> arithmetic_operators() noexcept { return table; }

}  // namespace quire::store::embedded
