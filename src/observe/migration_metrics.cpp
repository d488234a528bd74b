#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>

#include "observe/prometheus_text.hpp"
#include "quire/core/error.hpp"
#include "quire/observe/migrations.hpp"

namespace quire::observe {
namespace {

using migrate::DataProgress;
using migrate::JobState;
using migrate::MigrationEvent;
using migrate::MigrationState;
using migrate::RunState;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t most_jobs = 1000;

std::string number(double value) { return fmt::format("{}", value); }
std::string number(Seconds value) { return fmt::format("{:.3f}", value.count()); }

/// One family: its head, then what `samples` appends.
template <class Samples>
void family(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            const Samples& samples) {
  append_head(out, name, type, help);
  samples([&](const LabelPairs& labels, std::string_view value) {
    append_sample(out, name, labels, value);
  });
}

void gauge(std::string& out, std::string_view name, std::string_view help, std::string_view value) {
  append_head(out, name, "gauge", help);
  append_sample(out, name, {}, value);
}

}  // namespace

struct MigrationMetrics::Table {
  struct Last {
    std::string operation, result;
    bool ok = false;
    Seconds took{0};
    Seconds at{0};  ///< since 1970, by the wall clock
  };
  using Two = std::pair<std::string, std::string>;

  mutable std::mutex mutex;
  std::map<Two, std::uint64_t> runs;
  std::map<std::string, std::uint64_t> outcomes{{"failed", 0}, {"finished", 0}, {"paused", 0}};
  std::uint64_t documents = 0, rejects = 0, slow = 0, takeovers = 0;
  std::int64_t token = 0;
  int held = 0;  ///< runners that have a lock
  bool waiting = false;
  Seconds waited{0};
  std::optional<Last> last;
  std::map<std::string, DataProgress> jobs;

  /// Of the step of a migration that runs.
  struct Step {
    int number = 0;
    std::int64_t done = 0;
  };
  std::map<std::string, Step, std::less<>> steps;

  void event(const MigrationEvent& event);
  void batch(const MigrationEvent& event);
  void ended(const MigrationEvent& event);
  void write_runs(std::string& out) const;
  void write_lock(std::string& out) const;
  void write_jobs(std::string& out) const;
};

void MigrationMetrics::Table::batch(const MigrationEvent& event) {
  auto step = steps.find(event.migration);
  if (step == steps.end()) step = steps.emplace(event.migration, Step{}).first;
  Step& at = step->second;
  if (at.number != event.step) at = {event.step, 0};
  // A step that goes on behind its cursor begins with what was done before.
  documents += static_cast<std::uint64_t>(std::max<std::int64_t>(event.done - at.done, 0));
  at.done = event.done;
}

void MigrationMetrics::Table::ended(const MigrationEvent& event) {
  if (event.report == nullptr) return;
  const migrate::MigrationReport& report = *event.report;
  const std::string result(to_string(report.result));
  ++runs[{report.operation, result}];
  for (const auto& one : report.migrations)
    rejects += static_cast<std::uint64_t>(std::max<std::int64_t>(one.rejected, 0));
  waited += std::chrono::milliseconds(report.waited_ms);
  if (report.lock_token > 0) held = std::max(held - 1, 0);
  waiting = false;
  last = Last{report.operation, result, report.ok(), event.elapsed,
              std::chrono::system_clock::now().time_since_epoch()};
}

void MigrationMetrics::Table::event(const MigrationEvent& event) {
  switch (event.kind) {
    case MigrationEvent::Kind::waiting:
      waiting = true;
      break;
    case MigrationEvent::Kind::took_over:
      ++takeovers;
      [[fallthrough]];
    case MigrationEvent::Kind::locked:
      waiting = false;
      ++held;
      token = std::max(token, event.token);
      break;
    case MigrationEvent::Kind::started:
      steps.erase(std::string(event.migration));
      break;
    case MigrationEvent::Kind::batch:
      batch(event);
      break;
    case MigrationEvent::Kind::slow:
      ++slow;
      break;
    case MigrationEvent::Kind::finished:
    case MigrationEvent::Kind::failed:
    case MigrationEvent::Kind::paused:
      ++outcomes[std::string(to_string(event.kind))];
      steps.erase(std::string(event.migration));
      break;
    case MigrationEvent::Kind::ended:
      ended(event);
      break;
  }
}

void MigrationMetrics::Table::write_runs(std::string& out) const {
  family(out, "quire_migration_runs_total", "counter", "Runs of migrations, by how they ended.",
         [&](const auto& sample) {
           for (const auto& [key, n] : runs)
             sample({{"operation", key.first}, {"result", key.second}}, fmt::format("{}", n));
         });
  if (last) {
    gauge(out, "quire_migration_last_run_success", "Whether the last run ended well.",
          last->ok ? "1" : "0");
    gauge(out, "quire_migration_last_run_duration_seconds", "How long the last run took.",
          number(last->took));
    gauge(out, "quire_migration_last_run_timestamp_seconds",
          "When the last run ended, in seconds since 1970.", number(last->at));
    family(out, "quire_migration_last_run_result", "gauge", "1 for how the last run ended.",
           [&](const auto& sample) {
             sample({{"operation", last->operation}, {"result", last->result}}, "1");
           });
  }
  family(out, "quire_migration_outcomes_total", "counter",
         "Migrations that were run, forward or back, by how that ended.", [&](const auto& sample) {
           for (const auto& [outcome, n] : outcomes)
             sample({{"outcome", outcome}}, fmt::format("{}", n));
         });
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    append_head(out, name, "counter", help);
    append_sample(out, name, {}, value);
  };
  counter("quire_migration_documents_total", "Documents that steps went over in batches.",
          documents);
  counter("quire_migration_rejects_total", "Documents that ways back put aside.", rejects);
  counter("quire_migration_slow_warnings_total", "Times that a step was told to be slow.", slow);
}

