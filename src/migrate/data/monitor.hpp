#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <string>

#include "migrate/data/chunks.hpp"

namespace quire::migrate::data {

using Milliseconds = std::chrono::milliseconds;

/// Size of the next batch: it grows by steps while batches take less time than wanted, and halves
/// when one takes more. One a worker.
class BatchSize {
 public:
  BatchSize(std::int64_t most, Milliseconds time)
      : most_(most), time_(time), size_(std::min<std::int64_t>(most, 200)) {}
  [[nodiscard]] std::int64_t documents() const noexcept { return size_; }
  void took(Milliseconds time, std::int64_t documents) noexcept;

 private:
  std::int64_t most_;
  Milliseconds time_;
  std::int64_t size_;
};

/// Rate and time left, from how many documents were done at which times. Not thread-safe.
class Meter {
 public:
  explicit Meter(Milliseconds stall) : stall_(stall) {}
  /// A new phase begins with nothing done.
  void begin(Milliseconds now);
  void at(Milliseconds now, std::int64_t done);
  /// Waiting on request is no stall: its time begins anew.
  void excuse(Milliseconds now) noexcept { last_change_ = now; }
  void fill(DataProgress& progress, Milliseconds now) const;

 private:
  struct Point {
    Milliseconds time;
    std::int64_t done;
  };
  Milliseconds stall_;
  std::deque<Point> points_;
  Milliseconds last_change_{0};
};

}  // namespace quire::migrate::data

namespace quire::migrate::detail {

/// How far a run is, shared by its workers, the thread that beats, and health().
class DataMonitor {
 public:
  DataMonitor() : meter_(std::chrono::seconds(30)) {}

  void begin(std::string job, JobState state, std::int64_t done, std::int64_t total, bool exact,
             std::chrono::milliseconds stall);
  void phase(JobState state, std::int64_t done, std::int64_t total, bool exact);
  /// Documents that this process did, and put aside.
  void add(std::int64_t documents, std::int64_t rejected);
  /// What all processes did, as the partitions say.
  void all(std::int64_t done, std::int64_t rejected);
  void waits(std::string reason);
  void ended(JobState state, std::string reason);
  [[nodiscard]] DataProgress progress() const;
  [[nodiscard]] std::string health() const;

 private:
  mutable std::mutex mutex_;
  data::Meter meter_;
  DataProgress now_;
  std::int64_t own_done_ = 0;  ///< with what was done before this process began
  std::int64_t own_rejected_ = 0;
  std::chrono::milliseconds start_{0};
  bool running_ = false;
};

}  // namespace quire::migrate::detail

namespace quire::migrate::data {

using detail::DataMonitor;

/// Why the workers of a run stop.
enum class StopCause { none, asked, rejects, mismatch, failed };

/// What each worker passes before a batch: the control document, the stop token, the throttle.
class Gate {
 public:
  Gate(JobBook& book, const DataOptions& options, DataMonitor& monitor)
      : book_(book), options_(options), monitor_(monitor) {}

  /// Waits as long as it is asked to. False: stop.
  [[nodiscard]] bool pass();
  /// After a batch: rests as rate and nice ratio ask.
  void rest(std::int64_t documents, Milliseconds took);
  void stop(StopCause cause, std::string reason, std::optional<Error> error = std::nullopt);
  [[nodiscard]] StopCause cause() const noexcept { return cause_; }
  [[nodiscard]] std::string reason() const;
  [[nodiscard]] std::optional<Error> error() const;

 private:
  [[nodiscard]] bool stopped();
  void wait(Milliseconds time);

  JobBook& book_;
  const DataOptions& options_;
  DataMonitor& monitor_;
  std::atomic<StopCause> cause_{StopCause::none};
  mutable std::mutex mutex_;
  std::string reason_;
  std::optional<Error> error_;
  std::atomic<std::int64_t> rate_{0};
  RateLimit limit_;
};

}  // namespace quire::migrate::data
