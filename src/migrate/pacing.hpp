#pragma once

#include <mutex>

#include "migrate/support.hpp"
#include "quire/migrate/data_types.hpp"

namespace quire::migrate {

/// What a control document says. Kept in _quire_jobs.
struct Control {
  Desired desired = Desired::run;
  std::int64_t rate = 0;
  std::string reason;

  /// Empty unless it asks to stop.
  [[nodiscard]] std::string stop_reason() const;
  /// Why whoever is at work is to wait before the next batch, by this and the throttle; empty: it
  /// may go on.
  [[nodiscard]] std::string wait_reason(const Throttle& throttle) const;
};
[[nodiscard]] Control read_control(Database& db, std::string_view id);
/// Throws MigrationError invalid_migration for a rate below 0.
void write_control(const Database& db, std::string_view id, std::string_view job, Desired desired,
                   std::string_view reason, std::int64_t rate);

/// How long to rest after a batch. Thread-safe: the threads that share one share its rate.
class RateLimit {
 public:
  /// `rate`: documents a second, 0 = none. `nice`: rests so many times as long as a batch took.
  [[nodiscard]] std::chrono::milliseconds rest(std::int64_t documents,
                                               std::chrono::milliseconds took, std::int64_t rate,
                                               double nice);

 private:
  std::mutex mutex_;
  std::chrono::milliseconds next_free_{0};  ///< when the rate allows the next batch
};

}  // namespace quire::migrate
