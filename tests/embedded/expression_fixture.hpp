#pragma once

#include <string>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/expression/expression.hpp"

/// Expressions on one document, for tables of cases.
namespace quire::store::embedded::testing {

struct Case {
  const char* expression;
  const char* result;  ///< relaxed Extended JSON, or MISSING
};
struct Failure {
  const char* expression;
  int code;
};

inline std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

/// Of an expression on a document, both Extended JSON.
inline std::string evaluate(const std::string& expression, const std::string& document = "{}") {
  const auto fields = bson::from_json(document);
  const auto holder = bson::from_json(R"({"v": )" + expression + "}");
  ParseScope scope;
  const auto parsed = parse_expression(holder["v"], scope);
  Evaluation e(scope.slots());
  e.begin(fields);
  return without_blanks(show(parsed->evaluate(e)));
}

/// The server's number of the error; 0 where there is none.
inline int failure_of(const std::string& expression, const std::string& document = "{}") {
  try {
    (void)evaluate(expression, document);
  } catch (const QueryError& error) {
    return error.backend_code();
  }
  return 0;
}

}  // namespace quire::store::embedded::testing
