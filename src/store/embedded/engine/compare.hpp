#pragma once

#include "quire/bson/view.hpp"

/// The order and equality of BSON values as MongoDB defines them ("Comparison/Sort Order" in its
/// manual). Pure functions on bytes; thread-safe.
namespace quire::store::embedded {

/// The rank of a type's bracket: MinKey < undefined < null < numbers < text < object < array <
/// binary < ObjectId < bool < date < timestamp < regex < dbPointer < code < codeWithScope < MaxKey.
[[nodiscard]] int type_rank(bson::Type type) noexcept;

/// <0, 0, >0. Numbers of all four types compare by exact value; NaN is below all numbers.
[[nodiscard]] int compare(bson::ValueView a, bson::ValueView b);

/// Field by field: rank of type, then name, then value; a prefix is less.
[[nodiscard]] int compare_documents(bson::View a, bson::View b);

[[nodiscard]] inline bool equal(bson::ValueView a, bson::ValueView b) { return compare(a, b) == 0; }

/// Exact three-way comparison of two numbers of any numeric types.
[[nodiscard]] int compare_numbers(bson::ValueView a, bson::ValueView b);

}  // namespace quire::store::embedded
