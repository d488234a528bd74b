#include <algorithm>
#include <cmath>

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/number_sum.hpp"
#include "store/embedded/expression/statistics.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;

class Sum final : public Accumulator {
 public:
  void add(ValueView value, Evaluation&) override {
    if (value.is_number()) sum_.add(value);
  }
  ValueView result(Evaluation& e) override { return sum_.total(e); }
  std::size_t bytes() const noexcept override { return sizeof *this; }

 private:
  NumberSum sum_;
};

class Avg final : public Accumulator {
 public:
  void add(ValueView value, Evaluation&) override {
    if (!value.is_number()) return;
    sum_.add(value);
    ++count_;
  }
  ValueView result(Evaluation& e) override {
    return count_ == 0 ? null_value : sum_.mean(count_, e);
  }
  std::size_t bytes() const noexcept override { return sizeof *this; }

 private:
  NumberSum sum_;
  std::int64_t count_ = 0;
};

class StdDev final : public Accumulator {
 public:
  explicit StdDev(bool sample) : sample_(sample) {}
  void add(ValueView value, Evaluation&) override {
    if (value.is_number()) deviation_.add(to_double(value));
  }
  ValueView result(Evaluation& e) override {
    const auto value = deviation_.result(sample_);
    return value ? e.number(*value) : null_value;
  }
  std::size_t bytes() const noexcept override { return sizeof *this; }

 private:
  bool sample_;
  Deviation deviation_;
};

class Percentile final : public Accumulator {
 public:
  Percentile(const AccumulatorOptions& options, bool one)
      : name_(options.name), percentiles_(options.percentiles), one_(one) {}
  void add(ValueView value, Evaluation&) override {
    if (!value.is_number()) return;
    samples_.add(to_double(value));
    check_accumulator_memory(bytes(), name_);
  }
  ValueView result(Evaluation& e) override {
    if (one_) return samples_.at(percentiles_.front(), e);
    Evaluation::Builder out(e);
    for (const double p : percentiles_) out.push(samples_.at(p, e));
    return out.array();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + samples_.bytes(); }

 private:
  std::string_view name_;
  std::span<const double> percentiles_;
  bool one_;
  Samples samples_;
};

}  // namespace

AccumulatorPtr make_sum(const AccumulatorOptions&) { return std::make_unique<Sum>(); }
AccumulatorPtr make_avg(const AccumulatorOptions&) { return std::make_unique<Avg>(); }
AccumulatorPtr make_std_dev_pop(const AccumulatorOptions&) {
  return std::make_unique<StdDev>(false);
}
AccumulatorPtr make_std_dev_samp(const AccumulatorOptions&) {
  return std::make_unique<StdDev>(true);
}
AccumulatorPtr make_percentile(const AccumulatorOptions& options) {
  return std::make_unique<Percentile>(options, false);
}
AccumulatorPtr make_median(const AccumulatorOptions& options) {
  return std::make_unique<Percentile>(options, true);
}

}  // namespace quire::store::embedded
