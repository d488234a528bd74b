#include "quire/testing/fake_clock.hpp"

namespace quire::testing {

std::chrono::milliseconds FakeClock::now() const noexcept {
  const std::lock_guard guard(mutex_);
  return now_;
}

void FakeClock::sleep(std::chrono::milliseconds time, const std::stop_token& stop) const {
  std::unique_lock guard(mutex_);
  const auto end = now_ + time;
  ++sleepers_;
  (void)moved_.wait(guard, stop, [&] { return now_ >= end; });
  --sleepers_;
}

void FakeClock::advance(std::chrono::milliseconds time) {
  {
    const std::lock_guard guard(mutex_);
    now_ += time;
  }
  moved_.notify_all();
}

int FakeClock::sleepers() const noexcept {
  const std::lock_guard guard(mutex_);
  return sleepers_;
}

}  // namespace quire::testing
