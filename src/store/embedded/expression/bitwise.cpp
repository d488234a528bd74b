#include <array>
#include <string>

#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

constexpr int type_mismatch = 14;

enum class Bits : std::uint8_t { all_of, any_of, one_of };

/// Of any number of integers; int32 when all are. Null as soon as an operand is.
template <Bits bits>
class BitExpression final : public Expression {
 public:
  BitExpression(const Operator& op, std::vector<ExpressionPtr> arguments) : op_(op) {
    children_ = std::move(arguments);
  }
  ValueView evaluate(Evaluation& e) const override {
    std::int64_t out = bits == Bits::all_of ? -1 : 0;
    Type type = Type::int32;
    for (const auto& child : children_) {
      const ValueView value = child->evaluate(e);
      if (is_nullish(value)) return null_value;
      if (!is_integer(value))
        fail_expression(type_mismatch,
                        std::string(op_.name) + " only supports int and long operands.");
      type = wider_type(type, value.type());
      const std::int64_t number = integer_of(value);
      if constexpr (bits == Bits::all_of) {
        out &= number;
      } else if constexpr (bits == Bits::any_of) {
        out |= number;
      } else {
        out ^= number;
      }
    }
    return integer_result(e, type, out);
  }

 private:
  const Operator& op_;
};

ValueView bit_not(const Call& c) {
  const ValueView value = c[0];
  if (is_nullish(value)) return null_value;
  if (!is_number(value)) fail_type(28765, c.op.name, "numeric types", value);
  if (!is_integer(value)) fail_type(type_mismatch, c.op.name, "int and long", value);
  return integer_result(c.e, value.type(), ~integer_of(value));
}

constexpr auto table = std::to_array<Operator>({
    sequence_operator("$bitAnd", parse_sequence<BitExpression<Bits::all_of>>),
    function_operator("$bitNot", bit_not, 1, 1),
    sequence_operator("$bitOr", parse_sequence<BitExpression<Bits::any_of>>),
    sequence_operator("$bitXor", parse_sequence<BitExpression<Bits::one_of>>),
});

}  // namespace

std::span<const Operator> bitwise_operators() noexcept { return table; }

}  // namespace quire::store::embedded
