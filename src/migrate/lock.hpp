#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "migrate/operations_left.hpp"
#include "migrate/support.hpp"
#include "quire/migrate/clock.hpp"

namespace quire::migrate {

/// The one lock of a database: the document {_id: "migrate", token, beat, holder, lease_ms, …} of
/// _quire_lock, changed by compare-and-set alone. It is never deleted, so `token` only grows: it is
/// the fence that every write of a run carries. No clocks are compared: a waiter takes over when
/// token and beat stood still for 1.25 leases on its own clock, or at once from a process of the
/// same machine that is gone.
class Lock {
 public:
  Lock(Database db, std::chrono::milliseconds lease, std::string application,
       const Clock& clock = Clock::system());
  ~Lock();  // releases, without throwing
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  /// One attempt. False: another process has it. Throws StoreError.
  bool try_take();
  /// Attempts until it has it, `limit` passed or stop is asked for. False: neither.
  /// `waiting` is given the lock's document, or an empty one, after each attempt. `urgent`: asks a
  /// holder that can wait to let it go.
  bool wait(std::chrono::milliseconds limit, const std::stop_token& stop, bool urgent,
            FunctionRef<void(bson::View)> waiting);
  /// Throws MigrationError lock_lost unless the lock is surely still ours. Within a transaction,
  /// give its session: the document is then read there.
  void check(store::Session* session = nullptr);
  void release() noexcept;
  /// Somebody who cannot wait has asked for it. Seen with the next beat.
  [[nodiscard]] bool is_wanted() const noexcept { return wanted_; }
  /// What each beat tells others of the run; called in the heartbeat's thread. Before it is taken.
  void tell_progress(std::function<bson::Document()> progress) { progress_ = std::move(progress); }

  /// Tells others the session of the run's transactions; empty: none.
  void tell_session(bson::Document id) { session_id_ = std::move(id); }
  /// How long what a dead process left running at the server is waited for before it is ended.
  void drain_wait(std::chrono::milliseconds time) { drain_wait_ = time; }
  /// What became of that, when the lock was taken.
  [[nodiscard]] const std::vector<std::string>& drained() const noexcept { return drained_; }
  /// What could not be done about it, and about transactions that were left open.
  [[nodiscard]] const std::vector<std::string>& undrained() const noexcept { return undrained_; }

  [[nodiscard]] std::int64_t token() const noexcept { return token_; }
  [[nodiscard]] bool took_over() const noexcept { return took_over_; }

 private:
  [[nodiscard]] bson::Document mine() const;
  bool take(bson::View filter, bool upsert, bson::View before);
  void raise_above_history();
  void drain(const std::vector<bson::Document>& open, bool is_marked);
  void ask_for();
  bool beat(store::Session* own_session = nullptr);
  void start_heartbeat();

  Database db_;
  std::chrono::milliseconds lease_;
  std::string application_;
  const Clock& clock_;
  bson::Value holder_;
  bson::Document session_id_;
  std::chrono::milliseconds drain_wait_ = default_drain_wait;
  std::vector<std::string> drained_;
  std::vector<std::string> undrained_;
  std::unique_ptr<store::Session> beats_;  ///< a connection that nothing else waits for
  std::int64_t token_ = 0;
  bool held_ = false;
  bool took_over_ = false;
  StandStill holder_stands_still_;  ///< as a waiter sees it

  std::function<bson::Document()> progress_;

  std::atomic<std::int64_t> acknowledged_{0};  // by the clock, when the last good beat was sent
  std::atomic<bool> lost_{false};
  std::atomic<bool> wanted_{false};
  std::jthread heartbeat_;
};

/// "process 12 on host (app)", and how far it is where the lock's document says so.
[[nodiscard]] std::string holder_of(bson::View lock);

}  // namespace quire::migrate
