#include "store/embedded/pipeline/window_function.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/held_value.hpp"

namespace quire::store::embedded {

using bson::ValueView;

namespace {

[[noreturn]] void fail(const std::string& what) { fail_expression(9, what); }

/// A window that only grows: results that do not change are kept.
class GrowingRun final : public WindowRun {
 public:
  GrowingRun(const AccumulatorSpec& spec, const WindowBounds& bounds)
      : spec_(spec), finder_(bounds) {}
  void begin(const WindowInput& input) override {
    finder_.begin(input.partition.size(), &input.sort_values);
    taken_ = 0;
    is_known_ = false;
    input.e.reset();
    accumulator_ = spec_.make(null_value, input.e);
  }
  ValueView at(std::size_t i, const WindowInput& input) override {
    Evaluation& e = input.e;
    e.reset();
    auto window = finder_.find(i, e);
    // An empty one lies anywhere: nothing is taken, and nothing passed over.
    if (window.begin >= window.end) window = {taken_, taken_};
    taken_ = std::max(taken_, window.begin);
    for (; taken_ < window.end; ++taken_) {
      e.begin(input.partition.at(taken_));
      accumulator_->add(spec_.argument(e), e);
      is_known_ = false;
    }
    if (!is_known_) result_.set(accumulator_->result(e));
    is_known_ = true;
    return result_.view();
  }

 private:
  const AccumulatorSpec& spec_;
  WindowFinder finder_;
  AccumulatorPtr accumulator_;
  std::size_t taken_ = 0;
  bool is_known_ = false;
  HeldValue result_;
};

/// A window that slides.
class SlidingRun final : public WindowRun {
 public:
  using Maker = std::function<WindowStatePtr()>;
  SlidingRun(const Expression& argument, const WindowBounds& bounds, Maker make)
      : argument_(argument), finder_(bounds), make_(std::move(make)) {}
  void begin(const WindowInput& input) override {
    finder_.begin(input.partition.size(), &input.sort_values);
    begin_ = end_ = 0;
    values_.clear();
    state_ = make_();
  }
  ValueView at(std::size_t i, const WindowInput& input) override {
    Evaluation& e = input.e;
    e.reset();
    auto window = finder_.find(i, e);
    const bool empty = window.begin == window.end;
    if (empty) window = {end_, end_};
    while (begin_ < end_ && begin_ < window.begin) {
      e.reset();
      state_->remove(values_.front().view(), e);
      values_.pop_front();
      ++begin_;
    }
    if (begin_ == end_ && begin_ < window.begin) begin_ = end_ = window.begin;
    for (; end_ < window.end; ++end_) {
      e.begin(input.partition.at(end_));
      values_.emplace_back(argument_.evaluate(e));
      state_->add(values_.back().view(), e);
    }
    e.reset();
    result_.set(state_->result(e));
    return result_.view();
  }

 private:
  const Expression& argument_;
  WindowFinder finder_;
  Maker make_;
  WindowStatePtr state_;
  std::size_t begin_ = 0;  // what is in state_
  std::size_t end_ = 0;
  std::deque<HeldValue> values_;
  HeldValue result_;
};

/// An accumulator over a window.
class AccumulatorFunction final : public WindowFunction {
 public:
  AccumulatorFunction(AccumulatorSpec spec, WindowBounds bounds)
      : spec_(std::move(spec)), bounds_(std::move(bounds)) {}
  WindowRunPtr open() const override {
    if (bounds_.is_left_unbounded()) return std::make_unique<GrowingRun>(spec_, bounds_);
    return std::make_unique<SlidingRun>(spec_.expression(), bounds_, [this] {
      Evaluation e;
      return make_window_state(spec_.options(null_value, e));
    });
  }
  bool needs_sort_values() const noexcept override { return bounds_.range; }
  void add_fields(FieldUse& use) const override { spec_.expression().add_fields(use); }

 private:
  AccumulatorSpec spec_;
  WindowBounds bounds_;
};

/// $covariancePop, $covarianceSamp, $integral: the same state for all windows.
class StateFunction final : public WindowFunction {
 public:
  StateFunction(ExpressionPtr argument, WindowBounds bounds, SlidingRun::Maker make)
      : argument_(std::move(argument)), bounds_(std::move(bounds)), make_(std::move(make)) {}
  WindowRunPtr open() const override {
    return std::make_unique<SlidingRun>(*argument_, bounds_, make_);
  }
  bool needs_sort_values() const noexcept override { return bounds_.range; }
  void add_fields(FieldUse& use) const override { argument_->add_fields(use); }

