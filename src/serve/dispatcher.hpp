#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quire/serve/server.hpp"
#include "serve/scram.hpp"
#include "serve/wire.hpp"
#include "store/embedded/commands/command_layer.hpp"

namespace quire::serve {

/// Which threads a command runs on. Those that may wait, for the writer or for changes, never keep
/// back those that read, nor those that would free the writer.
enum class Lane { read, write, transaction, wait };

/// What the server knows of one connection. Used by one thread at a time.
struct Client {
  std::uint64_t id = 0;
  std::string remote;  ///< "127.0.0.1:50000"
  std::string local;   ///< "127.0.0.1:27017", by which the client reached us

  std::optional<ScramExchange> exchange;  ///< a login that is under way
  enum class Login { none, begun, proven } login = Login::none;
  bool skip_empty_exchange = false;
  std::optional<User> user;  ///< who has logged in; without credentials
  std::size_t login_failures = 0;
  std::vector<std::int64_t> cursors;  ///< that it opened; some may be closed already
  bool close = false;                 ///< after the reply
};

/// Answers requests of all connections of one server: the handshake and logins here, the rest by
/// the embedded store's commands. Thread-safe, for one request of each client at a time.
class Dispatcher {
 public:
  /// `options` and `store` outlive it. Reads the users' file.
  Dispatcher(store::Store& store, const Options& options);

  [[nodiscard]] Lane lane(const wire::Request& request) const;
  /// The reply, failures included. Never throws but std::bad_alloc.
  [[nodiscard]] bson::Document answer(Client& client, const wire::Request& request);

  /// How long a message of this client may be.
  [[nodiscard]] std::size_t message_bytes(const Client& client) const noexcept;
  /// Aborts transactions that are open for too long, closes cursors that nobody reads.
  void expire();
  /// Closes all cursors, rolls open transactions back.
  void clear() { commands_.clear(); }

  // What serverStatus tells of connections.
  std::atomic<std::size_t> connections{0};
  std::atomic<std::uint64_t> connections_made{0};
  std::atomic<std::uint64_t> commands_run{0};

 private:
  /// Whether a getMore reads a cursor that waits for changes.
  [[nodiscard]] bool waits(const wire::Request& request) const;
  [[nodiscard]] bson::Document wait(const wire::Request& request);
  [[nodiscard]] bson::Document run(Client& client, const wire::Request& request);
  [[nodiscard]] bson::Document hello(Client& client, const wire::Request& request);
  [[nodiscard]] bson::Document server_status(const wire::Request& request);
  [[nodiscard]] bson::Document sasl_start(Client& client, std::string_view database,
                                          bson::View command);
  [[nodiscard]] bson::Document sasl_continue(Client& client, bson::View command);
  [[nodiscard]] bson::Document login_failed(Client& client);
  /// Nothing when the client may open another cursor, else the error.
  [[nodiscard]] std::optional<bson::Document> no_more_cursors(Client& client);
  void log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  store::Store& store_;
  const Options& options_;
  std::optional<UserTable> users_;
  store::embedded::CommandLayer commands_;
};

}  // namespace quire::serve
