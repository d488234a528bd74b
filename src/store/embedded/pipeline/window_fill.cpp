#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/numeric.hpp"
#include "store/embedded/pipeline/value_math.hpp"
#include "store/embedded/pipeline/window_special.hpp"

/// $locf, $linearFill.
namespace quire::store::embedded::window_special {

using bson::Type;
using bson::ValueView;

namespace {

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

WindowFunctionPtr parse_carried_forward(const WindowParts& parts, ParseScope& scope) {
  return parse_fill<CarriedForward>(parts, scope);
}

WindowFunctionPtr parse_linear_fill(const WindowParts& parts, const Sorter& sort,
                                    ParseScope& scope) {
  auto out = parse_fill<LinearFill>(parts, scope);
  if (sort.fields().size() != 1)
    fail_expression(605001,
                    "$linearFill must be specified with a top level sortBy expression with "
                    "exactly one element");
  return out;
}

}  // namespace quire::store::embedded::window_special
