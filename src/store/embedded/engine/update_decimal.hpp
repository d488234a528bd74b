#pragma once

#include "quire/bson/types.hpp"

/// Arithmetic of decimal128 values for $inc and $mul: IEEE 754-2008, 34 digits, round half to even;
/// exact where the result fits. Own digits, as libbson only converts text. Pure functions.
namespace quire::store::embedded {

[[nodiscard]] bson::Decimal128 decimal_add(bson::Decimal128 a, bson::Decimal128 b);
[[nodiscard]] bson::Decimal128 decimal_multiply(bson::Decimal128 a, bson::Decimal128 b);
[[nodiscard]] bson::Decimal128 decimal_from(std::int64_t value);
/// With 15 significant digits, as the server turns a double into a decimal: 1.5 becomes
/// 1.50000000000000.
[[nodiscard]] bson::Decimal128 decimal_from(double value);

}  // namespace quire::store::embedded
