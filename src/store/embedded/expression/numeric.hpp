#pragma once

#include <cstdint>
#include <string_view>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/expression.hpp"

/// Numbers of the four types as the operators of arithmetic see them.
namespace quire::store::embedded {

[[nodiscard]] constexpr bool is_number(bson::ValueView value) noexcept {
  return is_integer(value) || value.type() == bson::Type::double_ ||
         value.type() == bson::Type::decimal128;
}
/// int32 < int64 < double < decimal. Both are types of numbers.
[[nodiscard]] bson::Type wider_type(bson::Type a, bson::Type b) noexcept;
/// A number as a decimal; a double with 15 digits, as the server converts it.
[[nodiscard]] bson::Decimal128 to_decimal(bson::ValueView number);
/// `a op b` of integers of at most 64 bits: of `type` (int32 or int64), an int32 that overflows is
/// an int64; nothing where int64 overflows.
enum class IntegerOperation : std::uint8_t { add, subtract, multiply };
[[nodiscard]] bool compute(IntegerOperation operation, std::int64_t a, std::int64_t b,
                           std::int64_t& out) noexcept;
/// An integer result of `type`: int32 where that is the type and it fits, else int64.
[[nodiscard]] bson::ValueView integer_result(Evaluation& e, bson::Type type, std::int64_t value);
/// "$add only supports numeric types, not string".
[[noreturn]] void fail_type(int code, std::string_view name, std::string_view supported,
                            bson::ValueView value);

/// For tables: an operator with a node of its own that takes its arguments in order.
[[nodiscard]] constexpr Operator sequence_operator(std::string_view name, Operator::Parser parse,
                                                   int least = 0, int most = -1) {
  return {name, nullptr, least, most, parse, true};
}
/// A node of class Node(op, arguments).
template <class Node>
ExpressionPtr parse_sequence(const Operator& op, bson::ValueView argument, ParseScope& scope) {
  return std::make_unique<Node>(op, parse_arguments(op, argument, scope));
}

}  // namespace quire::store::embedded
