// Commands that bring a database to a certain migration, and those that settle what is not run.
#include <fmt/format.h>

#include <algorithm>

#include "cli/migrate/commands.hpp"
#include "quire/core/error.hpp"
#include "quire/core/signal_stop.hpp"

namespace quire::cli {
namespace {

std::string reason_of(const Context& context) {
  const std::string reason = context.arguments.text("--reason");
  if (reason.empty())
    throw UsageError(
        fmt::format("{} needs --reason TEXT, which is kept with the event", context.command));
  return reason;
}

/// What comes after a migration in the program's order and was begun.
std::vector<std::string> begun_after(const Context& context, const std::string& id) {
  std::vector<std::string> begun;
  bool after = false;
  const auto status = context.runner().status();
  for (const std::size_t position : context.migrations.order()) {
    const std::string& one = context.migrations.items[position]->info().id;
    if (after) {
      const auto found = std::ranges::find_if(status.migrations,
                                              [&](const auto& entry) { return entry.id == one; });
      using enum migrate::MigrationState;
      if (found != status.migrations.end() && found->state != pending && found->state != blocked &&
          found->state != reverted && found->state != failed && found->state != superseded)
        begun.push_back(one);
    }
    after = after || one == id;
  }
  if (!after) {
    throw MigrationError(ErrorCode::unknown_migration, FieldPath(id),
                         "the program has no migration of this id");
  }
  return begun;
}

int to(const Context& context) {
  const std::string id = context.arguments.at(0);
  const auto later = begun_after(context, id);
  const SignalStop stop;
  if (!later.empty()) {
    context.confirm(
        fmt::format("{} after {} will be undone in \"{}\" of {}.",
                    plural(static_cast<std::int64_t>(later.size()), "migration", "migrations"), id,
                    context.db.name(), context.db.store().redacted_uri()));
    auto runner = context.runner();
    runner.stop_token(stop.token());
    auto back = runner.rollback_to(id);
    if (!back.ok()) return show_report(context, std::move(back));
    // With --json the last line alone is the report: that of the way forward, where there is one.
    auto forward = context.runner();
    forward.target(id).stop_token(stop.token());
    auto report = forward.run();
    if (report.ok() && report.migrations.empty()) return show_report(context, std::move(back));
    if (!context.out.json()) (void)show_report(context, std::move(back));
    return show_report(context, std::move(report));
  }
  auto runner = context.runner();
  runner.target(id).stop_token(stop.token());
  return show_report(context, runner.run());
}

int mark(const Context& context) {
  const std::string id = context.arguments.at(0), state = context.arguments.at(1);
  if (state != "applied" && state != "failed")
    throw UsageError("mark takes ID and the state that it is in: applied or failed");
  const std::string reason = reason_of(context);
  context.runner().mark(
      id, state == "applied" ? migrate::MigrationState::applied : migrate::MigrationState::failed,
      reason);
  context.out.print(fmt::format("{} is {} now.", id, state));
  context.out.report("mark", 0, bson::make_document("id", id, "state", state, "reason", reason));
  return 0;
}

int accept(const Context& context) {
  const std::string id = context.arguments.at(0);
  const std::string reason = reason_of(context);
  context.runner().accept(id, reason);
  context.out.print(fmt::format("The change of {} is accepted.", id));
  context.out.report("accept", 0, bson::make_document("id", id, "reason", reason));
  return 0;
}

int baseline(const Context& context) {
  const std::string id = context.arguments.at(0);
  migrate::BaselineOptions options;
  options.reason = context.arguments.text("--reason");
  options.force = context.arguments.has("--force");
  context.runner().baseline(id, options);
  context.out.print(fmt::format("{} and what comes before it count as done. Nothing was run.", id));
  context.out.report("baseline", 0, bson::make_document("id", id, "reason", options.reason));
  return 0;
}

constexpr OptionSpec to_options[] = {slow_option};
constexpr OptionSpec mark_options[] = {{"--reason", "TEXT", "who looked, and what was seen"}};
constexpr OptionSpec accept_options[] = {{"--reason", "TEXT", "why the change does not matter"}};
constexpr OptionSpec baseline_options[] = {
    {"--reason", "TEXT", "how the database was made"},
    {"--force", "", "do not look whether the indexes and collections are there"}};

constexpr Command commands[] = {
    {"to", "ID", "Bring the database to that migration, forward or back",
     "Runs what comes up to it in the program's order; what comes after it is undone, later ones "
     "first, or nothing is done when one of them has no way back.",
     1, 1, to_options, true, to},
    {"mark", "ID applied|failed", "Settle a migration whose outcome is unknown",
     "For the state attention: look at the data first.", 2, 2, mark_options, false, mark},
    {"accept", "ID", "Settle that a migration was changed after it was applied",
     "Needs --reason. The old checksum stays in history.", 1, 1, accept_options, false, accept},
    {"baseline", "ID", "Record a migration and all before it as done",
     "For a database that was made by other means; nothing is run. Looks whether the indexes and "
     "collections are there that they make.",
     1, 1, baseline_options, false, baseline},
};

}  // namespace

std::span<const Command> settle_commands() { return commands; }

}  // namespace quire::cli
