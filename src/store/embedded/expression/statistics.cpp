#include "store/embedded/expression/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace quire::store::embedded {

void Deviation::add(double value) noexcept {
  ++count_;
  const double delta = value - mean_;
  if (delta == 0) return;
  mean_ += delta / static_cast<double>(count_);
  squares_ += delta * (value - mean_);
}

std::optional<double> Deviation::result(bool sample) const noexcept {
  const std::int64_t count = sample ? count_ - 1 : count_;
  if (count <= 0) return std::nullopt;
  return std::sqrt(squares_ / static_cast<double>(count));
}

std::size_t percentile_index(double p, std::size_t count) noexcept {
  const double rank = std::ceil(p * static_cast<double>(count));
  if (!(rank > 1)) return 0;
  return std::min(static_cast<std::size_t>(rank), count) - 1;
}

bson::ValueView Samples::at(double p, Evaluation& e) {
  if (values_.empty()) return null_value;
  if (!sorted_) std::sort(values_.begin(), values_.end());
  sorted_ = true;
  return e.number(values_[percentile_index(p, values_.size())]);
}

}  // namespace quire::store::embedded
