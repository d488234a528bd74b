#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "quire/bson/view.hpp"
#include "quire/core/error_code.hpp"

namespace quire::store {

/// One operation that a store has done. On a server: one command, getMore and each retry included;
/// on the embedded store one call. Views live until the observer returns.
struct CommandEvent {
  std::string_view command;  ///< "find", "insert", "getMore" … as a server names it
  std::string_view database;
  std::string_view collection;  ///< empty for commands about none
  std::chrono::microseconds duration{0};
  bool ok = true;
  ErrorCode code{};         ///< of a failure
  int backend_code = 0;     ///< the server's number
  std::string_view error;   ///< of a failure: without values of documents and secrets
  std::string_view server;  ///< "host:port"; empty on the embedded store
  /// The filter and the order of a find, count, update, remove …: for index analysis. They hold
  /// users' values and do not belong in a log; slow logs show their shape.
  bson::View filter = {};
  bson::View sort = {};
};

/// A server of the deployment changed what it is.
struct ServerEvent {
  std::string_view server;  ///< "host:port"
  std::string_view before;  ///< "Unknown", "RSPrimary", "RSSecondary", "Standalone", "Mongos" …
  std::string_view after;
  std::string_view error;  ///< why it became Unknown
};

/// Is told what a store does, in the thread that does it: be quick, do not use the store.
class CommandObserver {
 public:
  virtual ~CommandObserver() = default;
  virtual void on_command(const CommandEvent&) noexcept {}
  virtual void on_server(const ServerEvent&) noexcept {}

 protected:
  CommandObserver() = default;
  CommandObserver(const CommandObserver&) = default;
  CommandObserver& operator=(const CommandObserver&) = default;
};

/// The observers of one store. Thread-safe; costs one atomic read while there are none.
class Observers {
 public:
  void add(std::shared_ptr<CommandObserver> observer);
  /// Once this returns the observer may still be in a call that began before.
  void remove(const CommandObserver* observer);
  [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_relaxed); }
  void tell(const CommandEvent& event) const noexcept;
  void tell(const ServerEvent& event) const noexcept;

 private:
  using List = std::vector<std::shared_ptr<CommandObserver>>;
  [[nodiscard]] std::shared_ptr<const List> list() const noexcept;
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_;
};

}  // namespace quire::store
