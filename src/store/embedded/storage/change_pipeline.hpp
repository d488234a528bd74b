#pragma once

#include <optional>

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

/// The stages that a change stream puts its events through.
class ChangePipeline {
 public:
  /// `stages`: elements of an array. Throws as parse_pipeline, and QueryError with 20 for a stage
  /// that no change stream takes; StoreError unsupported for $changeStreamSplitLargeEvent.
  ChangePipeline(Namespace ns, bson::View stages);

  /// The event as the stages leave it, nothing when one takes it out; `buffer` holds it. Throws
  /// StoreError resume_failed (280) when it has another _id then.
  [[nodiscard]] std::optional<bson::View> apply(const bson::Document& event,
                                                bson::Document& buffer) const;

 private:
  StageSpecs stages_;
};

}  // namespace quire::store::embedded
