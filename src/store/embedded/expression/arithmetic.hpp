#pragma once

#include "store/embedded/expression/expression.hpp"

/// The functions behind the table of arithmetic operators.
namespace quire::store::embedded {

// arithmetic_function.cpp: of one number, and logarithms and powers.
[[nodiscard]] bson::ValueView abs_of(const Call& c);
[[nodiscard]] bson::ValueView ceil_of(const Call& c);
[[nodiscard]] bson::ValueView floor_of(const Call& c);
[[nodiscard]] bson::ValueView exp_of(const Call& c);
[[nodiscard]] bson::ValueView ln_of(const Call& c);
[[nodiscard]] bson::ValueView log_of(const Call& c);
[[nodiscard]] bson::ValueView log10_of(const Call& c);
[[nodiscard]] bson::ValueView pow_of(const Call& c);
[[nodiscard]] bson::ValueView sqrt_of(const Call& c);
[[nodiscard]] bson::ValueView sigmoid_of(const Call& c);

// arithmetic_round.cpp
[[nodiscard]] bson::ValueView round_of(const Call& c);
[[nodiscard]] bson::ValueView trunc_of(const Call& c);

}  // namespace quire::store::embedded
