#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "store/embedded/pipeline/partition.hpp"
#include "store/embedded/pipeline/stage.hpp"
#include "store/embedded/pipeline/window_bounds.hpp"

/// The functions of $setWindowFields: parsed once, then at work on one partition after the other.
/// Source: MongoDB manual, "$setWindowFields (aggregation)", "Window Operators".
namespace quire::store::embedded {

/// What a function sees of its stage.
struct WindowInput {
  Partition& partition;
  /// The values of the stage's first sort field; only if a function asked for them.
  const SortValues& sort_values;
  /// For arguments: reset at will.
  Evaluation& e;
};

/// A window function at work. One thread.
class WindowRun {
 public:
  virtual ~WindowRun() = default;
  WindowRun(const WindowRun&) = delete;
  virtual void begin(const WindowInput& input) = 0;
  /// The result for document `i` of the partition; `i` goes up from 0. May be missing. Holds until
  /// the next call.
  [[nodiscard]] virtual bson::ValueView at(std::size_t i, const WindowInput& input) = 0;

 protected:
  WindowRun() = default;
};
using WindowRunPtr = std::unique_ptr<WindowRun>;

/// A window function as parsed: immutable.
class WindowFunction {
 public:
  virtual ~WindowFunction() = default;
  WindowFunction(const WindowFunction&) = delete;
  [[nodiscard]] virtual WindowRunPtr open() const = 0;
  /// Whether it reads WindowInput::sort_values.
  [[nodiscard]] virtual bool needs_sort_values() const noexcept { return false; }
  /// Appends what it reads of the documents.
  virtual void add_fields(FieldUse& use) const = 0;

 protected:
  WindowFunction() = default;
};
using WindowFunctionPtr = std::unique_ptr<const WindowFunction>;

/// {$sum: …, window: {…}}. Throws QueryError 9 …; `sort` is that of the stage.
[[nodiscard]] WindowFunctionPtr parse_window_function(bson::View function, const Sorter& sort,
                                                      ParseScope& scope);

/// What a window holds, to be added to at one end and removed from at the other.
class WindowState {
 public:
  virtual ~WindowState() = default;
  WindowState(const WindowState&) = delete;
  virtual void add(bson::ValueView value, Evaluation& e) = 0;
  /// Takes out the value that was added first of those that are left.
  virtual void remove(bson::ValueView value, Evaluation& e) = 0;
  [[nodiscard]] virtual bson::ValueView result(Evaluation& e) = 0;

 protected:
  WindowState() = default;
};
using WindowStatePtr = std::unique_ptr<WindowState>;

struct AccumulatorOptions;
/// By the accumulator's name.
[[nodiscard]] WindowStatePtr make_window_state(const AccumulatorOptions& options);
// The numeric ones and those that only windows have.
[[nodiscard]] WindowStatePtr make_window_number(const AccumulatorOptions& options);
[[nodiscard]] WindowStatePtr make_covariance(bool sample);
/// `unit_ms`: 0 for none.
[[nodiscard]] WindowStatePtr make_integral(std::int64_t unit_ms);

/// The pieces of {$name: …, window: …}.
struct WindowParts {
  std::string_view name;
  bson::ValueView argument;
  std::optional<bson::ValueView> window;
};
/// {input, unit} of $derivative and $integral.
struct RateArguments {
  bson::ValueView input;
  std::int64_t unit_ms = 0;  ///< 0 for none
};
[[nodiscard]] RateArguments parse_rate_arguments(const WindowParts& parts);
/// $rank, $shift, $first and the others that look at documents, not at a state.
[[nodiscard]] WindowFunctionPtr parse_special_function(const WindowParts& parts, const Sorter& sort,
                                                       ParseScope& scope);

[[nodiscard]] WindowFunctionPtr parse_min_max_scaler(const WindowParts& parts, const Sorter& sort,
                                                     ParseScope& scope);

}  // namespace quire::store::embedded
