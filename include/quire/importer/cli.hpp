#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "quire/importer/importer.hpp"
#include "quire/model/info.hpp"

/// An application as the tool of its own imports. quire/cli/exit_codes.hpp has the exit codes.
namespace quire::importer {

struct ImportCliOptions {
  /// Name, workers, policies: what the command line does not say. `progress` and `stop` are the
  /// commands' own.
  ImportOptions import = {};
  /// `validate-schema` compares the mapping with them, `check-duplicates` asks their unique
  /// indexes; by the name of the collection.
  std::vector<const ModelInfo*> models = {};
  /// Where a MongoDB store is linked its driver's log, by default partly on standard output, goes
  /// to standard error from the call on, warnings and errors only. True: it stays as it is.
  bool keep_driver_log = false;
};

/// Does what the arguments say and gives the exit code, see cli::exit_codes:
///   int main(int argc, char** argv) {
///     return importer::import_cli(argc, argv, [] { return importer::open_source("sqlite:bot.db");
///     },
///                                 [] { return quire::open("mongodb://…/bot"); }, mapping());
///   }
///   app audit ; app dry-run orders ; app import --all ; app verify --full ; app help
/// `open` is called by commands that read the source, `database` by those that look at the target;
/// each once at most. What they throw is told as an error of the command.
/// Reports go to standard output, errors and progress to standard error. With --json standard
/// output is NDJSON: one event a line, the last line is the report; errors are in it, too.
/// `import --all`, `rollback` and `finish` ask on a terminal, and want --yes where there is none.
/// SIGINT and SIGTERM stop at the next batch (exit code 32, run again to go on); a second signal
/// ends the process. Other handlers are put back afterwards.
/// URIs are shown without secrets. Throws nothing. Threads: one call at a time.
[[nodiscard]] int import_cli(int argc, const char* const* argv,
                             std::function<std::unique_ptr<Source>()> open,
                             std::function<Database()> database, Mapping mapping,
                             const ImportCliOptions& options = {});

}  // namespace quire::importer