 private:
  ExpressionPtr argument_;
  WindowBounds bounds_;
  SlidingRun::Maker make_;
};

constexpr auto accumulators = std::to_array<std::string_view>(
    {"$addToSet", "$avg",        "$bottom", "$bottomN",  "$concatArrays", "$count",
     "$firstN",   "$lastN",      "$max",    "$maxN",     "$median",       "$min",
     "$minN",     "$percentile", "$push",   "$setUnion", "$stdDevPop",    "$stdDevSamp",
     "$sum",      "$top",        "$topN"});
constexpr auto specials = std::to_array<std::string_view>(
    {"$covariancePop", "$covarianceSamp", "$denseRank", "$derivative", "$documentNumber",
     "$expMovingAvg", "$first", "$integral", "$last", "$linearFill", "$locf", "$minMaxScaler",
     "$rank", "$shift"});

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

WindowBounds bounds_of(const WindowParts& parts, const Sorter& sort, ParseScope& scope) {
  return parts.window ? WindowBounds::parse(*parts.window, sort, scope) : WindowBounds();
}

/// [sort field, input], as $integral takes it.
ExpressionPtr integral_argument(const Sorter& sort, ValueView input, ParseScope& scope) {
  bson::Writer out;
  out.push("$" + sort.fields().front().path);
  out.push(input);
  const bson::Document pair = out.finish();
  return parse_expression(bson::Value::array(pair.view()).view(), scope);
}

WindowFunctionPtr parse_integral(const WindowParts& parts, const Sorter& sort, ParseScope& scope) {
  if (sort.fields().size() != 1) fail("$integral requires a sortBy of one field");
  WindowBounds bounds = bounds_of(parts, sort, scope);
  const RateArguments arguments = parse_rate_arguments(parts);
  return std::make_unique<StateFunction>(integral_argument(sort, arguments.input, scope),
                                         std::move(bounds),
                                         [ms = arguments.unit_ms] { return make_integral(ms); });
}

}  // namespace

RateArguments parse_rate_arguments(const WindowParts& parts) {
  const std::string name(parts.name);
  if (!parts.argument.is_document())
    fail(name + " expects an object, but got " + show(parts.argument));
  RateArguments out;
  std::optional<ValueView> input;
  for (const auto& field : parts.argument.as_document()) {
    if (field.key == "input") {
      input = field.value;
    } else if (field.key == "unit") {
      if (!field.value.is_string()) fail("'unit' must be a string");
      const auto unit = find_time_unit(field.value.as_string());
      if (!unit) fail("unknown time unit value: " + std::string(field.value.as_string()));
      out.unit_ms = unit_ms(*unit);
      if (out.unit_ms == 0) fail_expression(5490710, "unit must be 'week' or smaller");
    } else {
      fail(name + " got unexpected argument: " + std::string(field.key));
    }
  }
  if (!input) fail(name + " requires an 'input' expression");
  out.input = *input;
  return out;
}

WindowFunctionPtr parse_window_function(bson::View function, const Sorter& sort,
                                        ParseScope& scope) {
  WindowParts parts;
  for (const auto& field : function) {
    if (!field.key.starts_with('$')) continue;
    if (!is_one_of(field.key, accumulators) && !is_one_of(field.key, specials))
      fail("Unrecognized window function, " + std::string(field.key));
    parts.name = field.key;
    parts.argument = field.value;
    break;
  }
  if (parts.name.empty()) fail("Expected a $-prefixed window function");
  const bool ranks =
      parts.name == "$rank" || parts.name == "$denseRank" || parts.name == "$documentNumber";
  if (ranks && function.count() != 1)
    fail_expression(5371601, "Rank style window functions take no other arguments");
  bool seen = false;
  for (const auto& field : function) {
    if (field.key == "window") {
      parts.window = field.value;
    } else if (field.key != parts.name || seen) {
      fail("Window function found an unknown argument: " + std::string(field.key));
    } else {
      seen = true;
    }
  }
  if (parts.name == "$covariancePop" || parts.name == "$covarianceSamp") {
    WindowBounds bounds = bounds_of(parts, sort, scope);
    return std::make_unique<StateFunction>(
        parse_expression(parts.argument, scope), std::move(bounds),
        [sample = parts.name == "$covarianceSamp"] { return make_covariance(sample); });
  }
  if (parts.name == "$integral") return parse_integral(parts, sort, scope);
  if (is_one_of(parts.name, specials)) return parse_special_function(parts, sort, scope);
  WindowBounds bounds = bounds_of(parts, sort, scope);
  return std::make_unique<AccumulatorFunction>(
      AccumulatorSpec::parse_operator({parts.name, parts.argument}, scope,
                                      AccumulatorPlace::window),
      std::move(bounds));
}

}  // namespace quire::store::embedded
