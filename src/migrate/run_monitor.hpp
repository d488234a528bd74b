#pragma once

#include <mutex>

#include "migrate/data/monitor.hpp"
#include "quire/migrate/background.hpp"

namespace quire::migrate {

/// What a runner and its background run are doing, for health(), for those who wait and for the
/// beats of the lock. Thread-safe.
class RunMonitor {
 public:
  void is(RunState state, std::string reason = {});
  /// Waits within a run that goes on afterwards; empty: goes on.
  void waits(std::string reason);
  /// run() ended: whether the program may serve, and what is left for the background.
  void ended(bool ok, std::vector<std::string> left);
  /// `total` < 0: a step that tells nothing before its end.
  void step(std::string_view migration, int step, int steps, std::int64_t total);
  void done(std::int64_t documents);
  void no_step();
  [[nodiscard]] MigrationHealth health() const;
  /// For the lock's document.
  [[nodiscard]] bson::Document progress() const;

 private:
  void fill(MigrationProgress& progress, std::chrono::milliseconds now) const;

  mutable std::mutex mutex_;
  data::Meter meter_{std::chrono::minutes(1)};
  bool meters_ = false;  ///< the step tells of each batch
  bool failed_ = false;
  MigrationHealth now_;
};

}  // namespace quire::migrate
