#include "store/embedded/engine/update_decimal.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace quire::store::embedded {

namespace {

using bson::Decimal128;

constexpr int precision = 34;
constexpr int bias = 6176;
constexpr int min_exponent = -6176;
constexpr int max_exponent = 6111;

constexpr Decimal128 nan_value{0, 0x7C00000000000000ULL};
Decimal128 infinity(bool negative) {
  return {0, 0x7800000000000000ULL | (negative ? 1ULL << 63 : 0)};
}

/// Decimal digits, the lowest first, of one value: sign · digits · 10^exponent.
struct Digits {
  static constexpr int capacity = 3 * precision + 4;
  std::array<std::uint8_t, capacity> digit{};
  int count = 0;  // without leading zeros; 0 = zero
  int exponent = 0;
  bool negative = false;

  void trim() {
    while (count > 0 && digit[static_cast<std::size_t>(count) - 1] == 0) --count;
  }
  [[nodiscard]] std::uint8_t at(int i) const {
    return i < count ? digit[static_cast<std::size_t>(i)] : std::uint8_t{0};
  }
  void put(int i, int value) {
    digit[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value);
  }
  /// Multiplies by 10^n without changing the value: the exponent goes down.
  void shift_up(int n) {
    if (count != 0) {
      for (int i = count - 1; i >= 0; --i) put(i + n, at(i));
      std::fill_n(digit.begin(), n, std::uint8_t{0});
      count += n;
    }
    exponent -= n;
  }
};

Digits unpack(Decimal128 value) {
  Digits out;
  out.negative = value.is_negative();
  std::uint64_t high = 0;
  std::uint64_t low = value.low;
  if ((value.high >> 61 & 3) == 3) {
    // A coefficient of 114 bits is beyond 34 digits: not canonical, so zero.
    out.exponent = static_cast<int>(value.high >> 47 & 0x3FFF) - bias;
    low = 0;
  } else {
    out.exponent = static_cast<int>(value.high >> 49 & 0x3FFF) - bias;
    high = value.high & 0x1FFFFFFFFFFFFULL;
  }
  // Long division of the 113 bits by ten, in four 32-bit limbs.
  std::array<std::uint32_t, 4> limbs{
      static_cast<std::uint32_t>(high >> 32), static_cast<std::uint32_t>(high),
      static_cast<std::uint32_t>(low >> 32), static_cast<std::uint32_t>(low)};
  while ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) != 0) {
    std::uint64_t rest = 0;
    for (auto& limb : limbs) {
      const std::uint64_t part = rest << 32 | limb;
      limb = static_cast<std::uint32_t>(part / 10);
      rest = part % 10;
    }
    out.put(out.count++, static_cast<int>(rest));
  }
  if (out.count > precision) out.count = 0;  // not canonical: zero
  return out;
}

/// Drops the lowest `n` digits with rounding half to even.
void round_off(Digits& value, int n) {
  if (n <= 0) return;
  const int highest = n - 1;
  const int first = value.at(highest);
  bool rest = false;
  for (int i = 0; i < std::min(highest, value.count); ++i) rest = rest || value.at(i) != 0;
  const bool odd = (value.at(n) & 1) != 0;
  const bool up = first > 5 || (first == 5 && (rest || odd));
  for (int i = n; i < value.count; ++i) value.put(i - n, value.at(i));
  value.count = std::max(0, value.count - n);
  value.exponent += n;
  if (!up) return;
  int i = 0;
  while (i < value.count && value.at(i) == 9) value.put(i++, 0);
  if (i == value.count) {
    value.put(i, 1);
    ++value.count;
  } else {
    value.put(i, value.at(i) + 1);
  }
}

Decimal128 pack(Digits value) {
  value.trim();
  if (value.count == 0) {
    value.exponent = std::max(value.exponent, min_exponent);
  } else {
    // Once: rounding to 34 digits and again at the lowest exponent would not be exact.
    const int drop = std::max(value.count - precision, min_exponent - value.exponent);
    const int digits = std::min(drop, value.count + 1);
    round_off(value, digits);
    if (drop > digits) value.exponent += drop - digits;
    if (value.count > precision) round_off(value, 1);  // 99…9 became 100…0
    value.trim();
  }
  if (value.exponent > max_exponent) {
    if (value.count == 0) {
      value.exponent = max_exponent;
    } else {
      const int above = value.exponent - max_exponent;
      if (value.count + above > precision) return infinity(value.negative);
      value.shift_up(above);
    }
  }
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (int i = value.count - 1; i >= 0; --i) {
    // (high, low) = (high, low) * 10 + digit
    const std::uint64_t low_part = (low & 0xFFFFFFFFULL) * 10 + value.at(i);
    const std::uint64_t mid_part = (low >> 32) * 10 + (low_part >> 32);
    low = mid_part << 32 | (low_part & 0xFFFFFFFFULL);
    high = high * 10 + (mid_part >> 32);
  }
  high |= static_cast<std::uint64_t>(value.exponent + bias) << 49;
  if (value.negative) high |= 1ULL << 63;
  return {low, high};
}

int compare_digits(const Digits& a, const Digits& b) {
  if (a.count != b.count) return a.count < b.count ? -1 : 1;
  for (int i = a.count - 1; i >= 0; --i) {
    if (a.at(i) != b.at(i)) return a.at(i) < b.at(i) ? -1 : 1;
  }
  return 0;
}

