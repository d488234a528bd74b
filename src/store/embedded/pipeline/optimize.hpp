#pragma once

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

/// The part of a pipeline that its collection's reader does, and what is left.
struct OptimizedPipeline {
  std::optional<Matcher> match;
  bson::Document sort;
  std::int64_t skip = 0;
  std::int64_t limit = 0;  ///< 0 = all
  StageSpecs rest;
  /// The fields that `rest` reads of a document, where it makes its documents of these alone and
  /// documents are held back on the way, so that it pays to drop the others first.
  std::optional<std::vector<std::string>> fields;

  /// What the reader is asked for. Looks at this.
  [[nodiscard]] Sources::Read read() const;
};

/// Moves each $match as far forward as it gives the same answer, lets a $sort keep only what a
/// $limit behind it wants, takes a prefix of $match, $sort, $skip, $limit for the reader, which
/// can use indexes, and tells it which fields are not used. Source: MongoDB manual, "Aggregation
/// Pipeline Optimization".
[[nodiscard]] StageSpecs optimize(StageSpecs stages);
[[nodiscard]] OptimizedPipeline push_down(StageSpecs stages);

}  // namespace quire::store::embedded
