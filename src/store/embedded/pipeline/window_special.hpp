#pragma once

#include <memory>
#include <string>

#include "store/embedded/pipeline/window_function.hpp"

/// What the window functions that look at documents by their place have in common.
namespace quire::store::embedded::window_special {

/// Throws QueryError 9.
[[noreturn]] inline void fail(const std::string& what) { fail_expression(9, what); }

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
[[nodiscard]] inline bson::ValueView input_at(const Expression& input, std::size_t i,
                                              const WindowInput& in) {
  in.e.begin(in.partition.at(i));
  return input.evaluate(in.e);
}

[[nodiscard]] WindowFunctionPtr parse_derivative(const WindowParts& parts, const Sorter& sort,
                                                 ParseScope& scope);
/// $expMovingAvg.
[[nodiscard]] WindowFunctionPtr parse_moving_average(const WindowParts& parts, const Sorter& sort,
                                                     ParseScope& scope);
/// $locf.
[[nodiscard]] WindowFunctionPtr parse_carried_forward(const WindowParts& parts, ParseScope& scope);
[[nodiscard]] WindowFunctionPtr parse_linear_fill(const WindowParts& parts, const Sorter& sort,
                                                  ParseScope& scope);

}  // namespace quire::store::embedded::window_special
