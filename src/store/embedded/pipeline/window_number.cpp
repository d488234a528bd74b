#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include "store/embedded/engine/decimal_math.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/number_sum.hpp"
#include "store/embedded/expression/numeric.hpp"
#include "store/embedded/expression/statistics.hpp"
#include "store/embedded/pipeline/value_math.hpp"
#include "store/embedded/pipeline/window_function.hpp"

/// The numeric functions of windows that slide.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

bool is_infinite(ValueView number) {
  if (number.type() == Type::double_) return std::isinf(bson::load<double>(number.data()));
  return number.type() == Type::decimal128 &&
         bson::load<bson::Decimal128>(number.data()).is_infinite();
}
bool is_negative(ValueView number) {
  if (number.type() == Type::decimal128)
    return bson::load<bson::Decimal128>(number.data()).is_negative();
  return to_double(number) < 0;
}
bool is_finite(ValueView number) { return !is_nan(number) && !is_infinite(number); }

ValueView special(double value, bool decimal, Evaluation& e) {
  return decimal ? e.decimal(decimal_from(value)) : e.number(value);
}

/// A sum that numbers can be taken out of again: what is not finite is counted apart.
class RemovableSum {
 public:
  void add(ValueView number) { change(number, 1); }
  void remove(ValueView number) { change(number, -1); }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] bool has_decimals() const noexcept { return decimals_ > 0; }
  [[nodiscard]] ValueView total(Evaluation& e) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const bool decimal = decimals_ > 0;
    if (nans_ > 0 || (above_ > 0 && below_ > 0))
      return special(std::numeric_limits<double>::quiet_NaN(), decimal, e);
    if (above_ > 0) return special(infinity, decimal, e);
    if (below_ > 0) return special(-infinity, decimal, e);
    NumberSum sum = integers_;
    if (doubles_ > 0) sum.add(finite_);
    if (decimal) sum.add(decimal_);
    const ValueView total = sum.total(e);
    return total.type() == Type::int64 ? e.narrow(integer_of(total)) : total;
  }
  /// total ÷ count; null of none.
  [[nodiscard]] ValueView mean(Evaluation& e) const {
    if (count_ == 0) return null_value;
    const ValueView sum = total(e);
    if (sum.type() == Type::decimal128)
      return e.decimal(decimal_divide(to_decimal(sum), decimal_from(count_)));
    return e.number(to_double(sum) / static_cast<double>(count_));
  }

 private:
  void change(ValueView number, int sign) {
    if (!is_number(number)) return;
    count_ += sign;
    if (number.type() == Type::double_) doubles_ += sign;
    if (number.type() == Type::decimal128) decimals_ += sign;
    if (is_nan(number)) {
      nans_ += sign;
    } else if (is_infinite(number)) {
      (is_negative(number) ? below_ : above_) += sign;
    } else if (number.type() == Type::double_) {
      finite_.add(bson::load<double>(number.data()) * sign);
    } else if (number.type() == Type::decimal128) {
      auto value = bson::load<bson::Decimal128>(number.data());
      if (sign < 0) value.high ^= 1ULL << 63;
      decimal_ = decimal_add(decimal_, value);
    } else if (sign > 0) {
      integers_.add(number);
    } else {
      const std::int64_t value = integer_of(number);
      constexpr auto least = std::numeric_limits<std::int64_t>::min();
      if (value == least) integers_.add(std::int64_t{1});
      integers_.add(value == least ? std::numeric_limits<std::int64_t>::max() : -value);
    }
    // What rounding left behind goes with the last.
    if (doubles_ == 0) finite_ = {};
    if (decimals_ == 0) decimal_ = {};
  }
  NumberSum integers_;
  NumberSum finite_;
  bson::Decimal128 decimal_;
  std::int64_t count_ = 0;
  std::int64_t doubles_ = 0;
  std::int64_t decimals_ = 0;
  std::int64_t nans_ = 0;
  std::int64_t above_ = 0;  // infinities
  std::int64_t below_ = 0;
};

class Sum final : public WindowState {
 public:
  explicit Sum(bool mean) : mean_(mean) {}
  void add(ValueView value, Evaluation&) override { sum_.add(value); }
  void remove(ValueView value, Evaluation&) override { sum_.remove(value); }
  ValueView result(Evaluation& e) override { return mean_ ? sum_.mean(e) : sum_.total(e); }

 private:
  bool mean_;
  RemovableSum sum_;
};

