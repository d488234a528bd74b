// Commands on what migrations keep in a database, without the program that has them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <thread>

#include "cli/migrate/commands.hpp"
#include "commands.hpp"
#include "migrate/data/monitor.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/inspect.hpp"
#ifdef QUIRE_TOOL_EMBEDDED
#include "quire/core/signal_stop.hpp"
#include "quire/store/embedded/embedded.hpp"
#endif

namespace quire::tool {
namespace {

using cli::exit_code;
using cli::Output;

/// What somebody has to look at.
bool needs_somebody(const migrate::HistoryEntry& row) {
  return row.state == "attention" || row.state == "partial" || row.state == "failed";
}
bool is_open(const migrate::JobEntry& job) {
  return job.state != "complete" && job.state != "failed" && job.state != "stopped";
}

void append_lock(bson::Writer& w, const std::optional<migrate::LockInfo>& lock) {
  if (lock) {
    w.append("lock", bson::from_json(lock->json()));
  } else {
    w.append_null("lock");
  }
}

int status(Output& out, const Database& db) {
  const auto lock = migrate::lock_info(db);
  bson::Writer body;
  append_lock(body, lock);
  body.begin_array("migrations");
  std::vector<std::vector<cli::Cell>> rows;
  for (const auto& row : migrate::history(db)) {
    body.push(row.document);
    rows.push_back({{row.id},
                    {row.state, cli::paint_of(row.state)},
                    {cli::time_text(row.finished)},
                    {row.title + (row.error.empty() ? "" : "; " + row.error)}});
  }
  body.end();
  out.report("status", 0, body.finish());
  if (rows.empty()) {
    out.print("No migration ever ran on this database.");
  } else {
    out.table({"migration", "state", "finished (UTC)", ""}, rows);
  }
  cli::print_lock(out, db);
  return 0;
}

/// What runs, looked at again and again: rates come of two looks.
class Running {
 public:
  Running(Output& out, const Database& db) : out_(out), db_(db) {}
  /// One look; whether anything runs.
  bool look();
  /// Whether a data job does, which has no rate yet.
  [[nodiscard]] bool needs_another() const { return needs_another_; }
  [[nodiscard]] const std::vector<std::string>& jobs() const { return jobs_; }

 private:
  /// How far a data job is, and the life of its processes by this machine's clock.
  struct Seen {
    migrate::JobState state = migrate::JobState::planning;
    migrate::data::Meter meter{std::chrono::minutes(1)};
    std::map<std::string, migrate::StandStill> processes;
    bool begun = false;
  };
  bool steps();
  bool data_job(migrate::DataJobEntry& job);
  void show(const migrate::DataJobEntry& job, std::int64_t alive);

