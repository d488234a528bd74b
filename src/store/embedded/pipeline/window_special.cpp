#include <algorithm>

#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/numeric.hpp"
#include "store/embedded/pipeline/value_math.hpp"
#include "store/embedded/pipeline/window_function.hpp"

/// The window functions that look at documents by their place: $rank, $shift, $first, $derivative
/// and their kind.
namespace quire::store::embedded {

using bson::Type;
using bson::Value;
using bson::ValueView;

namespace {

[[noreturn]] void fail(const std::string& what) { fail_expression(9, what); }

/// A function whose runs are made of nothing but itself: Run(const Function&).
template <class Derived, class Run>
class Simple : public WindowFunction {
 public:
  WindowRunPtr open() const override {
    return std::make_unique<Run>(static_cast<const Derived&>(*this));
  }
  void add_fields(FieldUse& use) const override {
    if (input != nullptr) input->add_fields(use);
  }
  ExpressionPtr input;
};

/// The input of document `i`.
ValueView input_at(const Expression& input, std::size_t i, const WindowInput& in) {
  in.e.begin(in.partition.at(i));
  return input.evaluate(in.e);
}

// ---- $rank, $denseRank, $documentNumber

struct Rank;
class RankRun final : public WindowRun {
 public:
  explicit RankRun(const Rank& function) : function_(function) {}
  void begin(const WindowInput&) override { rank_ = 0; }
  ValueView at(std::size_t i, const WindowInput& in) override;

 private:
  const Rank& function_;
  std::int64_t rank_ = 0;
  HeldValue result_;
};
struct Rank final : Simple<Rank, RankRun> {
  enum class Kind { rank, dense, number } kind = Kind::rank;
  bool needs_sort_values() const noexcept override { return true; }
};

ValueView RankRun::at(std::size_t i, const WindowInput& in) {
  const auto& values = in.sort_values;
  // Missing ranks as null does.
  const bool tied = i > 0 && compare_values(values[i - 1].view(), values[i].view()) == 0;
  if (function_.kind == Rank::Kind::dense) {
    if (!tied) ++rank_;
  } else if (!tied || function_.kind == Rank::Kind::number) {
    rank_ = static_cast<std::int64_t>(i) + 1;
  }
  in.e.reset();
  return in.e.narrow(rank_);
}

WindowFunctionPtr parse_rank(const WindowParts& parts, const Sorter& sort) {
  const std::string name(parts.name);
  if (!parts.argument.is_document() || !parts.argument.as_document().empty())
    fail_expression(5371603, name + " must be specified with '{}' as the value");
  if (sort.fields().size() != 1)
    fail_expression(5371602, name +
                                 " must be specified with a top level sortBy expression with "
                                 "exactly one element");
  auto out = std::make_unique<Rank>();
  out->kind = name == "$rank"        ? Rank::Kind::rank
              : name == "$denseRank" ? Rank::Kind::dense
                                     : Rank::Kind::number;
  return out;
}

// ---- $first, $last

struct End;
class EndRun final : public WindowRun {
 public:
  explicit EndRun(const End& function);
  void begin(const WindowInput& in) override {
    finder_.begin(in.partition.size(), &in.sort_values);
  }
  ValueView at(std::size_t i, const WindowInput& in) override;

 private:
  const End& function_;
  WindowFinder finder_;
};
struct End final : Simple<End, EndRun> {
  WindowBounds bounds;
  bool first = true;
  bool needs_sort_values() const noexcept override { return bounds.range; }
};

EndRun::EndRun(const End& function) : function_(function), finder_(function.bounds) {}

ValueView EndRun::at(std::size_t i, const WindowInput& in) {
  in.e.reset();
  const auto window = finder_.find(i, in.e);
  if (window.begin == window.end) return null_value;
  return input_at(*function_.input, function_.first ? window.begin : window.end - 1, in);
}

// ---- $shift

struct Shift;
class ShiftRun final : public WindowRun {
 public:
  explicit ShiftRun(const Shift& function) : function_(function) {}
  void begin(const WindowInput&) override {}
  ValueView at(std::size_t i, const WindowInput& in) override;

 private:
  const Shift& function_;
};
struct Shift final : Simple<Shift, ShiftRun> {
  std::int64_t by = 0;
  Value otherwise;  // null
};

ValueView ShiftRun::at(std::size_t i, const WindowInput& in) {
  const std::int64_t from = static_cast<std::int64_t>(i) + function_.by;
  if (from < 0 || from >= static_cast<std::int64_t>(in.partition.size()))
    return function_.otherwise.view();
  return input_at(*function_.input, static_cast<std::size_t>(from), in);
}

WindowFunctionPtr parse_shift(const WindowParts& parts, const Sorter& sort, ParseScope& scope) {
  if (parts.window) fail("$shift does not accept a 'window' field");
  if (!parts.argument.is_document()) fail("Argument to $shift must be an object");
  auto out = std::make_unique<Shift>();
  bool has_by = false;
  for (const auto& field : parts.argument.as_document()) {
    if (field.key == "output") {
      out->input = parse_expression(field.value, scope);
    } else if (field.key == "by") {
      const auto by = integer_part(field.value);
      if (!by || !by->whole || by->value != static_cast<std::int32_t>(by->value))
        fail("'$shift:by' field must be an integer, but found " + show(field.value));
      out->by = by->value;
      has_by = true;
    } else if (field.key == "default") {
      const ExpressionPtr expression = parse_expression(field.value, scope);
      if (expression->constant() == nullptr)
        fail("'$shift:default' expression must yield a constant value.");
      if (!is_missing(*expression->constant())) out->otherwise = Value(*expression->constant());
    } else {
      fail("Unknown argument in $shift: " + std::string(field.key));
    }
  }
  if (out->input == nullptr) fail("$shift requires an 'output' expression.");
  if (!has_by) fail("$shift requires 'by' as an integer value.");
  if (sort.empty()) fail("'$shift' requires a sortBy");
  return out;
}

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

// ---- $locf, $linearFill

struct CarriedForward;
class CarriedForwardRun final : public WindowRun {
 public:
  explicit CarriedForwardRun(const CarriedForward& function) : function_(function) {}
  void begin(const WindowInput&) override { last_.set(null_value); }
  ValueView at(std::size_t i, const WindowInput& in) override;

