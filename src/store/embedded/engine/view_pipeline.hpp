#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/view.hpp"

/// What must hold of a view's pipeline before it is kept; the stages' own options are checked where
/// the view is read.
namespace quire::store::embedded {

/// Throws StoreError: 14 for a stage that is no document, 40323 for one that has not one field,
/// 40324 for an unknown stage, 167 for $out and $merge, 73 for stages of databases, 40573 for
/// $changeStream, 51047 and 31441 for writing stages in a $lookup and a $unionWith.
void check_view_pipeline(bson::View stages, std::string_view what);

/// The collections that the stages read besides their own input: $lookup, $graphLookup, $unionWith,
/// also within $facet.
[[nodiscard]] std::vector<std::string> collections_of(bson::View stages);

}  // namespace quire::store::embedded
