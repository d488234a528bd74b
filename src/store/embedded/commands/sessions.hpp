#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "quire/store/store.hpp"
#include "store/embedded/commands/command_layer.hpp"
#include "store/embedded/commands/snapshots.hpp"

namespace quire::store::embedded::commands {

/// A session that commands name by lsid, and its transaction.
struct NamedSession {
  std::mutex mutex;  ///< held while a command runs on it
  std::unique_ptr<Session> session;
  std::int64_t transaction = -1;  ///< the highest txnNumber seen
  /// written: a retryable write of that number was done.
  enum class State { none, open, committed, aborted, written } state = State::none;
  std::optional<bson::Document> reply;  ///< of the write; nothing when it is too large to keep
  bool loaded = false;                  ///< what the file knows was read
  std::chrono::steady_clock::time_point begun;  ///< of the transaction
  std::chrono::steady_clock::time_point used = std::chrono::steady_clock::now();

  /// Rolls back what is open.
  void abort();
};

inline constexpr std::chrono::minutes session_lifetime{30};  ///< without use

/// Sessions by the bytes of their lsid. Thread-safe.
class SessionTable {
 public:
  explicit SessionTable(const CommandLayerOptions& options) : options_(options) {}
  [[nodiscard]] const CommandLayerOptions& options() const noexcept { return options_; }
  /// Throws 261 when there are too many.
  [[nodiscard]] std::shared_ptr<NamedSession> get(Store& store, const std::string& id);
  /// Forgets it; an open transaction is rolled back. No error when there is none.
  void end(const std::string& id);
  /// See CommandLayer::expire.
  void expire(std::chrono::milliseconds transaction);
  [[nodiscard]] std::size_t size() const;
  struct Listed {
    std::string id;
    std::chrono::steady_clock::time_point used;
  };
  /// Those with a transaction or a retryable write. The caller holds none of them.
  [[nodiscard]] std::vector<Listed> list() const;
  void clear();
  [[nodiscard]] SnapshotTable& snapshots() noexcept { return snapshots_; }

 private:
  const CommandLayerOptions options_;
  SnapshotTable snapshots_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<NamedSession>> sessions_;
};

/// The bytes of {id: UUID}. Throws 14, 40414, 40415 for what is no lsid.
[[nodiscard]] std::string session_key(bson::ValueView lsid);

/// A session taken for one command: locked, its transaction begun or found again as lsid,
/// txnNumber, autocommit and startTransaction say.
class SessionScope {
 public:
  /// Throws 72, 225, 251, 256 for what does not fit the session's state, 263 where `command` cannot
  /// be in a transaction, 50768 where it is no retryable write.
  SessionScope(SessionTable& table, Store& store, bson::View command, bool may_be_in_transaction,
               bool ends_transaction, bool may_be_sent_again);
  ~SessionScope();
  SessionScope(SessionScope&&) = delete;
  [[nodiscard]] Session* session() const noexcept;
  [[nodiscard]] NamedSession* named() const noexcept { return named_.get(); }
  [[nodiscard]] bool in_transaction() const noexcept { return in_transaction_; }
  /// The command is a retryable write that was done before: its reply. Throws 217 when that was not
  /// kept.
  [[nodiscard]] std::optional<bson::Document> answer_of_before() const;
  /// The command is a retryable write, in a transaction of its own until keep().
  [[nodiscard]] bool is_retryable_write() const noexcept { return retryable_; }
  /// Commits the write with its reply. Throws as commit_transaction.
  void keep(bson::View reply);
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  /// An error in a transaction ends it.
  void failed() noexcept;

 private:
  std::shared_ptr<NamedSession> named_;
  std::unique_lock<std::mutex> lock_;
  std::string key_;
  Store* store_ = nullptr;
  bool in_transaction_ = false;
  bool retryable_ = false;
  bool replay_ = false;
  bool threads_change_ = false;
};

}  // namespace quire::store::embedded::commands
