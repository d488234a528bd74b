#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quire/bson/document.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/matcher.hpp"

namespace quire::store::embedded {

/// What a clause is: a condition on a path, or one on others or on the document.
enum class ClauseKind {
  leaf,
  exists,
  type,
  conjunction,
  disjunction,
  joint_denial,
  negation,
  schema,
  expression
};

/// One condition of the filter, as it was written.
struct ValidationClause {
  ClauseKind kind = ClauseKind::leaf;
  std::string name;                // the operator
  std::vector<std::string> steps;  // of the path
  bson::Document specified;        // {path: {$operator: …}}
  bool denies = false;             // $ne, $nin, $exists: false
  std::unique_ptr<const Matcher> matcher;
  std::unique_ptr<const JsonSchema> schema;
  ExpressionPtr expression;
  std::vector<std::unique_ptr<const ValidationClause>> children;
};

/// The conditions of a filter, as a server counts them: one for each operator of a field. Throws as
/// Matcher.
[[nodiscard]] std::unique_ptr<const ValidationClause> parse_clauses(bson::View filter);

/// The condition that the filter of a single one comes down to.
[[nodiscard]] const FilterNode& only_condition(const Matcher& matcher);

}  // namespace quire::store::embedded
