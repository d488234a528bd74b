#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "migrate/data/job_book.hpp"

namespace quire::migrate::data {

/// Processes of a job that gave no sign of life for 1.25 of their leases by this machine's clock,
/// or are known to be gone, as one worker sees them.
class DeadRuns {
 public:
  DeadRuns(Database db, std::string job, std::string mine)
      : db_(std::move(db)), job_(std::move(job)), mine_(std::move(mine)) {}

  /// Its document; nothing: it ended, or somebody removed it.
  [[nodiscard]] std::optional<bson::Document> find(std::string_view run);
  [[nodiscard]] bool is_dead(bson::View presence);
  /// Ends at the server what its workers left open, and what it runs for them: transactions at
  /// once, other operations after a second. One that lives after all does its batch again.
  void end_sessions_of(bson::View presence);
  /// Of all that are dead, once each.
  void end_all_sessions();
  /// Removes the documents of dead ones, which removed nothing themselves: of a job that is done.
  void forget();
  [[nodiscard]] const std::string& undrained() const noexcept { return undrained_; }
  /// Operations that were waited for or ended.
  [[nodiscard]] const std::vector<std::string>& drained() const noexcept { return drained_; }

 private:
  [[nodiscard]] std::vector<bson::Document> all_dead();

  Database db_;
  std::string job_;
  std::string mine_;
  std::string undrained_;
  std::vector<std::string> drained_;
  std::map<std::string, StandStill, std::less<>> seen_;     ///< by the _id of their documents
  std::map<std::string, std::int64_t, std::less<>> ended_;  ///< … their beats then
};

/// Says every third of a lease that this process is alive, in a document of its own, which names
/// the sessions of its transactions. As often, and at first, it ends at the server what dead
/// processes of the job left open: whatever this one writes may have to wait for that.
class Presence {
 public:
  /// `workers`: how many sessions; 0 where the job has no transactions. Each takes a connection.
  Presence(Database db, std::string job, std::chrono::milliseconds lease, int workers);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  [[nodiscard]] const std::string& run() const noexcept { return run_; }
  /// Of the worker of that number, counted from 0.
  [[nodiscard]] Transactions& of_worker(int number);
  /// Called by the thread that beats, about every 100 ms.
  void start(std::function<void()> tick = [] {});
  /// What could not be ended, as end_sessions() tells it; empty: nothing.
  [[nodiscard]] std::string undrained();
  [[nodiscard]] std::vector<std::string> drained();

 private:
  void beat();
  void end_dead();
  void loop(const std::function<void()>& tick);

  Database db_;
  std::string job_;
  std::chrono::milliseconds lease_;
  std::string run_;
  std::string id_;
  std::vector<Transactions> sessions_;
  Transactions none_;
  DeadRuns dead_;  ///< of the thread that beats
  std::string undrained_;
  std::vector<std::string> drained_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace quire::migrate::data
