#pragma once

#include <string>

#include "quire/bson/view.hpp"

namespace quire::observe {

/// The longest shape, in bytes; a longer one is cut and ends in "…".
inline constexpr std::size_t max_shape_bytes = 2000;

/// A filter as compact JSON with "?" for every value: {"age":{"$gte":"?"},"email":"?"}. Operators
/// that combine ($and, $or, $nor, $not, $elemMatch) show what they combine, equal neighbours once;
/// all others hide their operand. A document that is compared with as a whole is a value, so its
/// field names do not show. Never throws for what is no filter: what cannot be read shows as "?".
[[nodiscard]] std::string filter_shape(bson::View filter);

/// A sort order as compact JSON: {"age":-1,"name":1}; "?" for what is no direction ($meta).
[[nodiscard]] std::string sort_shape(bson::View sort);

}  // namespace quire::observe
