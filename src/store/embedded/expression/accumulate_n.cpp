#include <deque>
#include <map>
#include <set>

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/held_value.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;

ValueView or_null(ValueView value) { return is_missing(value) ? null_value : value; }

class FirstN final : public Accumulator {
 public:
  explicit FirstN(const AccumulatorOptions& options) : name_(options.name), n_(options.n) {}
  void add(ValueView value, Evaluation&) override {
    if (static_cast<std::int64_t>(list_.count()) >= n_) return;
    list_.push(or_null(value));
    check_accumulator_memory(bytes(), name_);
  }
  ValueView result(Evaluation& e) override { return list_.array(e); }
  std::size_t bytes() const noexcept override { return sizeof *this + list_.bytes(); }

 private:
  std::string_view name_;
  std::int64_t n_;
  ValueList list_;
};

class LastN final : public Accumulator {
 public:
  explicit LastN(const AccumulatorOptions& options) : name_(options.name), n_(options.n) {}
  void add(ValueView value, Evaluation&) override {
    HeldValue held;
    if (static_cast<std::int64_t>(values_.size()) >= n_) {
      held = std::move(values_.front());
      held_bytes_ -= held.bytes() + sizeof held;
      values_.pop_front();
    }
    held.set(or_null(value));
    held_bytes_ += held.bytes() + sizeof held;
    values_.push_back(std::move(held));
    check_accumulator_memory(bytes(), name_);
  }
  ValueView result(Evaluation& e) override {
    Evaluation::Builder out(e);
    for (const auto& held : values_) out.push(held.view());
    return out.array();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + held_bytes_; }

 private:
  std::string_view name_;
  std::int64_t n_;
  std::deque<HeldValue> values_;
  std::size_t held_bytes_ = 0;
};

/// The order of $minN (sign 1) and $maxN (-1).
struct ValueOrder {
  int sign;
  bool operator()(const HeldValue& a, const HeldValue& b) const {
    return compare_values(a.view(), b.view()) * sign < 0;
  }
};

/// $minN, $maxN: the best first; of equal ones the first to come are kept.
class ExtremeN final : public Accumulator {
 public:
  ExtremeN(const AccumulatorOptions& options, int sign)
      : name_(options.name), n_(options.n), sign_(sign), values_(ValueOrder{sign}) {}
  void add(ValueView value, Evaluation&) override {
    if (is_nullish(value)) return;
    if (static_cast<std::int64_t>(values_.size()) >= n_) {
      const auto worst = std::prev(values_.end());
      if (compare_values(value, worst->view()) * sign_ >= 0) return;
      held_bytes_ -= cost(*worst);
      values_.erase(worst);
    }
    held_bytes_ += cost(*values_.emplace(value));
    check_accumulator_memory(bytes(), name_);
  }
  ValueView result(Evaluation& e) override {
    Evaluation::Builder out(e);
    for (const auto& held : values_) out.push(held.view());
    return out.array();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + held_bytes_; }

 private:
  static std::size_t cost(const HeldValue& held) {
    constexpr std::size_t node = 32;
    return sizeof held + node + held.bytes();
  }
  std::string_view name_;
  std::int64_t n_;
  int sign_;
  std::multiset<HeldValue, ValueOrder> values_;
  std::size_t held_bytes_ = 0;
};

/// $top, $topN, $bottom, $bottomN: at most n values by their sort key; of equal keys the first to
/// come are kept.
class TopN final : public Accumulator {
 public:
  TopN(const AccumulatorOptions& options, bool top, bool one)
      : name_(options.name), n_(options.n), top_(top), one_(one) {}
  void add(ValueView value, Evaluation&) override {
    auto part = value.as_array().begin();
    const ValueView output = part->value;
    const bson::BinaryView bytes_of_key = (++part)->value.as_binary();
    std::string key(reinterpret_cast<const char*>(bytes_of_key.data), bytes_of_key.size);
    if (static_cast<std::int64_t>(values_.size()) >= n_) {
      const auto worst = top_ ? std::prev(values_.end()) : values_.begin();
      if (top_ ? key >= worst->first : key <= worst->first) return;
      held_bytes_ -= cost(*worst);
      values_.erase(worst);
    }
    held_bytes_ += cost(*values_.emplace(std::move(key), HeldValue(output)));
    check_accumulator_memory(bytes(), name_);
  }
  ValueView result(Evaluation& e) override {
    if (one_) return values_.empty() ? null_value : values_.begin()->second.view();
    Evaluation::Builder out(e);
    for (const auto& entry : values_) out.push(entry.second.view());
    return out.array();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + held_bytes_; }

 private:
  using Map = std::multimap<std::string, HeldValue>;
  static std::size_t cost(const Map::value_type& entry) {
    constexpr std::size_t node = 32;
    return sizeof entry + node + entry.first.size() + entry.second.bytes();
  }
  std::string_view name_;
  std::int64_t n_;
  bool top_;
  bool one_;
  Map values_;
  std::size_t held_bytes_ = 0;
};

}  // namespace

AccumulatorPtr make_first_n(const AccumulatorOptions& options) {
  return std::make_unique<FirstN>(options);
}
AccumulatorPtr make_last_n(const AccumulatorOptions& options) {
  return std::make_unique<LastN>(options);
}
AccumulatorPtr make_min_n(const AccumulatorOptions& options) {
  return std::make_unique<ExtremeN>(options, 1);
}
AccumulatorPtr make_max_n(const AccumulatorOptions& options) {
  return std::make_unique<ExtremeN>(options, -1);
}
AccumulatorPtr make_top(const AccumulatorOptions& options) {
  return std::make_unique<TopN>(options, true, true);
}
AccumulatorPtr make_bottom(const AccumulatorOptions& options) {
  return std::make_unique<TopN>(options, false, true);
}
AccumulatorPtr make_top_n(const AccumulatorOptions& options) {
  return std::make_unique<TopN>(options, true, false);
}
AccumulatorPtr make_bottom_n(const AccumulatorOptions& options) {
  return std::make_unique<TopN>(options, false, false);
}

}  // namespace quire::store::embedded
