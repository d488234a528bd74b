#pragma once

#include <string>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

/// The value of an expression on a document, both in Extended JSON, as show() gives it; "error N"
/// with the server's number where it fails.
inline std::string value_of(const std::string& expression, const std::string& document = "{}") {
  const auto on = bson::from_json(document);
  const auto holder = bson::from_json(R"({"v": )" + expression + "}");
  try {
    ParseScope scope;
    const auto parsed = parse_expression(holder["v"], scope);
    Evaluation e(scope.slots());
    e.begin(on);
    return show(parsed->evaluate(e));
  } catch (const QueryError& error) {
    return "error " + std::to_string(error.backend_code());
  }
}

}  // namespace quire::store::embedded
