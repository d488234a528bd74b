#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "quire/cli/exit_codes.hpp"
#include "quire/collection/database.hpp"
#include "quire/migrate/data_migrator.hpp"
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
  /// What `diff`, `new`, `types`, `lint`, `plan` and `preflight` compare the database with.
  std::vector<const ModelInfo*> models = {};
  /// The program's name and version, kept in history.
  std::string application = {};
  /// Sets what the commands have no option for: lease, order, batch size …
  std::function<void(migrate::MigrationRunner&)> configure = {};
  /// The program's data jobs by their names, for `verify` and `retry-rejects`; each with its own
  /// source, target and functions.
  std::map<std::string, std::function<migrate::DataMigrator()>> jobs = {};
  /// What `test` runs, each by its name: what does not hold, or an empty text. migration_tests() of
  /// quire/cli/migration_tests.hpp gives those of quire::testing.
  std::vector<std::pair<std::string, std::function<std::string()>>> tests = {};
  /// Where a MongoDB store is linked its driver's log, by default partly on standard output, goes
  /// to standard error from the call on, warnings and errors only. True: it stays as it is.
  bool keep_driver_log = false;
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
