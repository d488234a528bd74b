#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/migrate/report.hpp"

namespace quire::migrate {

/// What a runner is doing in this process.
enum class RunState {
  idle,     ///< nothing was asked for yet
  waiting,  ///< for the lock that another process holds
  running,
  paused,    ///< by the control document or a throttle; `reason` says why
  deferred,  ///< the rest is left for background()
  complete,  ///< nothing is pending
  failed     ///< `reason` is the error
};
[[nodiscard]] std::string_view to_string(RunState state) noexcept;

/// How far a run is.
struct MigrationProgress {
  std::string migration;  ///< empty: none is running
  int step = 0;           ///< from 1
  int steps = 0;
  std::int64_t done = 0;    ///< documents of this step
  std::int64_t total = 0;   ///< an estimate, never below done; 0 = unknown
  double rate = 0;          ///< documents a second over the last ten seconds; 0 = not known yet
  double eta_seconds = -1;  ///< of this step; -1 = not known
};

/// For the probes of a service: alive goes into liveness, ready into readiness.
struct MigrationHealth {
  /// False when a step that reports its batches did none for a minute and nobody asked it to wait,
  /// or the background run ended by a failure.
  bool alive = true;
  /// The program may serve: run() ended well, if need be with data migrations left.
  bool ready = false;
  RunState state = RunState::idle;
  std::string reason;
  std::vector<std::string> left;  ///< ids that run() left for background()
  MigrationProgress progress;

  /// One line: {alive, ready, state, reason, left, migration, step, steps, done, total, total_kind,
  /// rate, eta_s}.
  [[nodiscard]] std::string json() const;
};

/// What is pending, in a thread of its own: for data migrations that need not be through before a
/// program serves. It takes the same lock as all others, gives it up between two batches when a
/// program that starts up has to have it, waits while another process works, and tries again
/// where the store is out of reach. Made by MigrationRunner::background().
/// Threads: safe. The runner's on_event sink is called in the background thread.
class BackgroundRun {
 public:
  ~BackgroundRun();  // as stop()
  BackgroundRun(const BackgroundRun&) = delete;
  BackgroundRun& operator=(const BackgroundRun&) = delete;

  /// Begins, with the runner's settings as they are now. Does nothing while it runs.
  void start();
  /// Asks it to stop at the next batch's edge, and returns when it has.
  void stop();
  /// Whether it ended within that time. True when it was never started.
  bool wait(std::chrono::milliseconds time);
  [[nodiscard]] bool is_running() const;
  /// How the last one ended; nothing before that.
  [[nodiscard]] std::optional<MigrationReport> report() const;

 private:
  friend class MigrationRunner;
  struct State;
  explicit BackgroundRun(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quire::migrate
