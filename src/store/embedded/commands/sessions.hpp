#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "quire/store/store.hpp"

namespace quire::store::embedded::commands {

/// A session that commands name by lsid, and its transaction.
struct NamedSession {
  std::mutex mutex;  ///< held while a command runs on it
  std::unique_ptr<Session> session;
  std::int64_t transaction = -1;  ///< the highest txnNumber seen
  enum class State { none, open, committed, aborted } state = State::none;

  /// Rolls back what is open.
  void abort();
};

/// Sessions by the bytes of their lsid. Thread-safe.
class SessionTable {
 public:
  [[nodiscard]] std::shared_ptr<NamedSession> get(Store& store, const std::string& id);
  /// Forgets it; an open transaction is rolled back. No error when there is none.
  void end(const std::string& id);
  void clear();

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<NamedSession>> sessions_;
};

/// The bytes of {id: UUID}. Throws 14, 40414, 40415 for what is no lsid.
[[nodiscard]] std::string session_key(bson::ValueView lsid);

/// A session taken for one command: locked, its transaction begun or found again as lsid,
/// txnNumber, autocommit and startTransaction say.
class SessionScope {
 public:
  /// Throws 72, 225, 251, 256 for what does not fit the session's state, 263 where `command` cannot
  /// be in a transaction.
  SessionScope(SessionTable& table, Store& store, bson::View command, bool may_be_in_transaction,
               bool ends_transaction);
  [[nodiscard]] Session* session() const noexcept;
  [[nodiscard]] NamedSession* named() const noexcept { return named_.get(); }
  [[nodiscard]] bool in_transaction() const noexcept { return in_transaction_; }
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  /// An error in a transaction ends it.
  void failed() noexcept;

 private:
  std::shared_ptr<NamedSession> named_;
  std::unique_lock<std::mutex> lock_;
  std::string key_;
  bool in_transaction_ = false;
};

}  // namespace quire::store::embedded::commands