  Output& out_;
  const Database& db_;
  std::map<std::string, Seen> seen_;
  std::vector<std::string> jobs_;
  bool needs_another_ = false;
};

/// Steps of migrations: a job of one is at rest when nobody holds the lock.
bool Running::steps() {
  const auto lock = migrate::lock_info(db_);
  if (!lock || !lock->held) return false;
  out_.event(bson::make_document("event", "lock", "lock", bson::from_json(lock->json())));
  cli::print_lock(out_, db_);
  for (const auto& job : migrate::jobs(db_)) {
    if (job.direction.empty() || !is_open(job) || job.fence != lock->token) continue;
    out_.event(bson::make_document("event", "job", "job", job.document));
    const std::int64_t done = std::max(job.matched, job.changed);
    out_.hang(job.id + ": ",
              fmt::format("{}, {} done, {} changed, {}", job.state,
                          cli::plural(done, "document", "documents"), cli::grouped(job.changed),
                          cli::plural(job.saves, "batch", "batches")));
  }
  return true;
}

bool Running::look() {
  bool any = steps();
  jobs_.clear();
  needs_another_ = false;
  for (auto& job : migrate::data_jobs(db_)) any = data_job(job) || any;
  return any;
}

bool Running::data_job(migrate::DataJobEntry& job) {
  if (job.progress.state == migrate::JobState::complete) return false;
  Seen& seen = seen_[job.job];
  const auto now = migrate::boot_time();
  std::int64_t alive = 0;
  for (auto& process : job.processes) {
    const auto lease = std::max<std::int64_t>(process.lease.count(), 1);
    process.gone = process.gone || seen.processes[process.run].lasts(0, process.beat, lease, now);
    alive += process.gone ? 0 : 1;
  }
  if (!seen.begun || seen.state != job.progress.state) {
    seen.meter.begin(now);
    seen.state = job.progress.state;
    needs_another_ = needs_another_ || alive > 0;
  }
  seen.begun = true;
  seen.meter.at(now, job.progress.done);
  seen.meter.fill(job.progress, now);
  show(job, alive);
  return alive > 0;
}

void Running::show(const migrate::DataJobEntry& job, std::int64_t alive) {
  jobs_.push_back(job.json());
  bson::Writer event;
  event.append("event", "data_job").append_all(bson::from_json(jobs_.back()));
  out_.event(event.finish());
  const auto& p = job.progress;
  std::string text = fmt::format("{}, {} of {}{} ({} %)", to_string(p.state), cli::grouped(p.done),
                                 p.exact ? "" : "about ",
                                 cli::plural(p.total, "document", "documents"), p.percent());
  if (p.rejected > 0) text += fmt::format(", {} rejected", cli::grouped(p.rejected));
  if (p.rate > 0) text += fmt::format(", {}/s", cli::grouped(static_cast<std::int64_t>(p.rate)));
  if (p.eta_seconds >= 0) text += fmt::format(", {} left", cli::timed(p.eta_seconds));
  text += fmt::format(", {} of {}", cli::grouped(job.partitions_done),
                      cli::plural(job.partitions, "partition", "partitions"));
  text +=
      alive == 0 ? ", no process works on it" : ", " + cli::plural(alive, "process", "processes");
  if (!p.reason.empty()) text += ", " + p.reason;
  out_.hang(job.job + ": ", text);
}

int progress(Output& out, const Database& db, const MigrationArguments& arguments) {
  const SignalStop stop;
  Running running(out, db);
  bool any = running.look();
  bool stopped = false;
  for (bool again = running.needs_another() || (arguments.follow && any); again && !stopped;
       again = arguments.follow && any) {
    for (std::int64_t waited = 0; waited < arguments.interval_ms && !stopped; waited += 20) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      stopped = stop.token().stop_requested();
    }
    if (!stopped) any = running.look();
  }
  if (!any) out.print("No migration runs.");
  const int exit = stopped ? exit_code("stopped") : 0;
  bson::Writer body;
  body.append("result", stopped ? "stopped" : any ? "running" : "nothing");
  body.begin_array("jobs");
  for (const std::string& job : running.jobs()) body.push(bson::from_json(job).view());
  body.end();
  out.report("progress", exit, body.finish());
  return exit;
}

int check(Output& out, const Database& db) {
  bson::Writer body;
  body.append("uri", db.store().redacted_uri());
  bool sound = true;
#ifdef QUIRE_TOOL_EMBEDDED
  if (db.store().kind() == "embedded") {
    const auto report = store::embedded::check(db.store());
    sound = report.ok();
    body.append("collections", report.collections)
        .append("documents", report.documents)
        .append("problems", report.problem_count);
    body.begin_array("first_problems");
    for (const auto& one : report.problems) {
      body.push_document_begin().append("where", one.where).append("what", one.what).end();
      out.hang("problem: ", one.where + ": " + one.what);
    }
    body.end();
    out.print(fmt::format("{}: {}, {}, {}.", sound ? "The file is sound" : "The file is damaged",
                          cli::plural(report.collections, "collection", "collections"),
                          cli::plural(report.documents, "document", "documents"),
                          cli::plural(report.indexes, "index", "indexes")));
  }
#endif
  if (db.store().kind() != "embedded") {
    const auto health = db.health();
    if (!health.ok) throw StoreError(ErrorCode::server_unreachable, health.error);
    out.print(fmt::format("The server answers: {} {}{}.", health.kind, health.version,
                          health.writable ? "" : ", not writable"));
  }
  std::vector<std::string> waiting;
  for (const auto& row : migrate::history(db)) {
    if (!needs_somebody(row)) continue;
    waiting.push_back(row.id);
    out.hang("look at ", row.id + ": " + row.state + (row.error.empty() ? "" : ", " + row.error));
  }
  body.begin_array("look_at");
  for (const auto& id : waiting) body.push(id);
  body.end();
  const int exit = !sound ? exit_code("drift") : !waiting.empty() ? exit_code("partial") : 0;
  body.append("result", !sound ? "damaged" : !waiting.empty() ? "attention" : "done");
  out.report("check", exit, body.finish());
  if (exit == 0) out.print("No migration needs somebody.");
  return exit;
}

int run(Output& out, std::string_view command, const MigrationArguments& arguments) {
  const bool writes = command == "unlock" || (command == "maintenance" && arguments.id != "status");
  // What a run in progress writes is seen without the right to write.
  const Database db = open_database(resolve_uri(arguments.uri), arguments.db,
                                    writes ? OpenFor::asking : OpenFor::reading, "--db");
  if (command == "status") return status(out, db);
  if (command == "history") return cli::show_history(out, db, arguments.id);
  if (command == "events") return cli::show_events(out, db, arguments.last, arguments.id);
  if (command == "progress") return progress(out, db, arguments);
  if (command == "check") return check(out, db);
  if (command == "maintenance") return cli::do_maintenance(out, db, arguments.id, arguments.reason);
  if (!arguments.yes)
    confirm(fmt::format("The migration lock of \"{}\" of {} will be taken away from its holder.",
                        db.name(), db.store().redacted_uri()),
            "unlock takes the lock away from its holder; add --yes");
  return cli::do_unlock(out, db, arguments.token, arguments.reason, arguments.force);
}

CLI::App* add(CLI::App& app, MigrationArguments& a, const char* name, const char* text) {
  auto* command = app.add_subcommand(name, text);
  command->add_option("URI", a.uri, uri_help)->required();
  command->add_option("--db", a.db, "the database, where the URI names none");
  command->add_flag("--json", a.json, "lines of JSON; the last one is the report");
  return command;
}

}  // namespace

