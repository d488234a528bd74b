#pragma once

#include <limits>

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

/// A function that is null as soon as one of its first `most` arguments is: those behind it are not
/// evaluated, so that they cannot fail. `op` must outlive it.
class UntilNull final : public Expression {
 public:
  UntilNull(const Operator& op, std::vector<ExpressionPtr> arguments,
            std::size_t most = std::numeric_limits<std::size_t>::max())
      : op_(op), most_(most) {
    children_ = std::move(arguments);
  }
  bson::ValueView evaluate(Evaluation& e) const override {
    std::vector<bson::ValueView> values;
    values.reserve(children_.size());
    for (const auto& argument : children_) {
      values.push_back(argument->evaluate(e));
      if (values.size() > most_ || !is_nullish(values.back())) continue;
      // What came before it may be of a wrong type.
      return values.size() == 1 ? null_value : op_.call({op_, values, e});
    }
    return op_.call({op_, values, e});
  }
  bool is_pure() const noexcept override { return op_.pure; }

 private:
  const Operator& op_;
  std::size_t most_;
};

inline ExpressionPtr parse_until_null(const Operator& op, bson::ValueView argument,
                                      ParseScope& scope) {
  return std::make_unique<UntilNull>(op, parse_arguments(op, argument, scope));
}
/// For tables: `call` gives null for a null among its arguments, or fails for what comes before it.
[[nodiscard]] constexpr Operator until_null_operator(std::string_view name,
                                                     Operator::Function call) {
  return {name, call, 0, -1, parse_until_null, true};
}

inline ExpressionPtr parse_unless_first_null(const Operator& op, bson::ValueView argument,
                                             ParseScope& scope) {
  return std::make_unique<UntilNull>(op, parse_arguments(op, argument, scope), 1);
}
/// For tables: `call` gives null for a first argument that is null, without a look at the others.
[[nodiscard]] constexpr Operator unless_first_null_operator(std::string_view name,
                                                            Operator::Function call, int least,
                                                            int most) {
  return {name, call, least, most, parse_unless_first_null, true};
}

}  // namespace quire::store::embedded
