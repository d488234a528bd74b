#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "quire/bson/value.hpp"

/// The logical clock of a store: which write came before which, told in a cluster's times.
namespace quire::store::embedded {

/// A cluster's time as a number: 31 bits of increment below the seconds since 1970, so that times
/// order as numbers.
[[nodiscard]] bson::Timestamp to_timestamp(std::int64_t time) noexcept;
[[nodiscard]] std::int64_t to_log_time(bson::Timestamp time) noexcept;

/// Follows the machine's clock, whose microseconds are the increment, and never goes back. The
/// times that a change log has and those that clients were told elsewhere push it on. Thread-safe.
class ClusterClock {
 public:
  ClusterClock() noexcept;
  /// A new time, later than all before and than `floor`. For a write, taken by who holds the
  /// writer.
  std::int64_t tick(std::int64_t floor = 0) noexcept;
  /// The write of that time is in the file.
  void committed(std::int64_t time) noexcept;
  /// Of the last write that this process committed; before the first one, when the store was
  /// opened.
  [[nodiscard]] std::int64_t last_committed() const noexcept {
    return committed_.load(std::memory_order_acquire);
  }
  /// The present: no time that was given out is later.
  [[nodiscard]] std::int64_t now() noexcept;
  /// Somebody else's clock is that far.
  void advance(std::int64_t seen) noexcept;

 private:
  std::atomic<std::int64_t> last_{0};
  std::atomic<std::int64_t> committed_{0};
};

/// The times of one command, on the thread that runs it: what $$CLUSTER_TIME is there, and when
/// what it wrote was committed. From its making to its end.
class CommandTime {
 public:
  explicit CommandTime(ClusterClock& clock) noexcept;
  ~CommandTime();
  CommandTime(const CommandTime&) = delete;
  CommandTime& operator=(const CommandTime&) = delete;

  /// $$CLUSTER_TIME of the statement that this thread runs: one value until the command's next
  /// write. Nothing where no command with a cluster's time runs.
  [[nodiscard]] static std::optional<bson::Timestamp> current() noexcept;
  /// This thread wrote; `committed` when that is in the file by now.
  static void wrote(std::int64_t time, bool committed) noexcept;
  /// Of the command's last write that was committed; without one, of the last one before it began.
  [[nodiscard]] std::int64_t operation_time() const noexcept { return operation_; }
  [[nodiscard]] ClusterClock& clock() const noexcept { return clock_; }

 private:
  ClusterClock& clock_;
  CommandTime* outer_;
  std::int64_t operation_;
  std::int64_t now_;
};

}  // namespace quire::store::embedded