class StdDev final : public WindowState {
 public:
  explicit StdDev(bool sample) : sample_(sample) {}
  void add(ValueView value, Evaluation&) override { change(value, 1); }
  void remove(ValueView value, Evaluation&) override { change(value, -1); }
  ValueView result(Evaluation& e) override {
    const std::int64_t count = sample_ ? count_ - 1 : count_;
    if (count <= 0 || not_finite_ > 0) return null_value;
    const double squares = squares_.as_double();
    // Rounding can bring it below zero; of one value it is the int 0, as on a server.
    if (squares < 0 || (!sample_ && count_ == 1)) return e.int32(0);
    return e.number(std::sqrt(squares / static_cast<double>(count)));
  }

 private:
  void change(ValueView value, int sign) {
    if (!is_number(value)) return;
    if (!is_finite(value)) {
      not_finite_ += sign;
      return;
    }
    const double number = to_double(value);
    if (count_ == 0) {
      count_ = 1;
      sum_.add(number);
      return;
    }
    if (count_ + sign == 0) {
      count_ = 0;
      sum_ = squares_ = {};
      return;
    }
    const double x = static_cast<double>(count_) * number - sum_.as_double();
    count_ += sign;
    sum_.add(number * sign);
    squares_.add(x * x * sign / (static_cast<double>(count_) * static_cast<double>(count_ - sign)));
  }
  bool sample_;
  std::int64_t count_ = 0;
  std::int64_t not_finite_ = 0;
  NumberSum sum_;
  NumberSum squares_;  // of the differences from the mean
};

/// $percentile, $median: the numbers, sorted.
class Percentile final : public WindowState {
 public:
  Percentile(std::span<const double> percentiles, bool one)
      : percentiles_(percentiles.begin(), percentiles.end()), one_(one) {}
  void add(ValueView value, Evaluation&) override {
    if (!is_number(value) || is_nan(value)) return;
    const double number = to_double(value);
    numbers_.insert(std::upper_bound(numbers_.begin(), numbers_.end(), number), number);
  }
  void remove(ValueView value, Evaluation&) override {
    if (!is_number(value) || is_nan(value)) return;
    numbers_.erase(std::lower_bound(numbers_.begin(), numbers_.end(), to_double(value)));
  }
  ValueView result(Evaluation& e) override {
    const auto at = [&](double p) {
      return numbers_.empty() ? null_value
                              : e.number(numbers_[percentile_index(p, numbers_.size())]);
    };
    if (one_) return at(percentiles_.front());
    Evaluation::Builder out(e);
    for (const double p : percentiles_) out.push(at(p));
    return out.array();
  }

 private:
  std::vector<double> percentiles_;
  bool one_;
  std::vector<double> numbers_;
};

class Covariance final : public WindowState {
 public:
  explicit Covariance(bool sample) : sample_(sample) {}
  void add(ValueView value, Evaluation& e) override {
    const auto pair = pair_of(value);
    if (!pair) return;
    const auto& [x, y] = *pair;
    if (!is_finite(x) || !is_finite(y)) {
      change_not_finite(x, y, 1, e);
      return;
    }
    ++count_;
    const ValueView dx = subtract_values(x, x_.mean(e), e);
    x_.add(x);
    y_.add(y);
    const ValueView dy = subtract_values(y, y_.mean(e), e);
    products_.add(multiply_values(dx, dy, e));
  }
  void remove(ValueView value, Evaluation& e) override {
    const auto pair = pair_of(value);
    if (!pair) return;
    const auto& [x, y] = *pair;
    if (!is_finite(x) || !is_finite(y)) {
      change_not_finite(x, y, -1, e);
      return;
    }
    if (--count_ == 0) {
      x_ = y_ = products_ = {};
      return;
    }
    x_.remove(x);
    const ValueView dx = subtract_values(x, x_.mean(e), e);
    const ValueView dy = subtract_values(y, y_.mean(e), e);
    products_.remove(multiply_values(dx, dy, e));
    y_.remove(y);
  }
  ValueView result(Evaluation& e) override {
    if (count_ == 1 && !sample_) return e.number(0);
    const std::int64_t count = sample_ ? count_ - 1 : count_;
    if (count <= 0) return null_value;
    if (nans_ > 0) return e.number(std::numeric_limits<double>::quiet_NaN());
    const bool infinite = infinities_.count() > 0;
    ValueView total = (infinite ? infinities_ : products_).total(e);
    if (infinite && products_.has_decimals()) total = e.decimal(to_decimal(total));
    const auto divisor = static_cast<double>(count);
    // By a double: that has 15 digits as a decimal, which shows in the exponent.
    if (total.type() == Type::decimal128) return divide_values(total, e.number(divisor), e);
    return e.number(to_double(total) / divisor);
  }

