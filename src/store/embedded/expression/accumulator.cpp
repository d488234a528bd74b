#include "store/embedded/expression/accumulator.hpp"

#include <array>

#include "store/embedded/expression/number_sum.hpp"
#include "store/embedded/expression/statistics.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;

/// The elements of a single argument that is an array, else the arguments.
template <class F>
void for_each_input(const Call& c, F&& take) {
  if (c.size() == 1 && c[0].is_array()) {
    for (const auto& element : c[0].as_array()) take(element.value);
  } else {
    for (const ValueView argument : c.arguments) take(argument);
  }
}

ValueView sum(const Call& c) {
  NumberSum total;
  for_each_input(c, [&](ValueView value) {
    if (value.is_number()) total.add(value);
  });
  return total.total(c.e);
}

ValueView avg(const Call& c) {
  NumberSum total;
  std::int64_t count = 0;
  for_each_input(c, [&](ValueView value) {
    if (!value.is_number()) return;
    total.add(value);
    ++count;
  });
  return count == 0 ? null_value : total.mean(count, c.e);
}

ValueView extreme(const Call& c, int sign) {
  ValueView best = missing;
  for_each_input(c, [&](ValueView value) {
    if (is_nullish(value)) return;
    if (is_missing(best) || compare_values(value, best) * sign < 0) best = value;
  });
  return is_missing(best) ? null_value : best;
}
ValueView min(const Call& c) { return extreme(c, 1); }
ValueView max(const Call& c) { return extreme(c, -1); }

ValueView deviation(const Call& c, bool sample) {
  Deviation all;
  for_each_input(c, [&](ValueView value) {
    if (value.is_number()) all.add(to_double(value));
  });
  const auto result = all.result(sample);
  return result ? c.e.number(*result) : null_value;
}
ValueView std_dev_pop(const Call& c) { return deviation(c, false); }
ValueView std_dev_samp(const Call& c) { return deviation(c, true); }

/// $percentile (an array of results) and $median (one); children: input
class Percentile final : public Expression {
 public:
  Percentile(PercentileArguments parts, bool one)
      : percentiles_(std::move(parts.percentiles)), one_(one) {
    children_.push_back(std::move(parts.input));
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView input = child(0, e);
    // A number is its own percentile, NaN too.
    const ValueView single = input.is_number() ? e.number(to_double(input)) : missing;
    Samples samples;
    if (input.is_array()) {
      for (const auto& element : input.as_array()) {
        if (element.value.is_number()) samples.add(to_double(element.value));
      }
    }
    const auto at = [&](double p) { return is_missing(single) ? samples.at(p, e) : single; };
    if (one_) return at(percentiles_.front());
    Evaluation::Builder out(e);
    for (const double p : percentiles_) out.push(at(p));
    return out.array();
  }

 private:
  std::vector<double> percentiles_;
  bool one_;
};

ExpressionPtr parse_percentile(const Operator& op, ValueView argument, ParseScope& scope) {
  return std::make_unique<Percentile>(parse_percentile_arguments(op.name, argument, scope, 7436200),
                                      false);
}

ExpressionPtr parse_median(const Operator& op, ValueView argument, ParseScope& scope) {
  return std::make_unique<Percentile>(parse_percentile_arguments(op.name, argument, scope, 7436201),
                                      true);
}

constexpr auto table = std::to_array<Operator>({
    function_operator("$avg", avg, 0, -1),
    function_operator("$max", max, 0, -1),
    function_operator("$min", min, 0, -1),
    function_operator("$stdDevPop", std_dev_pop, 0, -1),
    function_operator("$stdDevSamp", std_dev_samp, 0, -1),
    function_operator("$sum", sum, 0, -1),
    parsed_operator("$median", parse_median),
    parsed_operator("$percentile", parse_percentile),
});

}  // namespace

std::span<const Operator> accumulator_operators() noexcept { return table; }

}  // namespace quire::store::embedded
