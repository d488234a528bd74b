#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "quire/migrate/clock.hpp"

namespace quire::testing {

/// A clock that moves only when the test says so: leases run out and budgets are spent without
/// waiting.
///   quire::testing::FakeClock clock;
///   runner.clock(clock).budget(20s);
///   …
///   clock.advance(21s);
/// Who sleeps by it wakes when it was moved far enough, or when asked to stop. Thread-safe.
class FakeClock final : public migrate::Clock {
 public:
  [[nodiscard]] std::chrono::milliseconds now() const noexcept override;
  void sleep(std::chrono::milliseconds time, const std::stop_token& stop) const override;
  void advance(std::chrono::milliseconds time);
  /// How many sleep now: for tests that move it only when somebody waits.
  [[nodiscard]] int sleepers() const noexcept;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any moved_;
  mutable int sleepers_ = 0;
  std::chrono::milliseconds now_{1'000'000};
};

}  // namespace quire::testing
