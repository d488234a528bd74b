#pragma once

#include <cstdint>

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

/// A sum of numbers of all types, as $sum and $avg build it: int32 and int64 exactly, doubles
/// with the rounding errors kept in a second double, decimals apart. The result has the widest type
/// that was added: int32 becomes int64 where it overflows, int64 becomes double.
/// Source: T. J. Dekker, "A floating-point technique for extending the available precision", 1971;
/// MongoDB manual, "$sum", "Result Data Type".
class NumberSum {
 public:
  /// `number` is a number.
  void add(bson::ValueView number);
  void add(std::int64_t value);
  void add(double value);
  void add(bson::Decimal128 value);
  /// The numbers of another sum.
  void add(const NumberSum& other);

  [[nodiscard]] bson::ValueView total(Evaluation& e) const;
  /// total ÷ count: a double, or a decimal. `count` is above 0.
  [[nodiscard]] bson::ValueView mean(std::int64_t count, Evaluation& e) const;
  /// int32 (of nothing, too), int64, double or decimal128.
  [[nodiscard]] bson::Type type() const noexcept { return type_; }
  [[nodiscard]] double as_double() const noexcept;
  [[nodiscard]] bson::Decimal128 as_decimal() const;

 private:
  void widen(bson::Type type) noexcept;
  void flush_integers() noexcept;
  void add_exact(std::int64_t value) noexcept;
  void add_double(double value) noexcept;

  bson::Type type_ = bson::Type::int32;
  bool exact_ = true;          // integers_ is all of it
  std::int64_t integers_ = 0;  // until the first double, or an overflow
  double sum_ = 0;
  double rest_ = 0;   // what sum_ lost to rounding
  double plain_ = 0;  // says which infinity, or NaN, once sum_ is not finite
  bson::Decimal128 decimal_;
};

/// total ÷ count, rounded half to even to 34 digits. `count` is above 0.
[[nodiscard]] bson::Decimal128 decimal_mean(const bson::Decimal128& total, std::int64_t count);
/// The double's value to 34 digits: 0.5 is 0.5, as 60 is 60.
[[nodiscard]] bson::Decimal128 decimal_of_double(double value);

}  // namespace quire::store::embedded
