#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_table.hpp"
#include "quire/cli/migrate.hpp"
#include "quire/migrate/inspect.hpp"
#include "quire/migrate/report.hpp"

/// The commands of migrate_cli(). To add one: a function and an entry in the table at the end of a
/// file of commands; the help, the parser and the tests go by the table.
namespace quire::cli {

/// What a command works with.
struct Context {
  Database db;
  const migrate::Migrations& migrations;
  const MigrateCliOptions& options;
  const Arguments& arguments;
  Output& out;
  std::string_view command;

  /// With the program's settings, and events going to `out`.
  [[nodiscard]] migrate::MigrationRunner runner() const;
  /// The command that helps, "app mark ID applied".
  [[nodiscard]] std::string call(std::string_view words) const {
    return out.program() + " " + std::string(words);
  }
  /// Asks before something is taken away. Throws UsageError for a "no", and without --yes where
  /// there is no terminal.
  void confirm(std::string_view question) const { cli::confirm(arguments, question); }
};

using Command = CommandOf<Context>;

/// Of the commands that run migrations.
inline constexpr OptionSpec slow_option{
    "--slow-after", "SECONDS",
    "warn of steps and batches that take longer, 30 unless the program says otherwise; 0 = never"};

// One a file.
[[nodiscard]] std::span<const Command> run_commands();      // status, up, resume, down, pause …
[[nodiscard]] std::span<const Command> settle_commands();   // to, mark, accept, baseline
[[nodiscard]] std::span<const Command> before_commands();   // plan, preflight, lint
[[nodiscard]] std::span<const Command> program_commands();  // export, squash, test
[[nodiscard]] std::span<const Command> data_commands();     // verify, rejects, retry-rejects
[[nodiscard]] std::span<const Command> history_commands();  // history, events, unlock
[[nodiscard]] std::span<const Command> model_commands();    // diff, new, types, duplicates
[[nodiscard]] std::span<const Command> backup_commands();   // backup, restore

/// All of them, in the order of the help.
[[nodiscard]] std::vector<const Command*> all_commands();
// Shared with the tool quire, which has no migrations to compare with.
int show_history(Output& out, const Database& db, const std::string& id);
int show_events(Output& out, const Database& db, std::int64_t last, const std::string& migration);
int do_unlock(Output& out, const Database& db, std::int64_t token, const std::string& reason,
              bool force);
/// `what`: on, off, status.
int do_maintenance(Output& out, const Database& db, const std::string& what,
                   const std::string& reason);
/// A line for people when somebody holds the lock.
void print_lock(Output& out, const Database& db);
/// What the holder says of itself: "2026_split step 2, 1,200 of 5,000 documents, 300/s, 12 s left";
/// empty when it says nothing.
[[nodiscard]] std::string holder_progress(const migrate::LockInfo& lock);
/// The same for the line of progress. `said`: the document in the lock.
[[nodiscard]] ProgressState holder_state(bson::View said);

/// Where a run's report goes, and its exit code.
int show_report(const Context& context, migrate::MigrationReport report);
[[nodiscard]] Paint paint_of(std::string_view state);

/// What a failure of a command says and what helps.
[[nodiscard]] Failure failure_of(const Error& error, const std::string& program,
                                 std::string_view command);

}  // namespace quire::cli
