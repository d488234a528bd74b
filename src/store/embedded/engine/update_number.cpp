#include "store/embedded/engine/update_number.hpp"

#include <limits>

#include "quire/core/error.hpp"
#include "store/embedded/engine/update_decimal.hpp"

namespace quire::store::embedded {

namespace {

using bson::Type;
using bson::Value;
using bson::ValueView;

bson::Decimal128 to_decimal(ValueView v) {
  if (v.type() == Type::decimal128) return v.as_decimal128();
  if (v.type() == Type::double_) return decimal_from(v.as_double());
  return decimal_from(v.type() == Type::int32 ? std::int64_t{v.as_int32()} : v.as_int64());
}
std::int64_t to_int64(ValueView v) {
  return v.type() == Type::int32 ? std::int64_t{v.as_int32()} : v.as_int64();
}
double to_double(ValueView v) {
  return v.type() == Type::double_ ? v.as_double() : static_cast<double>(to_int64(v));
}
bool either(ValueView a, ValueView b, Type type) { return a.type() == type || b.type() == type; }

/// int32 as long as both are and it fits.
Value narrow(ValueView a, ValueView b, std::int64_t result) {
  const bool small = a.type() == Type::int32 && b.type() == Type::int32 &&
                     result >= std::numeric_limits<std::int32_t>::min() &&
                     result <= std::numeric_limits<std::int32_t>::max();
  if (small) return {static_cast<std::int32_t>(result)};
  return {result};
}

[[noreturn]] void overflow(const std::string& path) {
  throw QueryError(ErrorCode::invalid_update, FieldPath(path),
                   "the result lies beyond a 64-bit integer", 2);
}

// Without compiler extensions: checks before the operation.
bool adds_beyond(std::int64_t a, std::int64_t b) {
  using limits = std::numeric_limits<std::int64_t>;
  return b > 0 ? a > limits::max() - b : a < limits::min() - b;
}
bool multiplies_beyond(std::int64_t a, std::int64_t b) {
  using limits = std::numeric_limits<std::int64_t>;
  if (a == 0 || b == 0) return false;
  if (a == -1) return b == limits::min();
  if (b == -1) return a == limits::min();
  if ((a > 0) == (b > 0)) return a > 0 ? a > limits::max() / b : a < limits::max() / b;
  return a > 0 ? b < limits::min() / a : a < limits::min() / b;
}

}  // namespace

Value add_numbers(ValueView a, ValueView b, const std::string& path) {
  if (either(a, b, Type::decimal128)) return {decimal_add(to_decimal(a), to_decimal(b))};
  if (either(a, b, Type::double_)) return {to_double(a) + to_double(b)};
  const auto x = to_int64(a);
  const auto y = to_int64(b);
  if (adds_beyond(x, y)) overflow(path);
  return narrow(a, b, x + y);
}

Value multiply_numbers(ValueView a, ValueView b, const std::string& path) {
  if (either(a, b, Type::decimal128)) return {decimal_multiply(to_decimal(a), to_decimal(b))};
  if (either(a, b, Type::double_)) return {to_double(a) * to_double(b)};
  const auto x = to_int64(a);
  const auto y = to_int64(b);
  if (multiplies_beyond(x, y)) overflow(path);
  return narrow(a, b, x * y);
}

Value bit_numbers(BitOperation operation, ValueView a, ValueView b) {
  const auto x = to_int64(a);
  const auto y = to_int64(b);
  const auto result = operation == BitOperation::bit_and  ? x & y
                      : operation == BitOperation::bit_or ? x | y
                                                          : x ^ y;
  return narrow(a, b, result);
}

}  // namespace quire::store::embedded
