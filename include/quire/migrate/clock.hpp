#pragma once

#include <chrono>
#include <stop_token>

namespace quire::migrate {

/// The time by which leases, waits and budgets are measured. Wall clocks are not looked at. Tests
/// give a runner one that they move by hand: quire::testing::FakeClock.
class Clock {
 public:
  virtual ~Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  /// Never goes back.
  [[nodiscard]] virtual std::chrono::milliseconds now() const noexcept = 0;
  /// Returns after `time`, or earlier when a stop is asked for.
  virtual void sleep(std::chrono::milliseconds time, const std::stop_token& stop) const = 0;

  /// Time since boot, which goes on while the machine sleeps. Thread-safe, as all clocks have to
  /// be.
  [[nodiscard]] static const Clock& system() noexcept;

 protected:
  Clock() = default;
};

}  // namespace quire::migrate
