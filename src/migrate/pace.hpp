#pragma once

#include <optional>

#include "migrate/lock.hpp"
#include "migrate/pacing.hpp"
#include "migrate/run_monitor.hpp"

namespace quire::migrate {

/// Thrown at a batch's edge when the run is to stop there. Not an error.
struct Paused {
  enum class Cause {
    asked,   ///< by the program, a signal or the control document
    budget,  ///< the rest is for the background
    yields   ///< another process cannot wait
  };
  Cause cause = Cause::asked;
  std::string reason = "stopped on request";
};

/// What a run passes between two batches: requests to stop, the control document, the throttle, the
/// budget. One thread.
class Pace {
 public:
  struct Settings {
    std::stop_token stop;
    Throttle throttle;
    std::optional<std::chrono::milliseconds> deadline;  ///< by the clock
    bool yields = false;  ///< to processes that ask for the lock and cannot wait
  };
  Pace(Database db, Settings settings, const Clock& clock, Lock& lock, RunMonitor& monitor)
      : db_(std::move(db)),
        settings_(std::move(settings)),
        clock_(clock),
        lock_(lock),
        monitor_(monitor) {}

  /// Whether the migration at hand may be left for later when the budget is spent.
  void may_defer(bool yes) noexcept { may_defer_ = yes; }
  [[nodiscard]] bool is_spent() const noexcept;
  [[nodiscard]] const std::stop_token& stop() const noexcept { return settings_.stop; }
  /// Throws Paused. Waits as long as it is asked to.
  void pass();
  /// Only requests to stop: within a transaction that takes all, waiting would hold up others.
  void pass_quickly() const;
  /// After a batch: rests as the throttle asks.
  void rest(std::int64_t documents, std::chrono::milliseconds took);

 private:
  void look_at_control();

  Database db_;
  Settings settings_;
  const Clock& clock_;
  Lock& lock_;
  RunMonitor& monitor_;
  bool may_defer_ = false;
  Control control_;
  std::optional<std::chrono::milliseconds> looked_;  ///< at the control document
  RateLimit limit_;
};

/// The id of the control document of all runs of a database.
inline constexpr std::string_view run_control_id = "migrate:control";

}  // namespace quire::migrate
