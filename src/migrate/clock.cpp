#include "quire/migrate/clock.hpp"

#include <condition_variable>
#include <mutex>

#include "migrate/support.hpp"

namespace quire::migrate {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::milliseconds now() const noexcept override { return boot_time(); }
  void sleep(std::chrono::milliseconds time, const std::stop_token& stop) const override {
    sleep_or_stop(time, stop);
  }
};

}  // namespace

const Clock& Clock::system() noexcept {
  static const SystemClock clock;
  return clock;
}

void sleep_or_stop(std::chrono::milliseconds time, const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock guard(mutex);
  (void)changed.wait_for(guard, token, time, [] { return false; });
}

}  // namespace quire::migrate
