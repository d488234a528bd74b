#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "migrate/support.hpp"

namespace quire::migrate {

/// The one lock of a database: the document {_id: "migrate", token, beat, holder, lease_ms, …} of
/// _quire_lock, changed by compare-and-set alone. It is never deleted, so `token` only grows: it is
/// the fence that every write of a run carries. No clocks are compared: a waiter takes over when
/// token and beat stood still for 1.25 leases on its own clock, or at once from a process of the
/// same machine that is gone.
class Lock {
 public:
  Lock(Database db, std::chrono::milliseconds lease, std::string application);
  ~Lock();  // releases, without throwing
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  /// One attempt. False: another process has it. Throws StoreError.
  bool try_take();
  /// Attempts until it has it, `limit` passed or stop is asked for. False: neither.
  bool wait(std::chrono::milliseconds limit, const std::stop_token& stop,
            FunctionRef<void()> waiting);
  /// Throws MigrationError lock_lost unless the lock is surely still ours. Within a transaction,
  /// give its session: the document is then read there.
  void check(store::Session* session = nullptr);
  void release() noexcept;

  /// Tells others the session of the run's transactions; empty: none.
  void tell_session(bson::Document id) { session_id_ = std::move(id); }
  /// What could not be done about transactions that the process before left open; empty: nothing
  /// was left to do.
  [[nodiscard]] const std::string& undrained() const noexcept { return undrained_; }

  [[nodiscard]] std::int64_t token() const noexcept { return token_; }
  [[nodiscard]] bool took_over() const noexcept { return took_over_; }

 private:
  [[nodiscard]] bson::Document mine() const;
  bool take(bson::View filter, bool upsert);
  void raise_above_history();
  void drain(bson::View before);
  bool beat(store::Session* own_session = nullptr);
  void start_heartbeat();

  Database db_;
  std::chrono::milliseconds lease_;
  std::string application_;
  bson::Value holder_;
  bson::Document session_id_;
  std::string undrained_;
  std::unique_ptr<store::Session> beats_;  ///< a connection that nothing else waits for
  std::int64_t token_ = 0;
  bool held_ = false;
  bool took_over_ = false;
  StandStill holder_stands_still_;  ///< as a waiter sees it

  std::atomic<std::int64_t> acknowledged_{0};  // boot time at which the last good beat was sent
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread heartbeat_;
};

}  // namespace quire::migrate
