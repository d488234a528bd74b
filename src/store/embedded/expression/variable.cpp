#include <array>
#include <string>

#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::ValueView;

namespace {

/// $let: children are the variables' values, then the expression that sees them.
class LetExpression final : public Expression {
 public:
  LetExpression(std::vector<std::size_t> slots, std::vector<ExpressionPtr> parts)
      : slots_(std::move(slots)) {
    children_ = std::move(parts);
  }
  ValueView evaluate(Evaluation& e) const override {
    for (std::size_t i = 0; i < slots_.size(); ++i) e.set_slot(slots_[i], child(i, e));
    return child(slots_.size(), e);
  }
  bool is_pure() const noexcept override { return children_.back()->is_pure(); }

 private:
  std::vector<std::size_t> slots_;
};

ExpressionPtr parse_let(const Operator&, ValueView argument, ParseScope& scope) {
  if (!argument.is_document())
    fail_expression(16874, "$let only supports an object as its argument");
  std::optional<ValueView> vars;
  std::optional<ValueView> in;
  for (const auto& field : argument.as_document()) {
    if (field.key == "vars") {
      vars = field.value;
    } else if (field.key == "in") {
      in = field.value;
    } else {
      fail_expression(16875, "Unrecognized parameter to $let: " + std::string(field.key));
    }
  }
  if (!vars) fail_expression(16876, "Missing 'vars' parameter to $let");
  if (!in) fail_expression(16877, "Missing 'in' parameter to $let");
  if (!vars->is_document()) fail_expression(10065, "invalid parameter: expected an object (vars)");
  // All the values are of the scope outside: no variable sees another one of the same $let.
  std::vector<ExpressionPtr> parts;
  for (const auto& variable : vars->as_document()) {
    check_variable_name(variable.key);
    parts.push_back(parse_expression(variable.value, scope));
  }
  std::vector<std::size_t> slots;
  for (const auto& variable : vars->as_document()) slots.push_back(scope.push(variable.key));
  parts.push_back(parse_expression(*in, scope));
  for (std::size_t i = 0; i < slots.size(); ++i) scope.pop();
  return std::make_unique<LetExpression>(std::move(slots), std::move(parts));
}

constexpr auto table = std::to_array<Operator>({
    parsed_operator("$let", parse_let),
});

}  // namespace

std::span<const Operator> variable_operators() noexcept { return table; }

}  // namespace quire::store::embedded
