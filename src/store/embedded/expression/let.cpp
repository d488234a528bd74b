#include "store/embedded/expression/let.hpp"

#include <chrono>

namespace quire::store::embedded {

std::int64_t current_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

ParseScope scope_of_let(bson::View let) {
  ParseScope scope;
  if (let.empty()) return scope;
  Evaluation e;
  e.set_now(current_ms());
  for (const auto& field : let) {
    check_variable_name(field.key);
    ParseScope none;
    const ExpressionPtr expression = parse_expression(field.value, none);
    FieldUse use;
    expression->add_fields(use);
    if (use.whole || !use.paths.empty())
      fail_expression(4890500,
                      "Command let Expression tried to access a field, but this is not "
                      "allowed because command let expressions run before the query "
                      "examines any documents.");
    scope.define_constant(field.key, expression->evaluate(e));
  }
  return scope;
}

}  // namespace quire::store::embedded
