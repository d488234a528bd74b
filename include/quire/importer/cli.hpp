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
  /// indexes, and `verify` looks for these in the target.
  std::vector<const ModelInfo*> models = {};
  /// Fields that a later migration sets, "users.credits": validate-schema does not miss them.
  std::vector<std::string> set_later = {};
  /// As people call it, "bot import"; empty: the name of argv[0].
  std::string program = {};
  /// `inspect` calls it with each document of the files: throws what it has against it, a decode of
  /// the struct that the file should hold for one.
  std::function<void(std::string_view table, bson::View document)> inspect = {};
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
/// A program that has other commands passes its words on from "import" on, as the name of a
/// program, and says `program`: `app import audit`, `app import --all`.
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