 private:
  using Pair = std::pair<ValueView, ValueView>;
  static std::optional<Pair> pair_of(ValueView value) {
    if (!value.is_array() || value.as_array().count() != 2) return std::nullopt;
    auto it = value.as_array().begin();
    const ValueView x = it->value;
    const ValueView y = (++it)->value;
    if (!is_number(x) || !is_number(y)) return std::nullopt;
    return Pair(x, y);
  }
  /// A pair with NaN or infinity is no part of the means.
  void change_not_finite(ValueView x, ValueView y, int sign, Evaluation& e) {
    bool decimal = false;
    int above = 0;
    int below = 0;
    for (const ValueView value : {x, y}) {
      if (is_nan(value)) {
        nans_ += sign;
        return;
      }
      decimal = decimal || value.type() == Type::decimal128;
      if (is_infinite(value)) ++(is_negative(value) ? below : above);
    }
    if (above > 0 && below > 0) {
      nans_ += sign;
      return;
    }
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const ValueView value = special(above > 0 ? infinity : -infinity, decimal, e);
    if (sign > 0) {
      infinities_.add(value);
    } else {
      infinities_.remove(value);
    }
  }
  bool sample_;
  std::int64_t count_ = 0;
  std::int64_t nans_ = 0;
  RemovableSum x_, y_, products_, infinities_;
};

/// The area under the points [time, value], by trapezoids.
class Integral final : public WindowState {
 public:
  explicit Integral(std::int64_t unit_ms) : unit_ms_(unit_ms) {}
  void add(ValueView value, Evaluation& e) override {
    check(value);
    if (has_nan(value)) ++nans_;
    if (!points_.empty()) area_.add(between(points_.back().view(), value, e));
    points_.emplace_back(value);
  }
  void remove(ValueView value, Evaluation& e) override {
    if (has_nan(value)) --nans_;
    points_.pop_front();
    if (!points_.empty()) area_.remove(between(value, points_.front().view(), e));
    if (points_.empty()) area_ = {};
  }
  ValueView result(Evaluation& e) override {
    if (points_.empty()) return null_value;
    if (nans_ > 0) return e.number(std::numeric_limits<double>::quiet_NaN());
    const ValueView area = area_.total(e);
    return unit_ms_ == 0 ? area : divide_values(area, e.int64(unit_ms_), e);
  }

 private:
  void check(ValueView point) const {
    const auto it = point.as_array().begin();
    const ValueView time = it->value;
    const ValueView value = std::next(it)->value;
    const bool is_date = time.type() == Type::date_time;
    if (!is_number(value) || (!is_date && !is_number(time)))
      fail_expression(5423900,
                      "The input value of $integral window function must be a vector of 2 value, "
                      "the first value must be numeric or date type and the second must be "
                      "numeric.");
    if (unit_ms_ != 0 && !is_date)
      fail_expression(5423901, "$integral with 'unit' expects the sortBy field to be a Date");
    if (unit_ms_ == 0 && is_date)
      fail_expression(5423902, "$integral (with no 'unit') expects the sortBy field to be numeric");
  }
  static bool has_nan(ValueView point) {
    for (const auto& element : point.as_array()) {
      if (is_number(element.value) && is_nan(element.value)) return true;
    }
    return false;
  }
  static ValueView between(ValueView a, ValueView b, Evaluation& e) {
    if (has_nan(a) || has_nan(b)) return e.int32(0);
    const auto from = a.as_array().begin();
    const auto to = b.as_array().begin();
    const ValueView width = subtract_values(to->value, from->value, e);
    const ValueView sum = add_values(std::next(to)->value, std::next(from)->value, e);
    return divide_values(multiply_values(sum, width, e), e.number(2), e);
  }
  std::int64_t unit_ms_;
  std::int64_t nans_ = 0;
  std::deque<HeldValue> points_;
  RemovableSum area_;
};

}  // namespace

WindowStatePtr make_window_number(const AccumulatorOptions& options) {
  const auto name = options.name;
  if (name == "$stdDevPop" || name == "$stdDevSamp")
    return std::make_unique<StdDev>(name == "$stdDevSamp");
  if (name == "$percentile" || name == "$median")
    return std::make_unique<Percentile>(options.percentiles, name == "$median");
  return std::make_unique<Sum>(name == "$avg");  // $sum, $count
}

WindowStatePtr make_covariance(bool sample) { return std::make_unique<Covariance>(sample); }
WindowStatePtr make_integral(std::int64_t unit_ms) { return std::make_unique<Integral>(unit_ms); }

}  // namespace quire::store::embedded