void add_migrations(CLI::App& app, MigrationArguments& a) {
  add(app, a, "status", "Show the migrations and the lock that a database has");
  add(app, a, "history", "Show who ran which migration, when, and how long")
      ->add_option("ID", a.id, "only this migration");
  auto* events = add(app, a, "events", "Show each change of state of migrations");
  events->add_option("--last", a.last, "the latest N, default 50; 0 = all")
      ->check(CLI::NonNegativeNumber);
  events->add_option("--migration", a.id, "only of this one");
  auto* unlock = add(app, a, "unlock", "Take the lock of migrations from a process that is gone");
  unlock->add_option("--token", a.token, "the lock's token as status shows it")
      ->required()
      ->check(CLI::NonNegativeNumber);
  unlock->add_option("--reason", a.reason, "who says so, and why; kept with the event")->required();
  unlock->add_flag("--force", a.force, "do not watch whether the holder lives");
  unlock->add_flag("--yes", a.yes, "do not ask");
  auto* maintenance =
      add(app, a, "maintenance", "Keep the writers of applications out, or let them in again");
  maintenance->add_option("WHAT", a.id, "on, off or status")
      ->required()
      ->check(CLI::IsMember({"on", "off", "status"}));
  maintenance->add_option("--reason", a.reason, "of on: shown to whoever is refused");
  auto* progress = add(app, a, "progress", "Show what migrations run now, and how far they are");
  progress->add_flag("--follow", a.follow, "until nothing runs any more");
  progress->add_option("--interval", a.interval_ms, "milliseconds between two looks, default 1000")
      ->check(CLI::Range(20, 3'600'000));
  add(app, a, "check",
      "Read a whole file and check it, or ask a server; look for migrations that "
      "need somebody");
  for (auto* command : app.get_subcommands({})) {
    if (command->get_name() == "check")
      command->footer(
          "Exit codes: 0 sound, 11 damaged, 31 a migration needs somebody, 30 not "
          "reached.");
    if (command->get_name() == "unlock")
      command->footer(
          "Exit codes: 0 done, 2 usage, 20 the holder lives, or the lock has another "
          "token or is free.");
  }
}

std::optional<int> run_migrations(std::string_view command, const MigrationArguments& arguments) {
  constexpr std::string_view names[] = {"status",   "history", "events",     "unlock",
                                        "progress", "check",   "maintenance"};
  if (std::find(std::begin(names), std::end(names), command) == std::end(names))
    return std::nullopt;
  Output out("quire", arguments.json, false);
  try {
    return run(out, command, arguments);
  } catch (const Error& error) {
    auto failure = cli::failure_of(error, "quire", command);
    for (auto& text : failure.next) text += text.starts_with("quire") ? " URI" : "";
    if (error.code() == ErrorCode::invalid_uri || error.code() == ErrorCode::unsupported)
      failure.exit = exit_usage;
    out.failure(command, failure.exit, failure.result, error, failure.next);
    return failure.exit;
  }
}

}  // namespace quire::tool
