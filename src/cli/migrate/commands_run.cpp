// Commands that run migrations, and those that show what a run would do.
#include <fmt/format.h>

#include <algorithm>

#include "cli/migrate/commands.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/signal_stop.hpp"
#include "quire/migrate/data_migrator.hpp"
#include "quire/migrate/inspect.hpp"

namespace quire::cli {
namespace {

using migrate::MigrationEntry;
using migrate::MigrationEvent;
using migrate::MigrationReport;
using migrate::MigrationResult;
using migrate::MigrationRunner;

std::string of_collection(const MigrationEvent& event) {
  std::string text = event.collection.empty() ? "" : fmt::format(" of {}", event.collection);
  if (event.done == 0) return text;
  text += fmt::format(", {} {}", grouped(event.done), event.done == 1 ? "document" : "documents");
  return text + (event.total > 0 ? fmt::format(" of about {}", grouped(event.total)) : "");
}

/// Shows a run's events: lines of JSON, or the progress of the step.
class EventSink {
 public:
  EventSink(Output& out, Database db) : out_(out), db_(std::move(db)) {}

  void operator()(const MigrationEvent& event) {
    // The report says the same.
    if (event.kind == MigrationEvent::Kind::locked || event.kind == MigrationEvent::Kind::ended)
      return;
    if (out_.json()) {
      bson::Writer w;
      w.append("event", to_string(event.kind));
      if (event.kind == MigrationEvent::Kind::waiting) append_lock(w);
      if (!event.migration.empty()) w.append("migration", event.migration);
      if (event.kind == MigrationEvent::Kind::took_over) w.append("drained", event.text);
      if (event.kind == MigrationEvent::Kind::batch) {
        w.append("step", static_cast<std::int32_t>(event.step))
            .append("done", event.done)
            .append("total", event.total);
      }
      if (event.kind == MigrationEvent::Kind::slow) {
        w.append("step", static_cast<std::int32_t>(event.step))
            .append("collection", event.collection)
            .append("elapsed_ms", std::int64_t{event.elapsed.count()})
            .append("operation_ms", std::int64_t{event.operation.count()})
            .append("done", event.done)
            .append("total", event.total)
            .append("text", event.text);
      }
      out_.event(w.finish());
      return;
    }
    switch (event.kind) {
      case MigrationEvent::Kind::waiting:
        waits(event.text);
        break;
      case MigrationEvent::Kind::took_over:
        out_.print("Took the lock over from a process that is gone.");
        if (!event.text.empty()) out_.hang("what it left at the server: ", event.text);
        break;
      case MigrationEvent::Kind::slow:
        out_.progress().clear();
        out_.hang("slow: ", fmt::format("{}, step {}{}: {}", event.migration, event.step,
                                        of_collection(event), event.text));
        break;
      case MigrationEvent::Kind::batch: {
        const std::string what = fmt::format("{}, step {}", cut(event.migration, 60), event.step);
        const auto now = std::chrono::steady_clock::now();
        if (what != what_) {
          what_ = what;
          start_ = now;
          first_ = event.done;
        }
        const double seconds = std::chrono::duration<double>(now - start_).count();
        out_.progress().show({what, event.done, event.total,
                              seconds > 0 ? static_cast<double>(event.done - first_) / seconds : 0,
                              true});
        break;
      }
      default:
        out_.progress().clear();
        break;
    }
  }

 private:
  /// Each second: what the holder says of itself. What goes wrong here the run will tell.
  void waits(std::string_view text) {
    if (out_.quiet()) return;
    if (!std::exchange(waiting_, true)) out_.print("Waiting for the migration lock.");
    try {
      const auto lock = migrate::lock_info(db_);
      if (!lock || !lock->held) return;
      const auto progress = bson::View(lock->document).find("progress");
      if (progress && progress->is_document() && !progress->as_document().empty()) {
        out_.progress().show(holder_state(progress->as_document()));
      } else if (text != told_) {
        told_ = text;
        print_lock(out_, db_);
      }
    } catch (const std::exception&) {
    }
  }
  void append_lock(bson::Writer& w) {
    try {
      if (const auto lock = migrate::lock_info(db_))
        w.append("lock", bson::from_json(lock->json()));
    } catch (const std::exception&) {
    }
  }

