#pragma once

#include <cmath>

#include "quire/bson/view.hpp"

namespace quire::bson {

/// Whether it is a NaN, of double or decimal. False for what is no number.
[[nodiscard]] inline bool is_nan(ValueView value) noexcept {
  if (value.type() == Type::double_) return std::isnan(load<double>(value.data()));
  return value.type() == Type::decimal128 && load<Decimal128>(value.data()).is_nan();
}

}  // namespace quire::bson
