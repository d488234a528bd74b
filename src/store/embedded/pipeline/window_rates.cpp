#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/numeric.hpp"
#include "store/embedded/pipeline/value_math.hpp"
#include "store/embedded/pipeline/window_special.hpp"

/// $derivative, $expMovingAvg.
namespace quire::store::embedded::window_special {

using bson::Type;
using bson::ValueView;

namespace {

// ---- $derivative

struct Derivative;
class DerivativeRun final : public WindowRun {
 public:
  explicit DerivativeRun(const Derivative& function);
  void begin(const WindowInput& in) override {
    finder_.begin(in.partition.size(), &in.sort_values);
  }
  ValueView at(std::size_t i, const WindowInput& in) override;

 private:
  const Derivative& function_;
  WindowFinder finder_;
};
struct Derivative final : Simple<Derivative, DerivativeRun> {
  WindowBounds bounds;
  std::int64_t unit_ms = 0;
  bool needs_sort_values() const noexcept override { return true; }
};

DerivativeRun::DerivativeRun(const Derivative& function)
    : function_(function), finder_(function.bounds) {}

ValueView DerivativeRun::at(std::size_t i, const WindowInput& in) {
  Evaluation& e = in.e;
  e.reset();
  const auto window = finder_.find(i, e);
  if (window.begin == window.end) return null_value;
  const ValueView left = in.sort_values[window.begin].view();
  const ValueView right = in.sort_values[window.end - 1].view();
  const bool left_date = left.type() == Type::date_time;
  const bool right_date = right.type() == Type::date_time;
  if (function_.unit_ms != 0) {
    if (!left_date || !right_date)
      fail_expression(5624900, "$derivative with 'unit' expects the sortBy field to be a Date");
  } else {
    if (left_date || right_date)
      fail_expression(5624901, "$derivative where the sortBy is a Date requires an 'unit'");
    if (!is_number(left) || !is_number(right))
      fail_expression(5624902,
                      "$derivative (with no 'unit') expects the sortBy field to be numeric");
  }
  const HeldValue before(input_at(*function_.input, window.begin, in));
  const HeldValue after(input_at(*function_.input, window.end - 1, in));
  const ValueView run = subtract_values(right, left, e);
  const ValueView rise = subtract_values(after.view(), before.view(), e);
  if (is_nullish(rise)) fail_expression(5624903, "$derivative input must not be null or missing");
  const ValueView rate = divide_values(rise, run, e);
  if (is_missing(rate)) return null_value;
  return function_.unit_ms == 0 ? rate : multiply_values(rate, e.int64(function_.unit_ms), e);
}

// ---- $expMovingAvg

struct MovingAverage;
class MovingAverageRun final : public WindowRun {
 public:
  explicit MovingAverageRun(const MovingAverage& function) : function_(function) {}
  void begin(const WindowInput&) override { began_ = is_decimal_ = false; }
  ValueView at(std::size_t i, const WindowInput& in) override;

 private:
  const MovingAverage& function_;
  bool began_ = false;
  bool is_decimal_ = false;
  bson::Decimal128 average_;
};
struct MovingAverage final : Simple<MovingAverage, MovingAverageRun> {
  bson::Decimal128 weight, rest;  // of the new value and of the average so far
};

ValueView MovingAverageRun::at(std::size_t i, const WindowInput& in) {
  const ValueView value = input_at(*function_.input, i, in);
  if (is_number(value)) {
    is_decimal_ = is_decimal_ || value.type() == Type::decimal128;
    const auto number = to_decimal(value);
    average_ = began_ ? decimal_add(decimal_multiply(number, function_.weight),
                                    decimal_multiply(average_, function_.rest))
                      : number;
    began_ = true;
  }
  if (!began_) return null_value;
  const ValueView average = in.e.decimal(average_);
  return is_decimal_ ? average : in.e.number(to_double(average));
}

}  // namespace

WindowFunctionPtr parse_derivative(const WindowParts& parts, const Sorter& sort,
                                   ParseScope& scope) {
  if (sort.fields().size() != 1) fail("$derivative requires a sortBy of one field");
  auto out = std::make_unique<Derivative>();
  if (parts.window) out->bounds = WindowBounds::parse(*parts.window, sort, scope);
  const RateArguments arguments = parse_rate_arguments(parts);
  out->unit_ms = arguments.unit_ms;
  out->input = parse_expression(arguments.input, scope);
  if (!parts.window) fail("$derivative requires explicit window bounds");
  return out;
}

WindowFunctionPtr parse_moving_average(const WindowParts& parts, const Sorter& sort,
                                       ParseScope& scope) {
  if (parts.window || !parts.argument.is_document())
    fail("$expMovingAvg must have exactly one argument that is an object");
  const bson::View object = parts.argument.as_document();
  const auto input = object.find("input");
  const std::string fields =
      "$expMovingAvg sub object must have exactly two fields: An 'input' field, and either an "
      "'N' field or an 'alpha' field";
  if (object.count() != 2 || !input) fail(fields);
  if (sort.empty()) fail("$expMovingAvg requires an explicit 'sortBy'");
  auto out = std::make_unique<MovingAverage>();
  out->input = parse_expression(*input, scope);
  const auto one = decimal_from(std::int64_t{1});
  if (const auto n = object.find("N")) {
    const auto whole = integer_part(*n);
    if (!whole || !whole->whole)
      fail("'N' field must be an integer, but found " + show(*n) +
           ". To use a non-integer, use the 'alpha' argument instead");
    if (whole->value <= 0) fail("'N' must be greater than zero. Got " + show(*n));
    out->weight =
        decimal_divide(decimal_from(std::int64_t{2}), decimal_add(decimal_from(whole->value), one));
  } else if (const auto alpha = object.find("alpha")) {
    if (!is_number(*alpha)) fail("'alpha' must be a number");
    const double value = to_double(*alpha);
    if (!(value > 0 && value < 1))
      fail("'alpha' must be between 0 and 1 (exclusive), found " + show(*alpha));
    out->weight = to_decimal(*alpha);
  } else {
    fail("Got unrecognized field in $expMovingAvg: " + fields);
  }
  auto negative = out->weight;
  negative.high ^= 1ULL << 63;
  out->rest = decimal_add(one, negative);
  return out;
}

}  // namespace quire::store::embedded::window_special
