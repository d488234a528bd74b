#pragma once

#include <cstdint>
#include <optional>

#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/storage/connection.hpp"
#include "store/embedded/storage/planner.hpp"

namespace quire::store::embedded {

/// How many documents match, where the keys within the plan's ranges tell it: conditions on the one
/// field of the _id or of an index without arrays, by values whose keys say all. Nothing: the
/// documents must be read.
[[nodiscard]] std::optional<std::int64_t> count_keys(Connection& connection,
                                                     const CollectionMeta& collection,
                                                     const FilterNode& filter, const Plan& plan);

}  // namespace quire::store::embedded