  Output& out_;
  Database db_;
  bool waiting_ = false;
  std::string told_;
  std::string what_;
  std::int64_t first_ = 0;
  std::chrono::steady_clock::time_point start_{};
};

/// What to type next; the library's own words name functions.
std::vector<std::string> next_of(const Context& context, const MigrationReport& report) {
  const std::string id = !report.migrations.empty() ? report.migrations.back().id
                         : report.error             ? report.error->path().str()
                                                    : "";
  const std::string again(context.command);
  switch (report.result) {
    case MigrationResult::attention:
      // One that this program does not know is settled by the program that does.
      if (report.error && report.error->code() == ErrorCode::unknown_migration) return report.next;
      return {context.call("mark " + (id.empty() ? "ID" : id) + " applied --reason TEXT"),
              context.call("mark " + (id.empty() ? "ID" : id) + " failed --reason TEXT")};
    case MigrationResult::busy:
    case MigrationResult::skipped:
      return {context.call("status"), context.call(again)};
    case MigrationResult::paused:
    case MigrationResult::partial:
    case MigrationResult::lock_lost:
      return {context.call("resume")};
    case MigrationResult::failed:
      return {context.call("preflight"), context.call(again)};
    case MigrationResult::drifted:
      if (report.error && report.error->code() == ErrorCode::checksum_mismatch)
        return {"restore the migration as it was and write a new one",
                context.call("accept " + id + " --reason TEXT")};
      if (report.error && report.error->code() == ErrorCode::out_of_order)
        return {"give the migration an order after the applied ones (depends_on)",
                context.call("status")};
      return {"run the program that still has them, then this one", context.call("status")};
    case MigrationResult::deferred:
      return {context.call("up")};
    case MigrationResult::too_new:
      return {"start a newer program", context.call("history")};
    case MigrationResult::irreversible: {
      const bool half = std::any_of(report.next.begin(), report.next.end(), [](const auto& text) {
        return text.find("run()") != std::string::npos;
      });
      if (half) return {context.call("resume"), context.call(again)};
      return {context.call("help restore")};
    }
    default:
      return {};
  }
}

int run_up(const Context& context, bool only_begun) {
  const SignalStop stop;
  auto runner = context.runner();
  runner.stop_token(stop.token());
  if (const auto wait = context.arguments.number("--wait", 0, 86'400)) {
    if (*wait == 0) {
      runner.on_busy(migrate::Fail{});
    } else {
      runner.on_busy(migrate::Wait{std::chrono::seconds(*wait)});
    }
  }
  if (!only_begun) return show_report(context, runner.run());
  // A way back that was begun is finished as such.
  std::vector<std::string> back;
  bool forward = false;
  for (const auto& row : migrate::history(context.db)) {
    const bool half = row.state == "running" || row.state == "partial" || row.state == "paused" ||
                      row.state == "reverting" || row.state == "attention";
    if (!half) continue;
    if (row.direction == "down" && row.state != "attention") {
      back.push_back(row.id);
    } else {
      forward = true;
    }
  }
  for (auto id = back.rbegin(); id != back.rend(); ++id) {
    MigrationReport report = runner.rollback(*id);
    if (!report.ok() || (!forward && std::next(id) == back.rend()))
      return show_report(context, std::move(report));
    if (!context.out.json()) (void)show_report(context, std::move(report));
  }
  if (forward) return show_report(context, runner.run());
  MigrationReport nothing;
  nothing.operation = "resume";
  return show_report(context, std::move(nothing));
}

int up(const Context& context) { return run_up(context, false); }

/// What processes that work on a data job are asked to do.
int control(const Context& context, migrate::Desired desired, std::int64_t rate) {
  const std::string job = context.arguments.at(0);
  const auto known = migrate::jobs(context.db);
  if (std::none_of(known.begin(), known.end(), [&](const auto& one) { return one.id == job; }))
    throw UsageError("this database has no data job \"" + job + "\"");
  migrate::DataMigrator::control(context.db, job, desired, context.arguments.text("--reason"),
                                 rate);
  const std::string_view word = to_string(desired);
  context.out.print(fmt::format("{}: {}{}, from the next batch on.", job, word,
                                rate > 0 ? fmt::format(", {} documents a second each", rate) : ""));
  context.out.report(context.command, 0,
                     bson::make_document("job", job, "desired", word, "rate", rate));
  return 0;
}
int pause(const Context& context) { return control(context, migrate::Desired::pause, 0); }
int throttle(const Context& context) {
  const auto rate = context.arguments.number("--rate", 0, 1'000'000'000);
  if (!rate) throw UsageError("throttle needs --rate N, documents a second; 0 = no limit");
  return control(context, migrate::Desired::run, *rate);
}

int resume(const Context& context) {
  if (context.arguments.count() > 0) return control(context, migrate::Desired::run, 0);
  return run_up(context, true);
}

int down(const Context& context) {
  const auto count = context.arguments.number("-n", 1, 1'000'000);
  const std::string id = context.arguments.at(0);
  if (count.has_value() == !id.empty())
    throw UsageError("down takes either the ID of a migration or -n N");
  const std::string where =
      fmt::format("\"{}\" of {}", context.db.name(), context.db.store().redacted_uri());
  context.confirm(
      count ? fmt::format("The last {} will be undone in {}.",
                          plural(*count, "migration", "migrations"), where)
            : fmt::format("Migration {}, and those that depend on it, will be undone in {}.", id,
                          where));
  const SignalStop stop;
  auto runner = context.runner();
  runner.stop_token(stop.token());
  return show_report(context,
                     count ? runner.rollback(static_cast<int>(*count)) : runner.rollback(id));
}

int status(const Context& context) {
  Output& out = context.out;
  const auto status = context.runner().status();
  const auto pending = static_cast<std::int64_t>(status.pending());
  const bool drifted =
      std::any_of(status.migrations.begin(), status.migrations.end(),
                  [](const auto& one) { return one.state == migrate::MigrationState::drifted; });
  const int exit = !context.arguments.has("--check") ? 0
                   : drifted                         ? exit_code("drift")
                   : pending > 0                     ? exit_code("pending")
                                                     : 0;
  const auto lock = migrate::lock_info(context.db);
  bson::Writer body;
  body.append_all(bson::from_json(status.json()));
  body.append("result", drifted ? "drifted" : pending > 0 ? "pending" : "nothing");
  if (lock) {
    body.append("lock", bson::from_json(lock->json()));
  } else {
    body.append_null("lock");
  }
  body.begin_array("next");
  if (pending > 0) body.push(context.call("plan")).push(context.call("up"));
  body.end();
  out.report("status", exit, body.finish());
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : status.migrations) {
    const std::string state(to_string(one.state));
    std::string text = one.title;
    if (one.out_of_order) text += text.empty() ? "out of order" : " (out of order)";
    if (!one.error.empty()) text += (text.empty() ? "" : "; ") + one.error;
    rows.push_back(
        {{one.id}, {state, paint_of(state)}, {time_text(one.finished)}, {std::move(text)}});
  }
  if (!rows.empty()) out.table({"migration", "state", "finished (UTC)", ""}, rows);
  if (lock && lock->held) print_lock(out, context.db);
  out.print(pending == 0 ? "Nothing is pending."
                         : fmt::format("{} pending.", plural(pending, "migration", "migrations")));
  return exit;
}

}  // namespace

migrate::MigrationRunner Context::runner() const {
  MigrationRunner runner(db, migrations);
  if (!options.application.empty()) runner.application(options.application);
  auto sink = std::make_shared<EventSink>(out, db);
  runner.on_event([sink](const MigrationEvent& event) { (*sink)(event); });
  if (options.configure) options.configure(runner);
  if (const auto seconds = arguments.number("--slow-after", 0, 86'400))
    runner.slow_after(std::chrono::seconds(*seconds));
  return runner;
}

int show_report(const Context& context, MigrationReport report) {
  Output& out = context.out;
  out.progress().clear();
  report.next = next_of(context, report);
  const int exit = report.exit_code();
  if (!out.json()) {
    std::vector<std::vector<Cell>> rows;
    for (const MigrationEntry& one : report.migrations) {
      const std::string state(to_string(one.state));
      std::string text = plural(one.matched, "document", "documents") + ", " +
                         grouped(one.changed) + " changed, " +
                         timed(static_cast<double>(one.ms) / 1000);
      if (one.removed > 0) text += ", " + grouped(one.removed) + " removed";
      if (one.rejected > 0) text += ", " + grouped(one.rejected) + " rejected";
      if (one.out_of_order) text += ", out of order";
      rows.push_back({{one.id}, {state, paint_of(state)}, {std::move(text)}});
    }
    if (!rows.empty()) out.table({"migration", "state", ""}, rows);
    for (const std::string& warning : report.warnings) out.hang("warning: ", warning);
    if (report.result == MigrationResult::nothing) out.print("Nothing to do.");
    if (report.result == MigrationResult::applied) {
      out.print(fmt::format(
          "Done: {}{}.",
          plural(static_cast<std::int64_t>(report.migrations.size()), "migration", "migrations"),
          report.operation == "down" ? " undone" : " applied"));
    }
  }
  if (report.error && report.result != MigrationResult::skipped) {
    const std::string at = report.error->path().empty() ? "" : report.error->path().str() + ": ";
    out.complain(at + report.error->detail(), report.next);
  }
  out.report(report.json());
  return exit;
}

namespace {
constexpr OptionSpec wait_options[] = {
    {"--wait", "SECONDS",
     "how long to wait for the lock, 300 unless the program says otherwise; "
     "0 = not at all"},
    slow_option};
constexpr OptionSpec status_options[] = {
    {"--check", "", "exit code 10 when something is pending, 11 when something was changed"}};
constexpr OptionSpec down_options[] = {{"-n", "N", "the last N that were applied"}, slow_option};
constexpr OptionSpec reason_options[] = {{"--reason", "TEXT", "shown where the job's state is"}};
constexpr OptionSpec rate_options[] = {
    {"--rate", "N", "documents a second of each process; 0 = no limit"},
    {"--reason", "TEXT", "shown where the job's state is"}};

constexpr Command commands[] = {
    {"status", "", "What is applied and what is pending", "Writes nothing.", 0, 0, status_options,
     false, status},
    {"up", "", "Run what is pending",
     "Any number of processes may do so at once: one runs each migration.\nCtrl-C or SIGTERM stops "
     "at the next batch; run it again to go on.",
     0, 0, wait_options, false, up},
    {"resume", "[JOB]", "Finish what was begun",
     "Goes on with what was stopped, killed or failed in the middle, forward or back. Then runs "
     "what is pending, as up does. Does nothing when nothing was begun.\nWith JOB: lets the "
     "processes "
     "of a paused data job go on.",
     0, 1, wait_options, false, resume},
    {"pause", "JOB", "Let the processes of a data job wait",
     "Each stops before its next batch and waits for resume JOB.", 1, 1, reason_options, false,
     pause},
    {"throttle", "JOB", "Limit the rate of a data job", "", 1, 1, rate_options, false, throttle},
    {"down", "ID | -n N", "Undo a migration and those that depend on it",
     "Refused as a whole when one of them has no way back.", 0, 1, down_options, true, down},
};
}  // namespace

std::span<const Command> run_commands() { return commands; }

}  // namespace quire::cli
