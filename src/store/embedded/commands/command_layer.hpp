#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "quire/store/store.hpp"

namespace quire::store::embedded {

class ClusterClock;
namespace commands {
struct CommonArguments;
}

struct CommandLayerOptions {
  /// A session's commands come on any thread, and one thread runs those of many sessions: a writer
  /// held by a transaction is then waited for, whoever took it.
  bool threads_change = false;
  /// Answers as the one member of a replica set: replies tell operationTime and $clusterTime,
  /// $$CLUSTER_TIME is there, reads may have a snapshot, and writes that more members are to have
  /// are done and tell it in writeConcernError. Else as a single server, which refuses these.
  bool replica_set = false;
  std::size_t most_sessions = 1'000'000;  ///< with a transaction or a retryable write; error 261
};

/// Answers a server's commands (insert, find, getMore, …) on a store: reply shapes, field names and
/// error codes are MongoDB's. Holds the cursors that replies left open and the sessions that
/// commands named by `lsid`; drop it before the store it worked on. Thread-safe; two commands of
/// one session at a time throw StoreError transaction_state.
class CommandLayer {
 public:
  explicit CommandLayer(const CommandLayerOptions& options = {});
  ~CommandLayer();
  CommandLayer(const CommandLayer&) = delete;
  CommandLayer& operator=(const CommandLayer&) = delete;

  /// The reply of a command that succeeded; writeErrors stay inside it, as a server's do. `session`
  /// may be null: then a command's lsid names the session. Throws StoreError for one that failed,
  /// with the server's number in backend_code(): duplicate_key, namespace_not_found, …, else
  /// command_failed; unsupported, by name, for what this store does not do.
  [[nodiscard]] bson::Document run(Store& store, std::string_view database, bson::View command,
                                   Session* session);
  /// As run, but a failure is a reply too: {ok: 0.0, errmsg, code, codeName}.
  [[nodiscard]] bson::Document run_reply(Store& store, std::string_view database,
                                         bson::View command, Session* session);
  /// Aborts transactions that are open for longer than `transaction`, forgets sessions that nobody
  /// used for 30 minutes, closes cursors that nobody read for 10. Of one thread at a time.
  void expire(Store& store, std::chrono::milliseconds transaction);
  /// One that is being read at this moment is not counted.
  [[nodiscard]] bool has_cursor(std::int64_t id) const;
  [[nodiscard]] std::size_t cursor_count() const;
  /// Whether reading the cursor may wait for documents to come: a change stream, a tailable
  /// cursor with awaitData.
  [[nodiscard]] bool cursor_waits(std::int64_t id) const;
  /// Closes all cursors and ends all sessions.
  void clear();

 private:
  struct State;
  /// Null for a single server, which has none.
  [[nodiscard]] ClusterClock* clock_of(Store& store) const noexcept;
  [[nodiscard]] bson::Document execute(Store& store, std::string_view database, bson::View command,
                                       Session* session, commands::CommonArguments& begun);
  std::unique_ptr<State> state_;
};

}  // namespace quire::store::embedded
