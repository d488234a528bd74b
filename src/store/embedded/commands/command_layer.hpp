#pragma once

#include <memory>
#include <string_view>

#include "quire/store/store.hpp"

namespace quire::store::embedded {

/// Answers a server's commands (insert, find, getMore, …) on a store: reply shapes, field names and
/// error codes are MongoDB's. Holds the cursors that replies left open and the sessions that
/// commands named by `lsid`; drop it before the store it worked on. Thread-safe; two commands of
/// one session at a time throw StoreError transaction_state.
class CommandLayer {
 public:
  CommandLayer();
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
  /// Closes all cursors and ends all sessions.
  void clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quire::store::embedded
