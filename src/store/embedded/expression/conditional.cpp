#include <array>
#include <optional>
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

/// What comes behind a constant that is not null is dropped, and so are null constants.
ExpressionPtr parse_if_null(const Operator&, ValueView argument, ParseScope& scope) {
  const std::size_t given = argument.is_array() ? argument.as_array().count() : 1;
  if (given < 2)
    fail_expression(1257300, "$ifNull needs at least two arguments, had: " + std::to_string(given));
  std::vector<ExpressionPtr> parts;
  bool decided = false;
  std::size_t at = 0;
  for (const auto& element : argument.as_array()) {
    const bool last = ++at == given;
    if (decided) {
      check_unused(element.value, scope);
      continue;
    }
    ExpressionPtr part = parse_expression(element.value, scope);
    const ValueView* known = part->constant();
    if (known != nullptr && is_nullish(*known) && !last) continue;
    decided = known != nullptr && !is_nullish(*known);
    parts.push_back(std::move(part));
  }
  if (parts.size() == 1) return std::move(parts.front());
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

/// A branch whose case is a constant does not stay: a false one goes, a true one is the default,
/// and what comes behind it is dropped.
class SwitchParser {
 public:
  explicit SwitchParser(ParseScope& scope) : scope_(scope) {}

  void branch(ValueView value) {
    if (!value.is_document())
      fail_expression(40062, "$switch expected each branch to be an object, found: " +
                                 std::string(value_type_name(value)));
    std::optional<ValueView> when;
    std::optional<ValueView> then;
    for (const auto& field : value.as_document()) {
      if (field.key == "case") {
        when = field.value;
      } else if (field.key == "then") {
        then = field.value;
      } else {
        fail_expression(40063,
                        "$switch found an unknown argument to a branch: " + std::string(field.key));
      }
    }
    if (!when) fail_expression(40064, "$switch requires each branch have a 'case' expression");
    if (!then) fail_expression(40065, "$switch requires each branch have a 'then' expression.");
    any_ = true;
    if (decided_) {
      check_unused(*when, scope_);
      check_unused(*then, scope_);
      return;
    }
    ExpressionPtr condition = parse_expression(*when, scope_);
    const ValueView* known = condition->constant();
    if (known != nullptr && !is_true(*known)) {
      check_unused(*then, scope_);
      return;
    }
    ExpressionPtr result = parse_expression(*then, scope_);
    if (known != nullptr) {
      decided_ = true;
      default_ = std::move(result);
      return;
    }
    parts_.push_back(std::move(condition));
    parts_.push_back(std::move(result));
  }
  void otherwise(ValueView value) {
    ExpressionPtr result = parse_expression(value, scope_);
    if (!decided_) default_ = std::move(result);
  }
  [[nodiscard]] ExpressionPtr finish() {
    if (!any_) fail_expression(40068, "$switch requires at least one branch.");
    if (parts_.empty()) {
      if (default_ != nullptr) return std::move(default_);
      fail_expression(40069,
                      "Cannot execute a switch statement where all the cases evaluate to false "
                      "without a default.");
    }
    parts_.push_back(std::move(default_));
    return std::make_unique<SwitchExpression>(std::move(parts_));
  }

 private:
  ParseScope& scope_;
  std::vector<ExpressionPtr> parts_;
  ExpressionPtr default_;
  bool any_ = false;
  bool decided_ = false;
};

ExpressionPtr parse_switch(const Operator&, ValueView argument, ParseScope& scope) {
  if (!argument.is_document())
    fail_expression(40060, "$switch requires an object as an argument, found: " +
                               std::string(value_type_name(argument)));
  SwitchParser parser(scope);
  for (const auto& field : argument.as_document()) {
    if (field.key == "branches") {
      if (!field.value.is_array())
        fail_expression(40061, "$switch expected an array for 'branches', found: " +
                                   std::string(value_type_name(field.value)));
      for (const auto& branch : field.value.as_array()) parser.branch(branch.value);
    } else if (field.key == "default") {
      parser.otherwise(field.value);
    } else {
      fail_expression(40067, "$switch found an unknown argument: " + std::string(field.key));
    }
  }
  return parser.finish();
}

constexpr auto table = std::to_array<Operator>({
    sequence_operator("$cond", parse_cond, 3, 3),
    sequence_operator("$ifNull", parse_if_null),
    sequence_operator("$switch", parse_switch),
});

}  // namespace

std::span<const Operator> conditional_operators() noexcept { return table; }

}  // namespace quire::store::embedded
