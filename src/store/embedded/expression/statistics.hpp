#pragma once

#include <optional>
#include <vector>

#include "store/embedded/expression/expression.hpp"

/// Deviations and percentiles, as accumulators, expressions and windows compute them: in doubles.
namespace quire::store::embedded {

/// The standard deviation of numbers one after the other.
/// Source: B. P. Welford, "Note on a method for calculating corrected sums of squares and
/// products", 1962.
class Deviation {
 public:
  void add(double value) noexcept;
  /// Nothing of too few numbers: none, or of a sample, one.
  [[nodiscard]] std::optional<double> result(bool sample) const noexcept;

 private:
  std::int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // of differences from the mean
};

/// Numbers to find percentiles of. NaN has no place among them and is left out. Of more than
/// most_exact numbers every second stands for two, and so on: the place of a result is then off by
/// less than a millionth of their count.
/// Source: Z. Karnin, K. Lang, E. Liberty, "Optimal Quantile Approximation in Streams", 2016.
class Samples {
 public:
  static constexpr std::size_t most_exact = 1U << 21;
  void add(double value);
  /// The smallest number that at least p of all are not above; null of none.
  [[nodiscard]] bson::ValueView at(double p, Evaluation& e);
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  void compact();
  [[nodiscard]] double find(double p) const;
  std::vector<std::vector<double>> levels_{1};  // each stands for 2^level numbers
  double least_ = 0;
  double greatest_ = 0;
  bool sorted_ = false;  // the first level, when it is the only one
};

/// The place of percentile p among `count` sorted numbers; `count` is above 0.
[[nodiscard]] std::size_t percentile_index(double p, std::size_t count) noexcept;

}  // namespace quire::store::embedded
