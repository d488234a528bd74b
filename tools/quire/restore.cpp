#include "quire/backup/restore.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/backup_text.hpp"
#include "cli/console.hpp"
#include "cli/signals.hpp"
#include "commands.hpp"

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

int run_restore(RestoreArguments& arguments) {
  const cli::SignalStop stop;
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
