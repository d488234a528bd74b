#include "quire/backup/backup.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/backup_text.hpp"
#include "cli/console.hpp"
#include "commands.hpp"
#include "quire/core/signal_stop.hpp"

namespace quire::tool {

void add_backup(CLI::App& app, BackupArguments& a) {
  auto* backup = app.add_subcommand("backup", "Write a database into a folder, as mongodump does");
  backup->add_option("URI", a.uri, uri_help)->required();
  backup->add_option("FOLDER", a.folder, "made by this; must not be there yet")->required();
  backup->add_option("--db", a.db, "the database, where the URI names none");
  backup->add_flag("--gzip", a.options.gzip, "compress the files");
  backup->add_option("--collection", a.options.collections, "only this one; may be given often")
      ->allow_extra_args(false);
  backup->add_option("--exclude", a.options.exclude, "not this one; may be given often")
      ->allow_extra_args(false);
  backup->add_flag("--no-snapshot", a.no_snapshot,
                   "read each collection by itself, not all as of one moment");
  backup->add_flag("--json", a.json, "the report as one line of JSON");
  backup->add_flag("--quiet", a.quiet, "print errors only");
  backup->footer(backup_exits);
}

int run_backup(BackupArguments& arguments) {
  const SignalStop stop;
  const Database from =
      open_database(resolve_uri(arguments.uri), arguments.db, OpenFor::reading, "--db");
  auto& options = arguments.options;
  options.snapshot = !arguments.no_snapshot;
  options.stop = stop.token();
  cli::BackupProgress line(arguments.quiet);
  options.progress = [&](const backup::Progress& progress) { line.show(progress); };
  const bool talks = !arguments.quiet && !arguments.json;
  if (talks) {
    fmt::print("from {}, database \"{}\"\nto   {}\n", from.store().redacted_uri(), from.name(),
               arguments.folder);
    std::fflush(stdout);
  }
  const auto report = backup::backup(from, arguments.folder, options);
  line.clear();
  if (arguments.json) {
    fmt::print("{}\n", report.json());
  } else if (talks && report.ok()) {
    cli::print_collections(report.collections, report.left_out);
    fmt::print("{}: {}, {}, {} of files in {}; {}\n", cli::marked("Done", true),
               cli::plural(static_cast<std::int64_t>(report.collections.size()), "collection",
                           "collections"),
               cli::plural(report.documents(), "document", "documents"),
               cli::sized(report.file_bytes), cli::timed(report.seconds),
               report.snapshot ? "all of one moment" : "each collection of its own moment");
    if (!report.snapshot) fmt::print("not of one moment: {}\n", report.consistency);
  }
  std::fflush(stdout);
  if (report.error) {
    fmt::print(stderr, "quire backup: {}\nNothing was left behind.\n", report.error->what());
  }
  return report.exit_code();
}

}  // namespace quire::tool
