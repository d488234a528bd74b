#include "quire/serve/server.hpp"

#include <arpa/inet.h>

#include <mutex>

#include "quire/core/error.hpp"
#include "serve/dispatcher.hpp"
#include "serve/network.hpp"

namespace quire::serve {
namespace {

/// Nothing for what is no IP address.
std::optional<bool> is_loopback(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24U) == 127;
  in6_addr six{};
  if (::inet_pton(AF_INET6, address.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six) != 0;
  return std::nullopt;
}

std::string read_only_uri(std::string_view path, bool read_only) {
  std::string uri(path);
  if (read_only) uri += (uri.find('?') == uri.npos ? "?" : "&") + std::string("read_only=true");
  return uri;
}

void check_options(store::Store& store, const Options& options) {
  const auto refuse = [](const std::string& text) {
    throw Error(ErrorCode::invalid_argument, text);
  };
  if (store.kind() != "embedded")
    throw StoreError(
        ErrorCode::unsupported,
        "only embedded stores are served, not one of the kind " + std::string(store.kind()));
  const auto loopback = is_loopback(options.address);
  if (!loopback) refuse("'" + options.address + "' is no IP address to listen on");
  if (!*loopback && options.users_file.empty())
    refuse("without users the server listens on loopback only, not on " + options.address +
           "; give a file of users");
  if (options.read_only && store.health(std::chrono::seconds(1)).writable)
    refuse("a read-only server needs a store that is open read-only: read_only=true in its URI");
  const auto& limits = options.limits;
  if (limits.connections == 0 || limits.workers == 0 || limits.watchers == 0 ||
      limits.wait.count() <= 0 || limits.message_bytes < 1024 ||
      limits.message_bytes > 48'000'000 || limits.message_bytes_before_login < 1024 ||
      limits.idle.count() <= 0 || limits.read.count() <= 0 || limits.write.count() <= 0 ||
      limits.transaction.count() <= 0)
    refuse("a limit is zero or out of range; message sizes are from 1024 to 48000000 bytes");
  if (options.replica_set.find_first_of("/?&@ ") != std::string::npos)
    refuse("'" + options.replica_set + "' is no name of a replica set");
}

}  // namespace

struct Server::State {
  State(std::shared_ptr<store::Store> given, Options chosen)
      : store(std::move(given)), options(std::move(chosen)) {
    check_options(*store, options);
    dispatcher.emplace(*store, options);
  }

  std::shared_ptr<store::Store> store;
  Options options;
  std::optional<Dispatcher> dispatcher;
  mutable std::mutex mutex;  // of all below
  std::unique_ptr<Network> network;
  std::uint16_t port = 0;
  bool stopped = false;
  Statistics last;
};

Server::Server(std::shared_ptr<store::Store> store, Options options)
    : state_(std::make_unique<State>(std::move(store), std::move(options))) {}

Server::Server(std::string_view path, Options options) {
  auto store = store::open(read_only_uri(path, options.read_only));
  state_ = std::make_unique<State>(std::move(store), std::move(options));
}

Server::~Server() { stop(); }

void Server::start() {
  const std::lock_guard lock(state_->mutex);
  if (state_->network || state_->stopped)
    throw Error(ErrorCode::invalid_argument, "a server is started once");
  state_->network = std::make_unique<Network>(state_->options, *state_->dispatcher);
  state_->port = state_->network->port();
}

void Server::stop() {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopped) return;
  state_->stopped = true;
  if (state_->network) {
    state_->network->stop();
    state_->last = state_->network->statistics();
    state_->network.reset();
  }
  state_->dispatcher->clear();
}

std::uint16_t Server::port() const noexcept {
  const std::lock_guard lock(state_->mutex);
  return state_->port;
}

std::string Server::connection_string() const {
  const auto& options = state_->options;
  const bool six = options.address.find(':') != std::string::npos;
  const std::string host = six ? "[" + options.address + "]" : options.address;
  return "mongodb://" + host + ":" + std::to_string(port()) + "/" +
         (options.replica_set.empty() ? "" : "?replicaSet=" + options.replica_set);
}

store::Store& Server::store() const noexcept { return *state_->store; }

Statistics Server::statistics() const {
  const std::lock_guard lock(state_->mutex);
  return state_->network ? state_->network->statistics() : state_->last;
}

}  // namespace quire::serve
