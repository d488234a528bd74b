#include <deque>

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/numeric.hpp"
#include "store/embedded/pipeline/value_math.hpp"
#include "store/embedded/pipeline/window_function.hpp"

/// $minMaxScaler: where a value stands between the least and the greatest of its window.
namespace quire::store::embedded {

using bson::Value;
using bson::ValueView;

namespace {

[[noreturn]] void fail(const std::string& what) { fail_expression(9, what); }

struct Scaler final : WindowFunction {
  ExpressionPtr input;
  WindowBounds bounds;
  Value least = Value(std::int32_t{0});
  Value greatest = Value(std::int32_t{1});

  WindowRunPtr open() const override;
  bool needs_sort_values() const noexcept override { return bounds.range; }
  void add_fields(FieldUse& use) const override { input->add_fields(use); }
};

class ScalerRun final : public WindowRun {
 public:
  explicit ScalerRun(const Scaler& function) : function_(function), finder_(function.bounds) {}
  void begin(const WindowInput& in) override {
    finder_.begin(in.partition.size(), &in.sort_values);
    begin_ = end_ = 0;
    values_.clear();
    least_ = make_window_state({"$min"});
    greatest_ = make_window_state({"$max"});
  }
  ValueView at(std::size_t i, const WindowInput& in) override {
    Evaluation& e = in.e;
    e.reset();
    auto window = finder_.find(i, e);
    if (window.begin == window.end) window = {end_, end_};
    while (begin_ < end_ && begin_ < window.begin) {
      const ValueView old = values_.front().view();
      least_->remove(old, e);
      greatest_->remove(old, e);
      values_.pop_front();
      ++begin_;
    }
    if (begin_ == end_ && begin_ < window.begin) begin_ = end_ = window.begin;
    for (; end_ < window.end; ++end_) {
      values_.emplace_back(number_at(end_, in));
      least_->add(values_.back().view(), e);
      greatest_->add(values_.back().view(), e);
    }
    const HeldValue value(number_at(i, in));
    const ValueView least = least_->result(e);
    const ValueView greatest = greatest_->result(e);
    if (same_value(least, greatest)) return function_.least.view();
    const ValueView part = divide_values(subtract_values(value.view(), least, e),
                                         subtract_values(greatest, least, e), e);
    return add_values(
        multiply_values(part, subtract_values(function_.greatest, function_.least, e), e),
        function_.least, e);
  }

 private:
  ValueView number_at(std::size_t i, const WindowInput& in) const {
    in.e.begin(in.partition.at(i));
    const ValueView value = function_.input->evaluate(in.e);
    if (!is_number(value))
      fail_expression(
          10487003, "'input' of $minMaxScaler must evaluate to a number, but found " + show(value));
    return value;
  }
  const Scaler& function_;
  WindowFinder finder_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::deque<HeldValue> values_;
  WindowStatePtr least_, greatest_;
};

WindowRunPtr Scaler::open() const { return std::make_unique<ScalerRun>(*this); }

Value constant_number(std::string_view name, ValueView given, ParseScope& scope) {
  const ExpressionPtr expression = parse_expression(given, scope);
  const ValueView* constant = expression->constant();
  if (constant == nullptr || !is_number(*constant))
    fail("'" + std::string(name) + "' of $minMaxScaler must be a constant number, found " +
         show(given));
  return Value(*constant);
}

}  // namespace

WindowFunctionPtr parse_min_max_scaler(const WindowParts& parts, const Sorter& sort,
                                       ParseScope& scope) {
  if (!parts.argument.is_document()) fail("$minMaxScaler expects an object");
  auto out = std::make_unique<Scaler>();
  for (const auto& field : parts.argument.as_document()) {
    if (field.key == "input") {
      out->input = parse_expression(field.value, scope);
    } else if (field.key == "min") {
      out->least = constant_number("min", field.value, scope);
    } else if (field.key == "max") {
      out->greatest = constant_number("max", field.value, scope);
    } else {
      fail("$minMaxScaler found an unknown argument: " + std::string(field.key));
    }
  }
  if (out->input == nullptr) fail("$minMaxScaler requires an 'input' expression");
  if (compare_values(out->least, out->greatest) >= 0)
    fail("'min' of $minMaxScaler must be less than 'max'");
  if (parts.window) out->bounds = WindowBounds::parse(*parts.window, sort, scope);
  // The window must hold the document itself.
  using Kind = WindowBounds::Kind;
  const auto beyond = [](const WindowBounds::Bound& bound, int sign) {
    return bound.kind == Kind::offset && to_double(bound.offset) * sign > 0;
  };
  if (beyond(out->bounds.lower, 1) || beyond(out->bounds.upper, -1))
    fail("the window of $minMaxScaler must include the current document");
  return out;
}

}  // namespace quire::store::embedded
