#include "store/embedded/engine/decimal_parts.hpp"

#include <algorithm>

namespace quire::store::embedded {

using bson::Decimal128;

namespace {

constexpr int bias = 6176;

/// Whether the last kept digit goes up, `dropped` of `unit` having been cut off, and `rest` below.
bool goes_up(Coefficient kept, Coefficient dropped, Coefficient unit, bool rest, bool negative,
             DecimalRounding rounding) noexcept {
  if (dropped == 0 && !rest) return false;
  const Coefficient half = unit / 2;
  switch (rounding) {
    case DecimalRounding::half_even:
      if (dropped != half) return dropped > half;
      return rest || (kept & 1) != 0;
    case DecimalRounding::half_away:
      return dropped >= half;
    case DecimalRounding::toward_zero:
      return false;
    case DecimalRounding::down:
      return negative;
    case DecimalRounding::up:
      return !negative;
  }
  return false;
}

/// Cuts the lowest `n` > 0 digits off, with rounding.
Coefficient cut(Coefficient value, int n, bool rest, bool negative,
                DecimalRounding rounding) noexcept {
  constexpr int most = 38;
  if (n > most) {
    // Below a tenth of a unit, whatever it is.
    return goes_up(0, 0, 10, value != 0 || rest, negative, rounding) ? 1 : 0;
  }
  const Coefficient unit = power_of_ten(n);
  const Coefficient kept = value / unit;
  return kept + (goes_up(kept, value % unit, unit, rest, negative, rounding) ? 1 : 0);
}

}  // namespace

Coefficient power_of_ten(int n) noexcept {
  Coefficient out = 1;
  for (; n > 0; --n) out *= 10;
  return out;
}

int count_digits(Coefficient value) noexcept {
  int n = 0;
  for (; value != 0; value /= 10) ++n;
  return n;
}

DecimalParts decimal_parts(Decimal128 value) noexcept {
  DecimalParts out;
  out.negative = value.is_negative();
  if ((value.high >> 61 & 3) == 3) {
    out.exponent = static_cast<int>(value.high >> 47 & 0x3FFF) - bias;
    return out;
  }
  out.exponent = static_cast<int>(value.high >> 49 & 0x3FFF) - bias;
  out.coefficient = static_cast<Coefficient>(value.high & 0x1FFFFFFFFFFFFULL) << 64 | value.low;
  if (out.coefficient >= power_of_ten(decimal_digits)) out.coefficient = 0;
  return out;
}

Decimal128 compose_decimal(bool negative, Coefficient coefficient, int exponent,
                           bool rest) noexcept {
  const int drop =
      std::max(count_digits(coefficient) - decimal_digits, min_decimal_exponent - exponent);
  if (drop > 0) {
    coefficient = cut(coefficient, drop, rest, negative, DecimalRounding::half_even);
    exponent += drop;
    if (coefficient == power_of_ten(decimal_digits)) {
      coefficient /= 10;
      ++exponent;
    }
  }
  if (exponent > max_decimal_exponent) {
    const int above = exponent - max_decimal_exponent;
    if (coefficient != 0) {
      if (count_digits(coefficient) + above > decimal_digits) return decimal_infinity(negative);
      coefficient *= power_of_ten(above);
    }
    exponent = max_decimal_exponent;
  }
  const auto low = static_cast<std::uint64_t>(coefficient);
  auto high = static_cast<std::uint64_t>(coefficient >> 64);
  high |= static_cast<std::uint64_t>(exponent + bias) << 49;
  if (negative) high |= 1ULL << 63;
  return {low, high};
}

std::optional<Decimal128> decimal_quantize(Decimal128 value, int exponent,
                                           DecimalRounding rounding) noexcept {
  DecimalParts parts = decimal_parts(value);
  if (exponent <= parts.exponent) {
    const int up = parts.exponent - exponent;
    if (parts.coefficient != 0) {
      if (count_digits(parts.coefficient) + up > decimal_digits) return std::nullopt;
      parts.coefficient *= power_of_ten(up);
    }
  } else {
    parts.coefficient =
        cut(parts.coefficient, exponent - parts.exponent, false, parts.negative, rounding);
  }
  return compose_decimal(parts.negative, parts.coefficient, exponent);
}

std::optional<std::int64_t> decimal_to_int64(Decimal128 value, DecimalRounding rounding) noexcept {
  if (value.is_nan() || value.is_infinite()) return std::nullopt;
  const auto whole = decimal_quantize(value, 0, rounding);
  if (!whole) return std::nullopt;
  const DecimalParts parts = decimal_parts(*whole);
  constexpr auto limit = static_cast<Coefficient>(1) << 63;
  if (parts.coefficient > limit || (parts.coefficient == limit && !parts.negative))
    return std::nullopt;
  const auto magnitude = static_cast<std::uint64_t>(parts.coefficient);
  return static_cast<std::int64_t>(parts.negative ? ~magnitude + 1 : magnitude);
}

bool decimal_is_zero(Decimal128 value) noexcept {
  return !value.is_nan() && !value.is_infinite() && decimal_parts(value).coefficient == 0;
}

}  // namespace quire::store::embedded
