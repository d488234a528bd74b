#include "store/embedded/pipeline/window_special.hpp"

#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/numeric.hpp"

/// The window functions that look at documents by their place: $rank, $shift, $first, $derivative
/// and their kind.
namespace quire::store::embedded {

using bson::Value;
using bson::ValueView;
using namespace window_special;

namespace {

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
  if (name == "$locf") return parse_carried_forward(parts, scope);
  if (name == "$linearFill") return parse_linear_fill(parts, sort, scope);
  return parse_rank(parts, sort);
}

}  // namespace quire::store::embedded
