#pragma once

#include <vector>

#include "quire/bson/document.hpp"
#include "store/embedded/engine/matcher.hpp"

namespace quire::store::embedded {

/// The stages that a change stream puts its events through.
class ChangePipeline {
 public:
  /// `stages`: elements of an array. Throws QueryError invalid_query or StoreError with the
  /// server's number: 20 for a stage that no change stream takes, 40324 for one that is none.
  explicit ChangePipeline(bson::View stages);

  /// The event as the stages leave it, null when one takes it out; `buffer` may hold it. Throws
  /// StoreError resume_failed (280) when it has another _id then.
  [[nodiscard]] std::optional<bson::View> apply(bson::View event, bson::Document& buffer) const;

 private:
  std::vector<Matcher> filters_;
};

}  // namespace quire::store::embedded
