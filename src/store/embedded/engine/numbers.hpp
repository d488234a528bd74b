#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bson/nan.hpp"
#include "quire/bson/view.hpp"

namespace quire::store::embedded {

/// A finite number as its exact decimal digits: 0.DIGITS × 10^exponent, no zeros at either end;
/// zero has no digits. The common form in which decimal128 and the binary types are compared
/// exactly.
struct ExactDecimal {
  bool negative = false;
  int exponent = 0;
  std::string digits;

  [[nodiscard]] static ExactDecimal of(std::int64_t value);
  /// `value` is finite. All digits, at most 768; or rounded to so many.
  [[nodiscard]] static ExactDecimal of(double value, int digits = 768);
  /// `value` is finite.
  [[nodiscard]] static ExactDecimal of(const bson::Decimal128& value);
};

[[nodiscard]] int compare(const ExactDecimal& a, const ExactDecimal& b);

/// The largest double that is not above the number, and whether it is the number.
struct FloorDouble {
  double value;
  bool exact;
};
[[nodiscard]] FloorDouble floor_double(std::int64_t value);
/// NaN gives NaN, exact. Infinities are themselves.
[[nodiscard]] FloorDouble floor_double(const bson::Decimal128& value);

using bson::is_nan;

/// The integer part of a number of any type; nothing for NaN, infinities, what does not fit, and
/// what is no number. `whole` says whether there was no fraction.
struct IntegerPart {
  std::int64_t value;
  bool whole;
};
[[nodiscard]] std::optional<IntegerPart> integer_part(bson::ValueView value);

}  // namespace quire::store::embedded
