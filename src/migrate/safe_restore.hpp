#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "migrate/run_collections.hpp"
#include "quire/backup/restore.hpp"

namespace quire::migrate {

/// Brings the collections of a run back from the backup that was made before it, under the lock of
/// migrations: those that the backup has are replaced, those that it has not were made by the run
/// and are dropped. The migrations `ids` are `attention` meanwhile and `reverted` afterwards.
/// Nobody else may write. Throws nothing: failures are in the report.
[[nodiscard]] backup::RestoreReport restore_run(const Database& db,
                                                const std::filesystem::path& folder,
                                                const std::string& reference,
                                                const TouchedCollections& touched,
                                                const std::vector<std::string>& ids);

}  // namespace quire::migrate
