#pragma once

#include <optional>
#include <vector>

#include "store/embedded/expression/expression.hpp"

/// The operators of the array family that are not in array.cpp itself, where the table is.
namespace quire::store::embedded::array_detail {

/// A whole number of any numeric type that an int32 can hold.
[[nodiscard]] std::optional<std::int32_t> as_int32(bson::ValueView value);
[[nodiscard]] std::vector<bson::ValueView> elements_of(bson::ValueView array);
/// "$size needs an array, not 5 (int)" and the like.
[[noreturn]] void fail_argument(const Call& call, int code, std::string_view needs,
                                bson::ValueView found);

[[nodiscard]] bson::ValueView slice(const Call& call);
[[nodiscard]] bson::ValueView range(const Call& call);
[[nodiscard]] bson::ValueView index_of(const Call& call);
[[nodiscard]] bson::ValueView array_to_object(const Call& call);
[[nodiscard]] bson::ValueView object_to_array(const Call& call);

using Parsed = ExpressionPtr;
[[nodiscard]] Parsed parse_map(const Operator& op, bson::ValueView argument, ParseScope& scope);
[[nodiscard]] Parsed parse_filter(const Operator& op, bson::ValueView argument, ParseScope& scope);
[[nodiscard]] Parsed parse_reduce(const Operator& op, bson::ValueView argument, ParseScope& scope);
[[nodiscard]] Parsed parse_zip(const Operator& op, bson::ValueView argument, ParseScope& scope);
[[nodiscard]] Parsed parse_sort_array(const Operator& op, bson::ValueView argument,
                                      ParseScope& scope);
[[nodiscard]] Parsed parse_first_n(const Operator& op, bson::ValueView argument,
                                   ParseScope& scope);  // and $lastN, $minN, $maxN

}  // namespace quire::store::embedded::array_detail
