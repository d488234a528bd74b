#include <array>
#include <string>

#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

/// $cond: one of two branches, the other one is not evaluated.
class CondExpression final : public Expression {
 public:
  explicit CondExpression(std::vector<ExpressionPtr> parts) { children_ = std::move(parts); }
  ValueView evaluate(Evaluation& e) const override {
    return child(is_true(child(0, e)) ? 1 : 2, e);
  }
};

ExpressionPtr parse_cond(const Operator& op, ValueView argument, ParseScope& scope) {
  std::vector<ExpressionPtr> parts;
  if (argument.is_document()) {
    constexpr std::array<std::string_view, 3> names{"if", "then", "else"};
    const NamedArguments named(op, argument, names, 17083, 17083);
    int code = 17080;
    for (const auto name : names) {
      (void)named.required(name, code++);
      parts.push_back(named.parse(name, scope));
    }
  } else {
    parts = parse_arguments(op, argument, scope);
  }
  if (parts[0]->constant() != nullptr)
    return std::move(parts[is_true(*parts[0]->constant()) ? 1 : 2]);
  return std::make_unique<CondExpression>(std::move(parts));
}

/// $ifNull: the first operand that is not null, else the last one.
class IfNullExpression final : public Expression {
 public:
  explicit IfNullExpression(std::vector<ExpressionPtr> parts) { children_ = std::move(parts); }
  ValueView evaluate(Evaluation& e) const override {
    for (std::size_t i = 0; i + 1 < children_.size(); ++i) {
      const ValueView value = child(i, e);
      if (!is_nullish(value)) return value;
    }
    return child(children_.size() - 1, e);
  }
};

ExpressionPtr parse_if_null(const Operator& op, ValueView argument, ParseScope& scope) {
  std::vector<ExpressionPtr> parts = parse_arguments(op, argument, scope);
  if (parts.size() < 2)
    fail_expression(1257300,
                    "$ifNull needs at least two arguments, had: " + std::to_string(parts.size()));
  return std::make_unique<IfNullExpression>(std::move(parts));
}

/// $switch: children are case, then, case, then, …, default (null where it was not given).
class SwitchExpression final : public Expression {
 public:
  explicit SwitchExpression(std::vector<ExpressionPtr> parts) { children_ = std::move(parts); }
  ValueView evaluate(Evaluation& e) const override {
    for (std::size_t i = 0; i + 1 < children_.size(); i += 2) {
      if (is_true(child(i, e))) return child(i + 1, e);
    }
    if (children_.back() != nullptr) return child(children_.size() - 1, e);
    fail_expression(40066,
                    "$switch could not find a matching branch for an input, and no default was "
                    "specified.");
  }
};

void parse_branch(ValueView branch, ParseScope& scope, std::vector<ExpressionPtr>& parts) {
  if (!branch.is_document())
    fail_expression(40062, "$switch expected each branch to be an object, found: " +
                               std::string(value_type_name(branch)));
  ExpressionPtr when;
  ExpressionPtr then;
  for (const auto& field : branch.as_document()) {
    if (field.key == "case") {
      when = parse_expression(field.value, scope);
    } else if (field.key == "then") {
      then = parse_expression(field.value, scope);
    } else {
      fail_expression(40063,
                      "$switch found an unknown argument to a branch: " + std::string(field.key));
    }
  }
  if (when == nullptr)
    fail_expression(40064, "$switch requires each branch have a 'case' expression");
  if (then == nullptr)
    fail_expression(40065, "$switch requires each branch have a 'then' expression.");
  parts.push_back(std::move(when));
  parts.push_back(std::move(then));
}

/// Branches whose case is known do not stay: a false one goes, a true one is the default.
ExpressionPtr simplify(std::vector<ExpressionPtr> parts) {
  std::vector<ExpressionPtr> open;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const ValueView* known = parts[i]->constant();
    if (known == nullptr) {
      open.push_back(std::move(parts[i]));
      open.push_back(std::move(parts[i + 1]));
    } else if (is_true(*known)) {
      parts.back() = std::move(parts[i + 1]);
      break;
    }
  }
  ExpressionPtr otherwise = std::move(parts.back());
  if (open.empty()) {
    if (otherwise != nullptr) return otherwise;
    fail_expression(40069,
                    "Cannot execute a switch statement where all the cases evaluate to false "
                    "without a default.");
  }
  open.push_back(std::move(otherwise));
  return std::make_unique<SwitchExpression>(std::move(open));
}

ExpressionPtr parse_switch(const Operator&, ValueView argument, ParseScope& scope) {
  if (!argument.is_document())
    fail_expression(40060, "$switch requires an object as an argument, found: " +
                               std::string(value_type_name(argument)));
  std::vector<ExpressionPtr> parts;
  ExpressionPtr otherwise;
  for (const auto& field : argument.as_document()) {
    if (field.key == "branches") {
      if (!field.value.is_array())
        fail_expression(40061, "$switch expected an array for 'branches', found: " +
                                   std::string(value_type_name(field.value)));
      for (const auto& branch : field.value.as_array()) parse_branch(branch.value, scope, parts);
    } else if (field.key == "default") {
      otherwise = parse_expression(field.value, scope);
    } else {
      fail_expression(40067, "$switch found an unknown argument: " + std::string(field.key));
    }
  }
  if (parts.empty()) fail_expression(40068, "$switch requires at least one branch.");
  parts.push_back(std::move(otherwise));
  return simplify(std::move(parts));
}

constexpr auto table = std::to_array<Operator>({
    sequence_operator("$cond", parse_cond, 3, 3),
    sequence_operator("$ifNull", parse_if_null),
    sequence_operator("$switch", parse_switch),
});

}  // namespace

std::span<const Operator> conditional_operators() noexcept { return table; }

}  // namespace quire::store::embedded