void MigrationMetrics::Table::write_lock(std::string& out) const {
  append_one(out, "quire_migration_lock_held", "gauge", "Locks that this process has.", held);
  append_one(out, "quire_migration_lock_waiting", "gauge",
             "1 while this process waits for another one.", waiting ? 1 : 0);
  append_one(out, "quire_migration_lock_token", "gauge",
             "The highest token of a lock that this process had.", token);
  append_head(out, "quire_migration_lock_wait_seconds_total", "counter",
              "Time that runs which ended had waited for the lock.");
  append_sample(out, "quire_migration_lock_wait_seconds_total", {}, number(waited));
  append_head(out, "quire_migration_lock_takeovers_total", "counter",
              "Times that the lock was taken over from a process that was gone.");
  append_sample(out, "quire_migration_lock_takeovers_total", {}, takeovers);
}

void MigrationMetrics::Table::write_jobs(std::string& out) const {
  const auto each = [&](std::string_view name, std::string_view help, const auto& value) {
    family(out, name, "gauge", help, [&](const auto& sample) {
      for (const auto& [job, progress] : jobs)
        if (const std::string text = value(progress); !text.empty()) sample({{"job", job}}, text);
    });
  };
  each("quire_job_documents", "Documents that a data job read, or compared while it verifies.",
       [](const DataProgress& p) { return fmt::format("{}", p.done); });
  each("quire_job_documents_expected", "All that it has to; may be an estimate.",
       [](const DataProgress& p) { return fmt::format("{}", p.total); });
  each("quire_job_documents_per_second", "Rate of the last ten seconds.",
       [](const DataProgress& p) { return number(p.rate); });
  each("quire_job_remaining_seconds", "Time left of this phase, where it is known.",
       [](const DataProgress& p) {
         return p.eta_seconds < 0 ? std::string() : number(p.eta_seconds);
       });
  each("quire_job_rejected_documents", "Documents that were put aside.",
       [](const DataProgress& p) { return fmt::format("{}", p.rejected); });
  each("quire_job_stalled", "1 when nothing was done for long, and nobody asked to wait.",
       [](const DataProgress& p) { return std::string(p.stalled ? "1" : "0"); });
  family(out, "quire_job_state", "gauge", "1 for the state of each data job.",
         [&](const auto& sample) {
           for (const auto& [job, progress] : jobs)
             sample({{"job", job}, {"state", to_string(progress.state)}}, "1");
         });
}