/// |a| + |b| of one exponent.
Digits add_digits(const Digits& a, const Digits& b) {
  Digits out;
  out.exponent = a.exponent;
  int carry = 0;
  const int count = std::max(a.count, b.count);
  for (int i = 0; i < count; ++i) {
    const int sum = a.at(i) + b.at(i) + carry;
    out.put(i, sum % 10);
    carry = sum / 10;
  }
  out.count = count;
  if (carry != 0) out.put(out.count++, carry);
  return out;
}

/// |a| - |b| of one exponent, |a| >= |b|.
Digits subtract_digits(const Digits& a, const Digits& b) {
  Digits out;
  out.exponent = a.exponent;
  int borrow = 0;
  for (int i = 0; i < a.count; ++i) {
    int difference = a.at(i) - b.at(i) - borrow;
    borrow = difference < 0 ? 1 : 0;
    if (difference < 0) difference += 10;
    out.put(i, difference);
  }
  out.count = a.count;
  out.trim();
  return out;
}

}  // namespace

Decimal128 decimal_add(Decimal128 a, Decimal128 b) {
  if (a.is_nan() || b.is_nan()) return nan_value;
  if (a.is_infinite() || b.is_infinite()) {
    if (a.is_infinite() && b.is_infinite() && a.is_negative() != b.is_negative()) return nan_value;
    return infinity((a.is_infinite() ? a : b).is_negative());
  }
  Digits x = unpack(a);
  Digits y = unpack(b);
  const int ideal = std::min(x.exponent, y.exponent);
  if (x.count == 0 && y.count == 0) {
    Digits zero;
    zero.exponent = ideal;
    zero.negative = x.negative && y.negative;
    return pack(zero);
  }
  if (x.count == 0 || y.count == 0) {
    // The other one, with the ideal exponent as far as its digits reach.
    Digits& value = x.count == 0 ? y : x;
    const int room = std::min(value.exponent - ideal, precision - value.count);
    if (room > 0) value.shift_up(room);
    return pack(value);
  }
  if (x.exponent < y.exponent) std::swap(x, y);  // x is the coarser one
  // Beyond this gap y is less than half a unit of the last digit of the result, whatever it is:
  // one digit far below stands for it. It keeps the direction of rounding.
  constexpr int widest = precision + 2;
  int gap = x.exponent - y.exponent;
  if (gap + x.count > 2 * precision + 2 && y.count + y.exponent < x.exponent - widest + x.count) {
    const int up = std::max(0, precision + 2 - x.count);
    x.shift_up(std::min(up, gap));
    Digits tiny;
    tiny.negative = y.negative;
    tiny.exponent = x.exponent - 1;
    tiny.put(0, 1);
    tiny.count = 1;
    y = tiny;
    gap = 1;
  }
  x.shift_up(gap);
  Digits sum;
  if (x.negative == y.negative) {
    sum = add_digits(x, y);
    sum.negative = x.negative;
  } else {
    const int order = compare_digits(x, y);
    sum = order >= 0 ? subtract_digits(x, y) : subtract_digits(y, x);
    sum.negative = order == 0 ? false : order > 0 ? x.negative : y.negative;
  }
  return pack(sum);
}

Decimal128 decimal_multiply(Decimal128 a, Decimal128 b) {
  if (a.is_nan() || b.is_nan()) return nan_value;
  const bool negative = a.is_negative() != b.is_negative();
  if (a.is_infinite() || b.is_infinite()) {
    const bool a_zero = !a.is_infinite() && unpack(a).count == 0;
    const bool b_zero = !b.is_infinite() && unpack(b).count == 0;
    return a_zero || b_zero ? nan_value : infinity(negative);
  }
  const Digits x = unpack(a);
  const Digits y = unpack(b);
  Digits product;
  product.negative = negative;
  product.exponent = x.exponent + y.exponent;
  if (x.count != 0 && y.count != 0) {
    std::array<int, 2 * precision + 1> sums{};
    for (int i = 0; i < x.count; ++i) {
      for (int j = 0; j < y.count; ++j) sums[static_cast<std::size_t>(i + j)] += x.at(i) * y.at(j);
    }
    int carry = 0;
    for (int i = 0; i < x.count + y.count; ++i) {
      const int sum = sums[static_cast<std::size_t>(i)] + carry;
      product.put(i, sum % 10);
      carry = sum / 10;
    }
    product.count = x.count + y.count;
  }
  return pack(product);
}

Decimal128 decimal_from(std::int64_t value) {
  const auto magnitude =
      value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  return {magnitude, 0x3040000000000000ULL | (value < 0 ? 1ULL << 63 : 0)};
}

Decimal128 decimal_from(double value) {
  if (std::isnan(value)) return nan_value;
  if (std::isinf(value)) return infinity(value < 0);
  Digits out;
  out.negative = std::signbit(value);
  if (value == 0) return pack(out);
  std::array<char, 40> text{};
  (void)std::snprintf(text.data(), text.size(), "%.14e", std::abs(value));  // d.dddddddddddddde±xx
  constexpr int digits = 15;
  for (int i = 0; i < digits; ++i) {
    const auto at = static_cast<std::size_t>(i == 0 ? 0 : i + 1);
    out.put(digits - 1 - i, text[at] - '0');
  }
  out.count = digits;
  out.exponent = std::atoi(text.data() + digits + 2) - (digits - 1);
  return pack(out);
}

}  // namespace quire::store::embedded
