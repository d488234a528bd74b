#pragma once

#include <optional>

#include "store/embedded/expression/expression.hpp"

/// $add, $subtract, $multiply and $divide of two values, as the functions of windows and $densify
/// use them: null for null or missing; dates where they make sense (a difference is in ms). Throws
/// QueryError 14 for other types.
namespace quire::store::embedded {

[[nodiscard]] bson::ValueView add_values(bson::ValueView a, bson::ValueView b, Evaluation& e);
[[nodiscard]] bson::ValueView subtract_values(bson::ValueView a, bson::ValueView b, Evaluation& e);
[[nodiscard]] bson::ValueView multiply_values(bson::ValueView a, bson::ValueView b, Evaluation& e);
/// Missing where b is zero.
[[nodiscard]] bson::ValueView divide_values(bson::ValueView a, bson::ValueView b, Evaluation& e);

}  // namespace quire::store::embedded
