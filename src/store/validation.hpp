#pragma once

#include <string>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/core/field_path.hpp"

namespace quire::store {

/// One thing in a document that a validator refused.
struct Unmet {
  std::string path;  ///< "lines[2].price"; empty = the document
  std::string text;  ///< "must be at least 0, is -1"
};
/// Reads errInfo of error 121, DocumentValidationFailure, in the server's order. An alternative of
/// anyOf counts as far as it got: the one that reached deepest is taken.
/// Never throws for documents of an unknown form; what it cannot read it leaves out.
/// Source: MongoDB manual, "Explore Schema Validation Errors"; server source,
/// doc_validation_error.cpp.
[[nodiscard]] std::vector<Unmet> unmet_rules(bson::View error_info);
/// Where a document did not fit: the first rule that it breaks. Empty when it cannot be told.
[[nodiscard]] FieldPath failing_path(bson::View error_info);
/// "age must be at least 0, is -1; name is missing"; the first three and how many more.
[[nodiscard]] std::string sentence_of(const std::vector<Unmet>& rules);
/// A message with that behind it: "Document failed validation: age must be at least 0, is -1".
[[nodiscard]] std::string with_rules(std::string message, bson::View error_info);

}  // namespace quire::store
