#pragma once

#include <string>

#include "quire/bson/value.hpp"

/// What $inc, $mul and $bit do to numbers. The result has the wider of both types: int32 < int64 <
/// double < decimal; int32 becomes int64 where it overflows. Pure functions.
namespace quire::store::embedded {

/// Both are numbers. Throws QueryError invalid_update at `path` (backend code 2) when an int64
/// overflows.
[[nodiscard]] bson::Value add_numbers(bson::ValueView a, bson::ValueView b,
                                      const std::string& path);
[[nodiscard]] bson::Value multiply_numbers(bson::ValueView a, bson::ValueView b,
                                           const std::string& path);

enum class BitOperation { bit_and, bit_or, bit_xor };
/// Both are int32 or int64.
[[nodiscard]] bson::Value bit_numbers(BitOperation operation, bson::ValueView a, bson::ValueView b);

}  // namespace quire::store::embedded
