#include "store/embedded/expression/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

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

void Samples::add(double value) {
  if (std::isnan(value)) return;
  auto& level = levels_.front();
  const bool first = level.empty() && levels_.size() == 1;
  least_ = first ? value : std::min(least_, value);
  greatest_ = first ? value : std::max(greatest_, value);
  level.push_back(value);
  sorted_ = false;
  if (level.size() > most_exact) compact();
}

void Samples::compact() {
  for (std::size_t i = 0; i < levels_.size() && levels_[i].size() > most_exact; ++i) {
    if (i + 1 == levels_.size()) levels_.emplace_back();
    auto& level = levels_[i];
    std::sort(level.begin(), level.end());
    // Of an odd number the last stays, so that all weights are kept.
    const std::size_t pairs = level.size() / 2;
    for (std::size_t k = 0; k < pairs; ++k) levels_[i + 1].push_back(level[2 * k + k % 2]);
    level.erase(level.begin(), level.begin() + static_cast<std::ptrdiff_t>(2 * pairs));
  }
}

double Samples::find(double p) const {
  if (p <= 0) return least_;
  if (p >= 1) return greatest_;
  std::vector<std::pair<double, double>> weighted;
  double total = 0;
  double weight = 1;
  for (const auto& level : levels_) {
    for (const double value : level) weighted.emplace_back(value, weight);
    total += weight * static_cast<double>(level.size());
    weight *= 2;
  }
  std::sort(weighted.begin(), weighted.end());
  const double rank = std::ceil(p * total);
  double below = 0;
  for (const auto& [value, count] : weighted) {
    below += count;
    if (below >= rank) return value;
  }
  return greatest_;
}

bson::ValueView Samples::at(double p, Evaluation& e) {
  auto& level = levels_.front();
  if (levels_.size() > 1) return e.number(find(p));
  if (level.empty()) return null_value;
  if (!sorted_) std::sort(level.begin(), level.end());
  sorted_ = true;
  return e.number(level[percentile_index(p, level.size())]);
}

std::size_t Samples::bytes() const noexcept {
  std::size_t count = 0;
  for (const auto& level : levels_) count += level.size();
  return count * sizeof(double);
}

}  // namespace quire::store::embedded
