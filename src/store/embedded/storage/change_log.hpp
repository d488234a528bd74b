#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/cluster_clock.hpp"
#include "store/embedded/storage/change_token.hpp"
#include "store/embedded/storage/connection.hpp"

/// The log of changes in a file: one entry an event, written in the transaction of the change
/// itself (docs/formats/change-log.md).
namespace quire::store::embedded {

/// The format of a file that has, or had, a log: programs that know none would leave changes out.
inline constexpr std::int64_t format_with_changes = 2;

/// Who runs the transaction that events tell of.
struct ChangeSession {
  bson::Document lsid;  ///< made at the first event where a command named none
  std::int64_t number = 0;
};

/// What the file says about its log.
struct LogState {
  LogId id{};
  bool active = false;
  bool kept = false;            ///< changes=on: stays on also when nobody watches
  std::int64_t floor = 0;       ///< entries up to this one are gone
  std::int64_t floor_time = 0;  ///< the time of that one
  std::int64_t asked = 0;       ///< when somebody watched last; ms since 1970
  std::int64_t last = 0;        ///< the newest entry, or the floor
  std::int64_t last_time = 0;
};

struct LoggedChange {
  std::int64_t sequence = 0;
  std::int64_t time = 0;  ///< as to_timestamp reads it
  std::int64_t wall = 0;  ///< ms since 1970
  bson::Document body;
};

/// Nothing for a file that never had a log. Reads in the transaction that is open.
[[nodiscard]] std::optional<LogState> read_log_state(Connection& connection);
/// Entries behind `sequence` in their order: up to `most`, and until they have about a MiB. Throws
/// StoreError corrupt.
[[nodiscard]] std::vector<LoggedChange> read_changes(Connection& connection, std::int64_t sequence,
                                                     std::size_t most);
/// The checksum of an entry.
[[nodiscard]] std::uint32_t change_sum(std::int64_t sequence, std::int64_t time, std::int64_t wall,
                                       std::string_view body);

// In a write transaction; the caller reloads the catalog when `true` comes back.

/// Switches the log on, and notes that somebody asks for it.
[[nodiscard]] bool activate_log(Connection& connection, bool keep);
/// Forgets all entries, and logs no more.
[[nodiscard]] bool deactivate_log(Connection& connection);
/// A copy of the file goes its own way: tokens of the original mean nothing in it.
void separate_log(Connection& connection);

/// The writer's side of an open file. All but wait and wake are called by who holds the writer.
class ChangeLog {
 public:
  ChangeLog(const Options& options, ClusterClock& clock) : options_(options), clock_(clock) {}

  /// A write transaction begins; `session` when it is one of a session.
  void begin(ChangeSession* session) noexcept {
    session_ = session;
    first_ = 0;
  }
  /// Writes an entry: {operationType, ns, …}. Costs nothing unless is_on.
  void append(Connection& connection, bson::View body);
  /// lsid and txnNumber of an entry in a session's transaction.
  void append_session(bson::Writer& body);
  /// In front of the commit: forgets entries beyond the limits now and then.
  void before_commit(Connection& connection) {
    if (first_ != 0) finish(connection);
  }
  /// Behind it: what was written has the time of its events, or a new one; those that wait for an
  /// event look again.
  void committed() noexcept;

  /// Counts commits with events in this process.
  [[nodiscard]] std::uint64_t commits() const noexcept {
    return commits_.load(std::memory_order_acquire);
  }
  /// Until commits() is another than `seen`, or the time is over.
  void wait(std::uint64_t seen, std::chrono::steady_clock::duration most);
  void wake() noexcept;

 private:
  void finish(Connection& connection);
  void prune(Connection& connection);

  const Options& options_;
  ClusterClock& clock_;
  ChangeSession* session_ = nullptr;
  std::int64_t first_ = 0;  // entry of the transaction; 0 = none yet
  std::int64_t last_ = 0;
  std::int64_t time_ = 0;
  std::int64_t total_ = 0;    // bytes of all entries ever
  unsigned until_prune_ = 1;  // entries
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::uint64_t> commits_{0};
};

}  // namespace quire::store::embedded
