#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "quire/migrate/data_progress.hpp"
#include "quire/migrate/runner.hpp"

/// Metrics and log lines of migrations and data jobs. observe.hpp does not include it.
namespace quire::observe {

/// Counts what migrations and data jobs of this process do, and writes it for Prometheus beside
/// Metrics: the families have names of their own, so that one scrape may give both texts.
///   auto metrics = std::make_shared<MigrationMetrics>();
///   runner.also_on_event([metrics](const auto& event) { metrics->on_event(event); });
///   const std::string body = commands->prometheus(db) + metrics->prometheus(runner);
/// Threads: safe. Memory: about 500 bytes a job; at most 1000 jobs, further ones are left out.
class MigrationMetrics {
 public:
  MigrationMetrics();
  ~MigrationMetrics();
  MigrationMetrics(const MigrationMetrics&) = delete;
  MigrationMetrics& operator=(const MigrationMetrics&) = delete;

  /// For MigrationRunner::on_event; of any number of runners.
  void on_event(const migrate::MigrationEvent& event) noexcept;
  /// For DataMigrator::on_progress, and ImportOptions::progress, of any number of jobs.
  void on_progress(const migrate::DataProgress& progress) noexcept;

  /// Prometheus' text exposition format 0.0.4, content type "text/plain; version=0.0.4". Asks no
  /// store:
  ///   quire_migration_runs_total{operation,result}                        counter
  ///   quire_migration_last_run_success, _duration_seconds, _timestamp_seconds   gauge
  ///   quire_migration_last_run_result{operation,result}, 1                gauge
  ///   quire_migration_outcomes_total{outcome}                             counter
  ///   quire_migration_documents_total, quire_migration_rejects_total      counter
  ///   quire_migration_slow_warnings_total                                 counter
  ///   quire_migration_lock_held, _lock_waiting, _lock_token               gauge
  ///   quire_migration_lock_wait_seconds_total, _lock_takeovers_total      counter
  ///   quire_job_documents, _documents_expected, _documents_per_second, _remaining_seconds,
  ///   _rejected_documents, _stalled {job}; quire_job_state{job,state}     gauge
  /// Source: prometheus.io/docs/practices/naming, …/instrumenting/exposition_formats.
  [[nodiscard]] std::string prometheus() const;
  /// Also where the runner and its database stand, by one read of the history:
  ///   quire_migrations{state}                                             gauge
  ///   quire_migration_history_up, 0 where it could not be read            gauge
  ///   quire_migration_alive, quire_migration_ready, quire_migration_state{state}   gauge
  ///   quire_migration_step_documents, _documents_expected, _documents_per_second,
  ///   _remaining_seconds {migration,step}, while one runs                 gauge
  /// Throws nothing of the store's.
  [[nodiscard]] std::string prometheus(const migrate::MigrationRunner& runner) const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

enum class LogLevel { debug, info, warning, error };
/// "debug", "info", "warning", "error".
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

struct MigrationLogOptions {
  LogLevel least = LogLevel::info;  ///< what is below is not told
  /// Called for one line at a time, without an end of line; what it throws is dropped. Default: to
  /// stderr, as "migration warning 2026_split: …".
  std::function<void(LogLevel level, const std::string& line)> sink = {};
};

/// Lines for a log, for MigrationRunner::on_event:
///   runner.also_on_event(migration_log({.sink = to_my_log}));
/// Levels:
/// - error: a migration that failed, a run that did not end well;
/// - warning: a slow step, a lock taken over, a pause at the end of a budget, a run's warnings;
/// - info: begin and end of migrations and runs, the lock; waits and batches once in ten seconds;
/// - debug: each wait and batch.
/// Lines hold ids, collections, counts and texts of errors, which name documents by their _id.
[[nodiscard]] std::function<void(const migrate::MigrationEvent&)> migration_log(
    MigrationLogOptions options = {});

}  // namespace quire::observe
