#pragma once

#include <functional>
#include <memory>
#include <string>

#include "quire/importer/importer.hpp"
#include "quire/migrate/maintenance.hpp"

namespace quire::importer {

struct LastPassOptions {
  ImportOptions import = {};
  int passes = 5;  ///< at most, 1 to 100
  std::string reason = "the last pass of an import";
  migrate::MaintenanceOptions maintenance = {};
};

/// The move's last step, frozen: puts the target into maintenance, so that programs whose handles
/// have refuse_writes() write nothing, imports all parts until a pass changes nothing and no row of
/// the source changed meanwhile, removes documents whose rows are gone, and compares both sides in
/// full. `open` is called for each pass: a source shows itself as it was when it was opened. What
/// writes the source has to be stopped by whoever runs it.
/// Maintenance is taken off when it ended well and was put on here. Else it stays on, and the
/// report says so in `next`. The report: operation "last-pass"; its counts are those of all passes,
/// its verification is the last. The source still changing after `passes` is DataResult::mismatch.
/// Throws MigrationError, StoreError where the flag cannot be written, and what `open` throws.
[[nodiscard]] ImportReport last_pass(const std::function<std::unique_ptr<Source>()>& open,
                                     const Database& to, const Mapping& mapping,
                                     const LastPassOptions& options = {});

}  // namespace quire::importer
