#pragma once

#include <cstdint>
#include <optional>

#include "quire/bson/types.hpp"

/// Decimal128 values taken apart into sign, coefficient and exponent, and put together again.
/// Source: IEEE 754-2008, 3.5.2, the binary encoding. Pure functions.
namespace quire::store::embedded {

__extension__ using Coefficient = unsigned __int128;

constexpr int decimal_digits = 34;
constexpr int min_decimal_exponent = -6176;
constexpr int max_decimal_exponent = 6111;

inline constexpr bson::Decimal128 decimal_nan{0, 0x7C00000000000000ULL};
[[nodiscard]] constexpr bson::Decimal128 decimal_infinity(bool negative) noexcept {
  return {0, 0x7800000000000000ULL | (negative ? 1ULL << 63 : 0)};
}

/// A finite value: sign · coefficient · 10^exponent.
struct DecimalParts {
  bool negative = false;
  int exponent = 0;
  Coefficient coefficient = 0;  ///< below 10^34
};
/// `value` is finite. What is not canonical counts as zero.
[[nodiscard]] DecimalParts decimal_parts(bson::Decimal128 value) noexcept;
/// Rounds half to even to 34 digits and to the least exponent; infinity where it is too large.
/// `rest`: there was more below the coefficient's last digit, less than one unit of it.
[[nodiscard]] bson::Decimal128 compose_decimal(bool negative, Coefficient coefficient, int exponent,
                                               bool rest = false) noexcept;
/// 10^n for n in 0 … 38.
[[nodiscard]] Coefficient power_of_ten(int n) noexcept;
[[nodiscard]] int count_digits(Coefficient value) noexcept;

enum class DecimalRounding : std::uint8_t { half_even, half_away, toward_zero, down, up };
/// The value with this exponent; nothing where that needs more than 34 digits. `value` is finite.
[[nodiscard]] std::optional<bson::Decimal128> decimal_quantize(bson::Decimal128 value, int exponent,
                                                               DecimalRounding rounding) noexcept;
/// As a whole number; nothing for NaN, infinities and what does not fit.
[[nodiscard]] std::optional<std::int64_t> decimal_to_int64(bson::Decimal128 value,
                                                           DecimalRounding rounding) noexcept;
[[nodiscard]] constexpr bson::Decimal128 decimal_negate(bson::Decimal128 value) noexcept {
  return {value.low, value.high ^ (1ULL << 63)};
}
[[nodiscard]] constexpr bson::Decimal128 decimal_abs(bson::Decimal128 value) noexcept {
  return {value.low, value.high & ~(1ULL << 63)};
}
/// Finite and zero.
[[nodiscard]] bool decimal_is_zero(bson::Decimal128 value) noexcept;

}  // namespace quire::store::embedded
