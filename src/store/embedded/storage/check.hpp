#pragma once

#include "quire/store/embedded/embedded.hpp"
#include "store/embedded/storage/catalog.hpp"

namespace quire::store::embedded {

/// As check(), of one collection and its indexes, in the snapshot that is open. The structure of
/// the file itself is not looked at.
[[nodiscard]] CheckReport check_collection(Connection& connection,
                                           const CollectionMeta& collection);

}  // namespace quire::store::embedded
