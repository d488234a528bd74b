#pragma once

#include <string_view>

#include "store/embedded/commands/arguments.hpp"

namespace quire::store::embedded::commands {

/// The readConcern of `command`. In a replica set the cluster times and the wish for a snapshot go
/// to `common`. Throws 2, 14, 72, 40415 for what is none, 20 and 123 for what a single server has
/// not; unsupported.
void check_read_concern(bson::View concern, bool in_transaction, bool reads,
                        std::string_view command, bool replica_set, CommonArguments& common);

/// Whether a write with this writeConcern is acknowledged. `unmet`: becomes the number of what a
/// replica set of one member cannot do of it; null for a single server, which refuses that (2).
/// Throws 2, 9, 14, 40415 for what is none.
[[nodiscard]] bool check_write_concern(bson::View concern, int* unmet);

}  // namespace quire::store::embedded::commands
