// Backups, before a migration and after one that went wrong.
#include <fmt/format.h>

#include "cli/backup_text.hpp"
#include "cli/migrate/commands.hpp"
#include "quire/backup/backup.hpp"
#include "quire/backup/restore.hpp"
#include "quire/core/signal_stop.hpp"
#include "quire/migrate/inspect.hpp"

namespace quire::cli {
namespace {

std::vector<std::vector<Cell>> rows_of(const std::vector<backup::SavedCollection>& collections) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : collections) {
    rows.push_back({{one.name},
                    {one.type == "view" ? "view" : grouped(one.documents)},
                    {one.type == "view" ? "" : sized(one.bytes)},
                    {one.type == "view" ? "" : plural(one.indexes, "index", "indexes")}});
  }
  return rows;
}

template <class Report>
int show(const Context& context, const Report& report, std::string_view done,
         const std::string& next) {
  Output& out = context.out;
  out.progress().clear();
  out.report(report.json());
  if (report.ok()) {
    if (!report.collections.empty())
      out.table({"collection", "documents", "bytes", ""}, rows_of(report.collections));
    for (const auto& text : report.left_out) out.hang("left out: ", text);
    out.print(fmt::format("Done: {} {} in {}.", plural(report.documents(), "document", "documents"),
                          done, timed(report.seconds)));
  }
  if (report.error) out.complain(report.error->detail(), {next});
  return report.exit_code();
}

int save(const Context& context) {
  const SignalStop stop;
  BackupProgress line(context.out.quiet());
  backup::BackupOptions options;
  options.gzip = context.arguments.has("--gzip");
  options.collections = context.arguments.all("--collection");
  options.stop = stop.token();
  options.progress = [&](const backup::Progress& progress) { line.show(progress); };
  const auto report = backup::backup(context.db, context.arguments.at(0), options);
  line.clear();
  return show(context, report, "saved", context.call("backup FOLDER"));
}

int restore(const Context& context) {
  const bool drop = context.arguments.has("--drop");
  context.confirm(fmt::format("{} \"{}\" of {} will be {}.",
                              drop ? "Collections of" : "The database", context.db.name(),
                              context.db.store().redacted_uri(), drop ? "replaced" : "written to"));
  if (const auto lock = migrate::lock_info(context.db); lock && lock->held && !lock->process_gone)
    throw MigrationError(ErrorCode::lock_busy,
                         "a migration runs on this database; nothing was restored");
  const SignalStop stop;
  BackupProgress line(context.out.quiet());
  backup::RestoreOptions options;
  options.drop = drop;
  options.collections = context.arguments.all("--collection");
  options.stop = stop.token();
  options.progress = [&](const backup::Progress& progress) { line.show(progress); };
  const auto report = backup::restore(context.db, context.arguments.at(0), options);
  line.clear();
  return show(context, report, "restored", context.call("help restore"));
}

constexpr OptionSpec backup_options[] = {{"--gzip", "", "compress the files"},
                                         {"--collection", "NAME", "only this one", true}};
constexpr OptionSpec restore_options[] = {
    {"--drop", "", "replace collections that are there; else those with documents are refused"},
    {"--collection", "NAME", "only this one", true}};

constexpr Command commands[] = {
    {"backup", "FOLDER", "Write the database into a folder, as mongodump does",
     "FOLDER must not be there yet.", 1, 1, backup_options, false, save},
    {"restore", "FOLDER", "Bring such a folder back, after checking it",
     "Refused while a migration runs.", 1, 1, restore_options, true, restore},
};

}  // namespace

std::span<const Command> backup_commands() { return commands; }

}  // namespace quire::cli