 private:
  const CarriedForward& function_;
  HeldValue last_;
};
struct CarriedForward final : Simple<CarriedForward, CarriedForwardRun> {};

ValueView CarriedForwardRun::at(std::size_t i, const WindowInput& in) {
  const ValueView value = input_at(*function_.input, i, in);
  if (!is_nullish(value)) last_.set(value);
  return last_.view();
}

struct LinearFill;
class LinearFillRun final : public WindowRun {
 public:
  explicit LinearFillRun(const LinearFill& function) : function_(function) {}
  void begin(const WindowInput&) override { has_left_ = right_ = 0; }
  ValueView at(std::size_t i, const WindowInput& in) override;

 private:
  const LinearFill& function_;
  std::size_t has_left_ = 0;  // the known point at its left: position + 1, or 0
  HeldValue left_;
  std::size_t right_ = 0;  // the next known point, when it is beyond the current document
  HeldValue right_value_;
};
struct LinearFill final : Simple<LinearFill, LinearFillRun> {
  bool needs_sort_values() const noexcept override { return true; }
};

ValueView LinearFillRun::at(std::size_t i, const WindowInput& in) {
  const auto& places = in.sort_values;
  const ValueView place = places[i].view();
  const HeldValue value(input_at(*function_.input, i, in));
  if (!is_number(value.view()) && !is_nullish(value.view()))
    fail_expression(14, "Value to be filled must be numeric or nullish, but found " +
                            std::string(value_type_name(value.view())));
  const auto is_time = [](ValueView v) {
    return v.type() == Type::date_time || v.type() == Type::timestamp ||
           v.type() == Type::object_id;
  };
  if (!is_number(place) && !is_time(place))
    fail_expression(14, "Value of the sortBy field must be numeric or a date, but found " +
                            std::string(value_type_name(place)));
  if (i > 0) {
    if (same_value(places[i - 1].view(), place))
      fail_expression(6050106, "There can be no repeated values in the sort field");
    if (is_number(places[i - 1].view()) != is_number(place))
      fail_expression(14, "Conflicting sort value types, previously received type " +
                              std::string(value_type_name(places[i - 1].view())) + ", but found " +
                              std::string(value_type_name(place)));
  }
  if (!is_nullish(value.view())) {
    has_left_ = i + 1;
    left_ = value;
    return left_.view();
  }
  if (has_left_ == 0) return null_value;
  if (right_ <= i) {
    right_ = i + 1;
    while (right_ < in.partition.size()) {
      const ValueView next = input_at(*function_.input, right_, in);
      if (!is_nullish(next) && !is_nullish(places[right_].view())) {
        right_value_.set(next);
        break;
      }
      ++right_;
    }
  }
  if (right_ == in.partition.size()) return null_value;
  Evaluation& e = in.e;
  const ValueView x1 = places[has_left_ - 1].view();
  const ValueView slope = divide_values(subtract_values(right_value_.view(), left_.view(), e),
                                        subtract_values(places[right_].view(), x1, e), e);
  return add_values(left_.view(), multiply_values(subtract_values(place, x1, e), slope, e), e);
}

template <class Function>
WindowFunctionPtr parse_fill(const WindowParts& parts, ParseScope& scope) {
  auto out = std::make_unique<Function>();
  out->input = parse_expression(parts.argument, scope);
  if (parts.window) fail("'window' field is not allowed in " + std::string(parts.name));
  return out;
}

}  // namespace

WindowFunctionPtr parse_special_function(const WindowParts& parts, const Sorter& sort,
                                         ParseScope& scope) {
  const auto name = parts.name;
  if (name == "$first" || name == "$last") {
    auto out = std::make_unique<End>();
    out->first = name == "$first";
    out->input = parse_expression(parts.argument, scope);
    if (parts.window) out->bounds = WindowBounds::parse(*parts.window, sort, scope);
    return out;
  }
  if (name == "$shift") return parse_shift(parts, sort, scope);
  if (name == "$derivative") return parse_derivative(parts, sort, scope);
  if (name == "$expMovingAvg") return parse_moving_average(parts, sort, scope);
  if (name == "$minMaxScaler") return parse_min_max_scaler(parts, sort, scope);
  if (name == "$locf") return parse_fill<CarriedForward>(parts, scope);
  if (name == "$linearFill") {
    auto out = parse_fill<LinearFill>(parts, scope);
    if (sort.fields().size() != 1)
      fail_expression(605001,
                      "$linearFill must be specified with a top level sortBy expression with "
                      "exactly one element");
    return out;
  }
  return parse_rank(parts, sort);
}

}  // namespace quire::store::embedded
