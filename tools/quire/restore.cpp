#include "quire/backup/restore.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/backup_text.hpp"
#include "cli/console.hpp"
#include "commands.hpp"
#include "quire/core/signal_stop.hpp"

namespace quire::tool {
namespace {

void print_failure(const backup::RestoreReport& report) {
  fmt::print(stderr, "quire restore: {}\n", report.error->what());
  if (report.verified_only) return;
  fmt::print(
      stderr, "{}\n",
      report.result == backup::Result::partial
          ? "Collections were dropped already and are not restored as a whole; restore again."
          : "The database is as it was.");
}

void print_report(const backup::RestoreReport& report) {
  cli::print_collections(report.collections, report.left_out);
  const char* what = !report.verified_only ? ""
                     : report.manifest     ? "; sizes and checksums are right, nothing was restored"
                                           : "; every document is whole, nothing was restored";
  fmt::print("{}: {}, {} in {}{}\n", cli::marked("Done", true),
             cli::plural(static_cast<std::int64_t>(report.collections.size()), "collection",
                         "collections"),
             cli::plural(report.documents(), "document", "documents"), cli::timed(report.seconds),
             what);
}

}  // namespace

void add_restore(CLI::App& app, RestoreArguments& a) {
  auto* restore = app.add_subcommand(
      "restore", "Bring a folder of quire backup or mongodump into a database, or check it");
  restore->add_option("FOLDER", a.folder, "the backup, or the folder of one database in it")
      ->required();
  restore->add_option("URI", a.uri, uri_help);
  restore->add_option("--db", a.db, "the database, where the URI names none");
  restore->add_option("--collection", a.options.collections, "only this one; may be given often")
      ->allow_extra_args(false);
  restore->add_flag("--drop", a.options.drop, "replace collections that are there");
  restore->add_flag("--verify-only", a.options.verify_only,
                    "read and check the folder; needs no URI");
  restore->add_flag("--json", a.json, "the report as one line of JSON");
  restore->add_flag("--quiet", a.quiet, "print errors only");
  restore->add_flag("--yes", a.yes, "do not ask before --drop");
  restore->footer(backup_exits);
}

int run_restore(RestoreArguments& arguments) {
  const SignalStop stop;
  auto& options = arguments.options;
  options.stop = stop.token();
  cli::BackupProgress line(arguments.quiet);
  options.progress = [&](const backup::Progress& progress) { line.show(progress); };
  const bool talks = !arguments.quiet && !arguments.json;
  backup::RestoreReport report;
  if (options.verify_only) {
    if (talks) fmt::print("from {}\n", arguments.folder);
    std::fflush(stdout);
    report = backup::verify(arguments.folder, options);
  } else {
    if (arguments.uri.empty()) throw UsageError("URI is required, but with --verify-only");
    const std::string uri = resolve_uri(arguments.uri);
    if (options.drop && !arguments.yes)
      confirm(fmt::format("Collections of {} may be replaced.", store::check_uri(uri).redacted),
              "--drop replaces collections of the database; add --yes");
    const Database to = open_database(uri, arguments.db, OpenFor::writing, "--db");
    if (talks) {
      fmt::print("from {}\nto   {}, database \"{}\"\n", arguments.folder, to.store().redacted_uri(),
                 to.name());
      std::fflush(stdout);
    }
    report = backup::restore(to, arguments.folder, options);
  }
  line.clear();
  if (arguments.json) {
    fmt::print("{}\n", report.json());
  } else if (talks && report.ok()) {
    print_report(report);
  }
  std::fflush(stdout);
  if (report.error) print_failure(report);
  return report.exit_code();
}

}  // namespace quire::tool
