#include <array>

#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::ValueView;

namespace {

/// $and ($or): `decisive` is the value of an operand that decides, false (true).
template <bool decisive>
class LogicalExpression final : public Expression {
 public:
  explicit LogicalExpression(std::vector<ExpressionPtr> arguments) {
    children_ = std::move(arguments);
  }
  ValueView evaluate(Evaluation& e) const override {
    for (const auto& child : children_) {
      if (is_true(child->evaluate(e)) == decisive) return boolean_value(decisive);
    }
    return boolean_value(!decisive);
  }
};

/// A constant that decides stands for all; other constants say nothing.
template <bool decisive>
ExpressionPtr parse_logical(const Operator& op, ValueView argument, ParseScope& scope) {
  std::vector<ExpressionPtr> open;
  for (auto& child : parse_arguments(op, argument, scope)) {
    if (child->constant() == nullptr) {
      open.push_back(std::move(child));
    } else if (is_true(*child->constant()) == decisive) {
      return make_constant(boolean_value(decisive));
    }
  }
  if (open.empty()) return make_constant(boolean_value(!decisive));
  return std::make_unique<LogicalExpression<decisive>>(std::move(open));
}

ValueView not_of(const Call& c) { return boolean_value(!is_true(c[0])); }

constexpr auto table = std::to_array<Operator>({
    sequence_operator("$and", parse_logical<false>),
    function_operator("$not", not_of, 1, 1),
    sequence_operator("$or", parse_logical<true>),
});

}  // namespace

std::span<const Operator> boolean_operators() noexcept { return table; }

}  // namespace quire::store::embedded
