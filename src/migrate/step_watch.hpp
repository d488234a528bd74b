#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "migrate/support.hpp"
#include "quire/migrate/runner.hpp"
#include "quire/migrate/step.hpp"

namespace quire::migrate {

/// Tells the events of a run, one at a time. Thread-safe.
class EventTeller {
 public:
  explicit EventTeller(const std::function<void(const MigrationEvent&)>& sink) : sink_(sink) {}
  [[nodiscard]] bool is_heard() const noexcept { return static_cast<bool>(sink_); }
  void operator()(const MigrationEvent& event) const;

 private:
  const std::function<void(const MigrationEvent&)>& sink_;
  mutable std::mutex mutex_;
};

/// Tells when a step, or one operation of it, works for long, also while it still does: then by a
/// thread of its own, since the one of the run waits for the store. An operation is a batch, or a
/// step that tells nothing before its end. Told at the limit and then each time that it has taken
/// twice as long, so that a step of hours is told a dozen times.
class StepWatch {
 public:
  /// `limit` 0: tells nothing. What it is given must outlive it.
  StepWatch(Database db, const Clock& clock, std::chrono::milliseconds limit,
            const EventTeller& teller)
      : db_(std::move(db)), clock_(clock), limit_(limit), teller_(teller) {}

  struct StepAt {
    std::string migration;
    int number = 0;
    bool by_batches = false;
    bool one_transaction = false;  ///< that takes all of the migration
    int batch_documents = 0;
  };
  /// Watches until stop().
  void start();
  void stop() noexcept;
  void begin(const detail::StepData& step, StepAt at);
  /// An operation begins, and ends with so many documents of the step done.
  void works();
  void rests(std::int64_t done, std::int64_t total);
  void end();
  /// What was told of steps, once each: for the report.
  [[nodiscard]] std::vector<std::string> take_warnings();

 private:
  using Milliseconds = std::chrono::milliseconds;
  enum class Kind { fields, rows, catalog, code };
  /// Tells what is to be told now.
  void look();
  [[nodiscard]] bool is_due() const;
  /// What would help. `operation`: it is one that takes long, not all of them together.
  [[nodiscard]] std::string advice(bool operation) const;
  void run(const std::stop_token& stop);

  Database db_;
  const Clock& clock_;
  Milliseconds limit_;
  const EventTeller& teller_;

  std::mutex mutex_;
  std::optional<StepAt> at_;
  Kind kind_ = Kind::fields;
  std::string op_, collection_;
  bson::Document filter_;
  std::optional<bool> unindexed_;      ///< nothing: nobody looked yet
  std::optional<Milliseconds> since_;  ///< of the operation at hand
  Milliseconds worked_{0};             ///< before it
  Milliseconds next_operation_{0}, next_step_{0};
  std::int64_t done_ = 0, total_ = 0;
  std::string warning_;
  std::vector<std::string> warnings_;
  std::jthread thread_;
};

}  // namespace quire::migrate
