#pragma once

#include <functional>
#include <memory>

#include "quire/importer/importer.hpp"
#include "quire/migrate/step.hpp"

namespace quire::importer {

/// An import as a step of a migration, so that the application runs it at start-up:
///   all.add({.id = "2026_05_01_from_sqlite", .title = "servers and links out of bot.db",
///            .up = importer::import_step([] { return importer::open_source("sqlite:bot.db"); },
///                                        mapping(), {.name = "bot"})});
/// `open` is called when the step runs, and not where there is nothing to do. Of class idempotent:
/// a start that was killed goes on behind the last batch, and one that was asked to stop ends at a
/// batch, paused, and goes on with the next. Its way back is Importer::rollback(),
/// which refuses documents that were edited since, unless `edited` says otherwise. The checksum
/// covers the mapping as JSON; computed fields have none, so that their names alone count.
/// Throws MigrationError migration_partial from the run when the import did not end well.
[[nodiscard]] migrate::Step import_step(std::function<std::unique_ptr<Source>()> open,
                                        Mapping mapping, ImportOptions options = {},
                                        migrate::Edited edited = migrate::Edited::reject);

}  // namespace quire::importer
