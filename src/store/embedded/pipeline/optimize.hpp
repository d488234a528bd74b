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
};

/// Moves each $match as far forward as it gives the same answer, lets a $sort keep only what a
/// $limit behind it wants, and takes a prefix of $match, $sort, $skip, $limit for the reader, which
/// can use indexes. Source: MongoDB manual, "Aggregation Pipeline Optimization".
[[nodiscard]] StageSpecs optimize(StageSpecs stages);
[[nodiscard]] OptimizedPipeline push_down(StageSpecs stages);

}  // namespace quire::store::embedded