MigrationMetrics::MigrationMetrics() : table_(std::make_unique<Table>()) {}
MigrationMetrics::~MigrationMetrics() = default;

void MigrationMetrics::on_event(const MigrationEvent& event) noexcept {
  try {
    const std::lock_guard guard(table_->mutex);
    table_->event(event);
  } catch (...) {  // out of memory: the run goes on, uncounted
  }
}

void MigrationMetrics::on_progress(const DataProgress& progress) noexcept {
  try {
    const std::lock_guard guard(table_->mutex);
    if (table_->jobs.size() >= most_jobs && !table_->jobs.contains(progress.job)) return;
    table_->jobs[progress.job] = progress;
  } catch (...) {
  }
}

std::string MigrationMetrics::prometheus() const {
  const std::lock_guard guard(table_->mutex);
  std::string out;
  table_->write_runs(out);
  table_->write_lock(out);
  table_->write_jobs(out);
  return out;
}

namespace {

constexpr std::array all_states{
    MigrationState::applied, MigrationState::attention, MigrationState::baselined,
    MigrationState::blocked, MigrationState::drifted,   MigrationState::failed,
    MigrationState::future,  MigrationState::partial,   MigrationState::paused,
    MigrationState::pending, MigrationState::reverted,  MigrationState::reverting,
    MigrationState::running, MigrationState::skipped,   MigrationState::superseded};
constexpr std::array run_states{RunState::idle,   RunState::waiting,  RunState::running,
                                RunState::paused, RunState::deferred, RunState::complete,
                                RunState::failed};

void append_history(std::string& out, const migrate::MigrationRunner& runner) {
  std::map<MigrationState, std::uint64_t> counts;
  bool up = true;
  try {
    for (const auto& one : runner.status().migrations) ++counts[one.state];
  } catch (const Error&) {
    up = false;
  }
  append_one(out, "quire_migration_history_up", "gauge",
             "Whether the history of migrations could be read.", up ? 1 : 0);
  if (!up) return;
  family(out, "quire_migrations", "gauge", "Migrations in each state.", [&](const auto& sample) {
    for (const MigrationState state : all_states)
      sample({{"state", to_string(state)}}, fmt::format("{}", counts[state]));
  });
}

void append_progress(std::string& out, const migrate::MigrationProgress& progress) {
  if (progress.migration.empty()) return;
  const std::string step = fmt::format("{}", progress.step);
  const auto one = [&](std::string_view name, std::string_view help, const std::string& value) {
    append_head(out, name, "gauge", help);
    append_sample(out, name, {{"migration", progress.migration}, {"step", step}}, value);
  };
  one("quire_migration_step_documents", "Documents that the step at hand is done with.",
      fmt::format("{}", progress.done));
  if (progress.total > 0)
    one("quire_migration_step_documents_expected", "All that it goes over, an estimate.",
        fmt::format("{}", progress.total));
  one("quire_migration_step_documents_per_second", "Rate of the last ten seconds.",
      number(progress.rate));
  if (progress.eta_seconds >= 0)
    one("quire_migration_step_remaining_seconds", "Time left of the step at hand.",
        number(progress.eta_seconds));
}

}  // namespace

std::string MigrationMetrics::prometheus(const migrate::MigrationRunner& runner) const {
  std::string out = prometheus();
  append_history(out, runner);
  const migrate::MigrationHealth health = runner.health();
  append_one(out, "quire_migration_alive", "gauge",
             "0 when a run stalls, or the background run failed.", health.alive ? 1 : 0);
  append_one(out, "quire_migration_ready", "gauge", "1 when the program may serve.",
             health.ready ? 1 : 0);
  family(out, "quire_migration_state", "gauge", "1 for what the runner is doing.",
         [&](const auto& sample) {
           for (const RunState state : run_states)
             sample({{"state", to_string(state)}}, health.state == state ? "1" : "0");
         });
  append_progress(out, health.progress);
  return out;
}

}  // namespace quire::observe
