#pragma once

#include <functional>
#include <string>
#include <vector>

#include "quire/cli/exit_codes.hpp"
#include "quire/collection/database.hpp"
#include "quire/migrate/migration.hpp"
#include "quire/migrate/runner.hpp"
#include "quire/model/model.hpp"

/// An application as its own migration tool. quire.hpp does not include it.
namespace quire::cli {

/// For MigrateCliOptions::models: models<User, Order>().
template <class... Models>
[[nodiscard]] std::vector<const ModelInfo*> models() {
  return {&model_of<Models>()...};
}

struct MigrateCliOptions {
  /// What `diff`, `new` and `types` compare the database with.
  std::vector<const ModelInfo*> models = {};
  /// The program's name and version, kept in history.
  std::string application = {};
  /// Sets what the commands have no option for: lease, order, batch size …
  std::function<void(migrate::MigrationRunner&)> configure = {};
};

/// Does what the arguments say and gives the exit code, see exit_codes:
///   int main(int argc, char** argv) { return quire::migrate_cli(argc, argv, db, all); }
///   app status --check ; app up ; app down 2026_02_10_status --yes ; app help
/// Reports go to standard output, errors and progress to standard error. With --json standard
/// output is NDJSON: one event a line, the last line is the report,
/// {"schema": "quire.migrate/1", "op", "result", "exit", …, "next"}; errors are in it, too.
/// What takes something away asks on a terminal, and wants --yes where there is none.
/// SIGINT and SIGTERM stop `up`, `down` and `resume` at the next batch (exit code 32, run again to
/// go on); a second signal ends the process. Other handlers are put back afterwards.
/// Connection strings are shown without secrets. Throws nothing. Threads: one call at a time.
[[nodiscard]] int migrate_cli(int argc, const char* const* argv, Database db,
                              migrate::Migrations migrations,
                              const MigrateCliOptions& options = {});

}  // namespace quire::cli

namespace quire {
using cli::migrate_cli;
using cli::MigrateCliOptions;
}  // namespace quire
