#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "quire/store/store.hpp"

/// MongoDB's wire protocol over an embedded file: drivers, mongosh and other tools open it as they
/// open a server.
namespace quire::serve {

/// What one door holds at most. Each limit ends what goes beyond it with an error of the server's
/// or by closing the connection; none can be turned off.
struct Limits {
  std::size_t connections = 256;           ///< one more is closed at once
  std::size_t message_bytes = 48'000'000;  ///< of one message; a longer one closes the connection
  std::size_t message_bytes_before_login = 65'536;  ///< the same where users are asked for
  std::size_t workers = 8;                          ///< threads that run commands which read
  std::size_t watchers = 32;                        ///< threads on which cursors wait for changes
  std::size_t cursors = 400;                        ///< open at once; one more is error 365
  std::size_t cursors_of_connection = 100;          ///< those that one connection opened
  std::size_t sessions = 10'000;                    ///< with a transaction or retryable write; 261
  std::size_t login_failures = 5;                   ///< then the connection is closed
  std::chrono::milliseconds idle{1'800'000};        ///< between two messages of a connection
  std::chrono::milliseconds read{30'000};           ///< from a message's first byte to its last
  std::chrono::milliseconds write{30'000};          ///< until a reply is taken
  std::chrono::milliseconds wait{1'000};  ///< for changes, of one getMore; clients ask again
  std::chrono::milliseconds transaction{60'000};  ///< then it is aborted, as a server does
  std::chrono::milliseconds stop{10'000};         ///< that stop() waits for commands which run
};

struct Options {
  /// Where to listen: an IP address. Without `users_file` it must be one of loopback.
  std::string address = "127.0.0.1";
  std::uint16_t port = 27017;  ///< 0 = any that is free, see Server::port()
  /// Answers writes with error 20. The store must be open read-only (a path is opened so).
  bool read_only = false;
  /// The name of the replica set of one member that drivers see; they offer transactions, change
  /// streams and retryable writes on nothing less. Empty: a standalone server.
  std::string replica_set = "quire";
  /// "host:port" by which clients reach this member; empty: the address that each connected to.
  std::string advertise = {};
  /// Users with SCRAM-SHA-256 credentials (quire/serve/users.hpp); empty: everybody on loopback.
  std::string users_file = {};
  Limits limits = {};
  /// Told of connections refused and closed for a reason, of failed logins: one line without
  /// secrets, from the server's own threads. Must not throw.
  std::function<void(std::string_view line)> log = {};
};

/// Numbers since start().
struct Statistics {
  std::size_t connections = 0;  ///< open now
  std::uint64_t connections_made = 0;
  std::uint64_t connections_refused = 0;  ///< beyond the limit
  std::uint64_t commands = 0;
  std::uint64_t protocol_errors = 0;  ///< connections closed for what they sent
};

/// A server in this process over one embedded store. Thread-safe; not copied.
class Server {
 public:
  /// Serves a store that is open; the program may go on using it meanwhile.
  /// Throws StoreError unsupported for a store of another kind, invalid_argument for options that
  /// contradict each other: an address beyond loopback without users, read_only with a store that
  /// can be written.
  explicit Server(std::shared_ptr<store::Store> store, Options options = {});
  /// Opens a file ("[quire:]PATH[?name=value&…]") and serves it; made when absent, unless
  /// read_only. Throws as store::open, and as above.
  explicit Server(std::string_view path, Options options = {});
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens. Throws StoreError io_error when the address cannot be had, and Error
  /// transaction_state… never twice: a stopped server is not started again (invalid_argument).
  void start();
  /// Takes no more connections, lets commands that run finish (Limits::stop), closes cursors, rolls
  /// open transactions back. Does nothing the second time.
  void stop();

  /// The port that it listens on; 0 before start().
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// "mongodb://127.0.0.1:27017/?replicaSet=quire"; without user and password.
  [[nodiscard]] std::string connection_string() const;
  [[nodiscard]] store::Store& store() const noexcept;
  [[nodiscard]] Statistics statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quire::serve
