#include "store/embedded/expression/number_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/engine/update_decimal.hpp"

namespace quire::store::embedded {

using bson::Decimal128;
using bson::Type;
using bson::ValueView;

namespace {

constexpr double two_63 = 9223372036854775808.0;
constexpr int most_digits = 34;
constexpr int min_exponent = -6176;
constexpr int max_exponent = 6111;

int width(Type type) noexcept {
  return type == Type::int32 ? 0 : type == Type::int64 ? 1 : type == Type::double_ ? 2 : 3;
}

bool adds_beyond(std::int64_t a, std::int64_t b) noexcept {
  using limits = std::numeric_limits<std::int64_t>;
  return b > 0 ? a > limits::max() - b : a < limits::min() - b;
}

/// Drops the last `n` of the digits, rounding half to even; `more` says that something not zero
/// follows them.
void round_off(std::string& digits, int& exponent, int n, bool more) {
  if (n <= 0) return;
  if (static_cast<std::size_t>(n) > digits.size())
    digits.insert(0, static_cast<std::size_t>(n) - digits.size(), '0');
  const std::size_t keep = digits.size() - static_cast<std::size_t>(n);
  const char first = digits[keep];
  const bool rest = more || digits.find_first_not_of('0', keep + 1) != std::string::npos;
  const bool odd = keep > 0 && (digits[keep - 1] - '0') % 2 != 0;
  const bool up = first > '5' || (first == '5' && (rest || odd));
  digits.resize(keep);
  exponent += n;
  if (!up) return;
  std::size_t i = keep;
  while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
  if (i == 0) {
    digits.insert(0, 1, '1');
  } else {
    ++digits[i - 1];
  }
}

/// DIGITS × 10^exponent, rounded; `more`: the digits are cut. Where they are exact, the exponent
/// comes as near to `ideal` as they allow.
Decimal128 make_decimal(bool negative, std::string digits, int exponent, bool more, int ideal) {
  digits.erase(0, digits.find_first_not_of('0'));
  const int count = static_cast<int>(digits.size());
  round_off(digits, exponent, std::max(count - most_digits, min_exponent - exponent), more);
  if (digits.size() > most_digits) {  // 99…9 became 100…0
    digits.pop_back();
    ++exponent;
  }
  if (digits.find_first_not_of('0') == std::string::npos) {
    digits = "0";
    exponent = std::clamp(more ? exponent : ideal, min_exponent, max_exponent);
  } else if (!more) {
    while (exponent < ideal && digits.size() > 1 && digits.back() == '0') {
      digits.pop_back();
      ++exponent;
    }
    while (exponent > ideal && digits.size() < most_digits) {
      digits.push_back('0');
      --exponent;
    }
  }
  while (exponent > max_exponent && digits.size() < most_digits) {
    digits.push_back('0');
    --exponent;
  }
  if (exponent > max_exponent) return Decimal128::from_string(negative ? "-Infinity" : "Infinity");
  return Decimal128::from_string((negative ? "-" : "") + digits + "E" + std::to_string(exponent));
}

}  // namespace

Decimal128 decimal_of_double(double value) {
  if (!std::isfinite(value)) return decimal_from(value);
  const ExactDecimal exact = ExactDecimal::of(value);
  const int exponent = exact.exponent - static_cast<int>(exact.digits.size());
  return make_decimal(std::signbit(value), exact.digits, exponent, false, 0);
}

Decimal128 decimal_mean(const Decimal128& total, std::int64_t count) {
  if (total.is_nan() || total.is_infinite()) return total;
  const int ideal = static_cast<int>(total.high >> 49 & 0x3FFF) + min_exponent;
  const ExactDecimal exact = ExactDecimal::of(total);
  if (exact.digits.empty()) return total;
  const auto divisor = static_cast<std::uint64_t>(count);
  std::string quotient;
  std::uint64_t rest = 0;
  std::size_t at = 0;
  int exponent = exact.exponent;
  // Digit by digit; counts of documents are far below 2^60, so that rest × 10 fits.
  while (at < exact.digits.size() || rest != 0) {
    rest = rest * 10 +
           (at < exact.digits.size() ? static_cast<std::uint64_t>(exact.digits[at] - '0') : 0);
    ++at;
    quotient.push_back(static_cast<char>('0' + rest / divisor));
    rest %= divisor;
    --exponent;
    const auto first = quotient.find_first_not_of('0');
    if (first != std::string::npos && quotient.size() - first > most_digits + 2 &&
        at >= exact.digits.size())
      break;
  }
  return make_decimal(total.is_negative(), std::move(quotient), exponent, rest != 0, ideal);
}

void NumberSum::widen(Type type) noexcept {
  if (width(type) > width(type_)) type_ = type;
}

void NumberSum::add_double(double value) noexcept {
  plain_ += value;
  const double sum = sum_ + value;
  const double part = sum - sum_;
  const double lost = (sum_ - (sum - part)) + (value - part) + rest_;
  sum_ = sum + lost;
  rest_ = lost - (sum_ - sum);
}

void NumberSum::add_exact(std::int64_t value) noexcept {
  // Both parts are exact as doubles.
  const std::int64_t high = value / (std::int64_t{1} << 32) * (std::int64_t{1} << 32);
  add_double(static_cast<double>(value - high));
  add_double(static_cast<double>(high));
}

void NumberSum::flush_integers() noexcept {
  if (!exact_) return;
  exact_ = false;
  if (integers_ != 0) add_exact(integers_);
}

void NumberSum::add(std::int64_t value) {
  if (exact_ && !adds_beyond(integers_, value)) {
    integers_ += value;
    return;
  }
  flush_integers();
  add_exact(value);
}

void NumberSum::add(double value) {
  widen(Type::double_);
  flush_integers();
  add_double(value);
}

void NumberSum::add(Decimal128 value) {
  widen(Type::decimal128);
  decimal_ = decimal_add(decimal_, value);
}

void NumberSum::add(ValueView number) {
  switch (number.type()) {
    case Type::double_:
      add(bson::load<double>(number.data()));
      return;
    case Type::decimal128:
      add(bson::load<Decimal128>(number.data()));
      return;
    default:
      widen(number.type());
      add(integer_of(number));
  }
}

void NumberSum::add(const NumberSum& other) {
  widen(other.type_);
  if (other.exact_) {
    add(other.integers_);
  } else {
    flush_integers();
    add_double(std::isfinite(other.sum_) ? other.sum_ : other.plain_);
    if (std::isfinite(other.sum_)) add_double(other.rest_);
  }
  if (other.type_ == Type::decimal128) decimal_ = decimal_add(decimal_, other.decimal_);
}

double NumberSum::as_double() const noexcept {
  if (exact_) return static_cast<double>(integers_);
  return std::isfinite(sum_) ? sum_ : plain_;
}

Decimal128 NumberSum::as_decimal() const {
  Decimal128 binary;
  if (exact_) {
    binary = decimal_from(integers_);
  } else if (std::isfinite(sum_)) {
    binary = decimal_add(decimal_of_double(sum_), decimal_of_double(rest_));
  } else {
    binary = decimal_from(plain_);
  }
  return decimal_add(decimal_, binary);
}

ValueView NumberSum::total(Evaluation& e) const {
  if (type_ == Type::decimal128) return e.decimal(as_decimal());
  if (type_ == Type::double_) return e.number(as_double());
  std::int64_t value = integers_;
  if (!exact_) {
    // Of integers only: it overflowed, but may have come back.
    if (sum_ > -two_63 && sum_ < two_63) {
      value = static_cast<std::int64_t>(sum_) + static_cast<std::int64_t>(rest_);
    } else if (sum_ == two_63 && rest_ < 0) {
      value = std::numeric_limits<std::int64_t>::max() + static_cast<std::int64_t>(rest_ + 1);
    } else if (sum_ == -two_63 && rest_ >= 0) {
      value = std::numeric_limits<std::int64_t>::min() + static_cast<std::int64_t>(rest_);
    } else {
      return e.number(as_double());
    }
  }
  return type_ == Type::int32 ? e.narrow(value) : e.int64(value);
}

ValueView NumberSum::mean(std::int64_t count, Evaluation& e) const {
  if (type_ == Type::decimal128) return e.decimal(decimal_mean(as_decimal(), count));
  return e.number(as_double() / static_cast<double>(count));
}

}  // namespace quire::store::embedded
