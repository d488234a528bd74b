#pragma once

#include <memory>

#include "quire/bson/document.hpp"

namespace quire::store::embedded {

struct ValidationClause;

/// Says why documents do not pass a validator, as errInfo of a server's error 121 does. Immutable;
/// thread-safe.
/// Source: MongoDB manual, "Explore Schema Validation Errors"; what its server answers.
class ValidationExplainer {
 public:
  /// `filter` is one that Matcher takes. Throws as Matcher.
  explicit ValidationExplainer(bson::View filter);
  ~ValidationExplainer();
  ValidationExplainer(ValidationExplainer&&) = delete;

  /// {failingDocumentId, details} of a document that the filter does not match. Beyond 12 MiB the
  /// values are left out and `truncated` is true.
  [[nodiscard]] bson::Document explain(bson::View document) const;

 private:
  std::unique_ptr<const ValidationClause> root_;
};

}  // namespace quire::store::embedded
