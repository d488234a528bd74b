// The one translation unit that sees Boost.Asio.
#include "serve/network.hpp"

#include <atomic>
#include <boost/asio.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "serve/replies.hpp"

namespace quire::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t first_chunk = 16'384;
constexpr std::size_t largest_chunk = 1'048'576;
constexpr std::size_t kept_capacity = 1'048'576;
constexpr std::size_t parsed_at_once = 65'536;  // bytes; larger messages are parsed by a worker
constexpr std::size_t writers = 8;
constexpr std::size_t finishers = 2;  // threads for commands of open transactions

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const bool six = endpoint.address().is_v6();
  return (six ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

}  // namespace

class Connection;

struct Network::Core {
  Core(const Options& given, Dispatcher& answers)
      : options(given),
        dispatcher(answers),
        readers(given.limits.workers),
        waiting(given.limits.watchers) {}

  const Options& options;
  Dispatcher& dispatcher;
  asio::io_context io{1};
  // A connection whose command runs waits for nothing here; its reply still comes.
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_again{io};
  asio::steady_timer expire{io};
  asio::steady_timer last_call{io};
  asio::thread_pool readers;
  asio::thread_pool waiting;
  asio::thread_pool writing{writers};
  asio::thread_pool transactions{finishers};
  std::thread thread;
  std::uint16_t port = 0;

  // Of the input and output thread alone.
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::uint64_t last_id = 0;
  bool stopping = false;

  std::mutex mutex;  // of `running`
  std::condition_variable ended;
  std::size_t running = 0;  // commands between their message and their reply

  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> protocol_errors{0};

  void listen();
  void accept();
  void keep_expiring();
  void log(const std::string& line) const {
    if (options.log) options.log(line);
  }
  asio::thread_pool& pool(Lane lane) {
    switch (lane) {
      case Lane::write:
        return writing;
      case Lane::transaction:
        return transactions;
      case Lane::wait:
        return waiting;
      case Lane::read:
        break;
    }
    return readers;
  }
  void began() {
    const std::lock_guard lock(mutex);
    ++running;
  }
  void did_end() {
    const std::lock_guard lock(mutex);
    if (--running == 0) ended.notify_all();
  }
};

/// One client. All of it runs on the thread of input and output but answer().
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Network::Core& core, tcp::socket socket, std::uint64_t id)
      : core_(core), socket_(std::move(socket)), timer_(core.io) {
    client_.id = id;
    error_code ignored;
    if (const auto remote = socket_.remote_endpoint(ignored); !ignored)
      client_.remote = text_of(remote);
    if (const auto local = socket_.local_endpoint(ignored); !ignored)
      client_.local = text_of(local);
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  }

  void wait_for_message() {
    if (core_.stopping || client_.close) return close();
    if (message_.capacity() > kept_capacity) message_ = {};
    message_.clear();
    arm(core_.options.limits.idle, nullptr);  // ends without a word, as on a server
    socket_.async_wait(tcp::socket::wait_read,
                       [self = shared_from_this()](const error_code& error) {
                         if (error) return self->close();
                         self->arm(self->core_.options.limits.read, "its message took too long");
                         self->read_header();
                       });
  }

  /// Ends at once what waits for a message; what runs ends after its reply.
  void end_when_idle() {
    if (!running_ && !sending_) close();
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    timer_.cancel();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    core_.dispatcher.connections.fetch_sub(1, std::memory_order_relaxed);
    core_.connections.erase(client_.id);
    if (core_.stopping && core_.connections.empty()) core_.last_call.cancel();
  }

 private:
  void arm(std::chrono::milliseconds limit, const char* why) {
    timer_.expires_after(limit);
    timer_.async_wait([weak = weak_from_this(), why](const error_code& error) {
      if (error) return;
      const auto self = weak.lock();
      // A timer that was stopped or armed anew meanwhile is not over.
      if (!self || self->running_ || self->timer_.expiry() > std::chrono::steady_clock::now())
        return;
      if (why != nullptr) self->tell(why);
      self->close();
    });
  }

  void tell(const std::string& what) {
    core_.log("connection " + std::to_string(client_.id) + " from " + client_.remote + ": " + what);
  }

  void refuse(const std::string& why) {
    core_.protocol_errors.fetch_add(1, std::memory_order_relaxed);
    tell("closed: " + why);
    close();
  }

  void read_header() {
    asio::async_read(socket_,
                     asio::buffer(message_.reserve(wire::header_bytes), wire::header_bytes),
                     [self = shared_from_this()](const error_code& error, std::size_t size) {
                       if (error) return self->close();
                       self->message_.set_end(self->message_.data() + size);
                       self->got_header();
                     });
  }

  void got_header() {
    const auto header = wire::read_header(message_.data());
    const auto most = core_.dispatcher.message_bytes(client_);
    const auto length = static_cast<std::size_t>(static_cast<std::uint32_t>(header.length));
    if (length < wire::header_bytes || length > most)
      return refuse("a message of " + std::to_string(length) + " bytes; from 16 to " +
                    std::to_string(most) + " are taken");
    read_rest(length, first_chunk);
  }

  /// Memory grows with what arrives, not with what is announced.
  void read_rest(std::size_t length, std::size_t chunk) {
    const auto left = length - message_.size();
    if (left == 0) return got_message();
    const auto size = std::min(left, chunk);
    auto* at = message_.reserve(size);
    asio::async_read(
        socket_, asio::buffer(at, size),
        [self = shared_from_this(), length, chunk](const error_code& error, std::size_t read) {
          if (error) return self->close();
          self->message_.set_end(self->message_.data() + self->message_.size() + read);
          self->read_rest(length, std::min(chunk * 2, largest_chunk));
        });
  }

  void got_message() {
    timer_.cancel();
    running_ = true;
    core_.began();
    if (message_.size() <= parsed_at_once) {
      parse();
    } else {
      asio::post(core_.readers, [self = shared_from_this()] { self->parse(); });
    }
  }

  void parse() {
    try {
      request_ = wire::read_request({message_.data(), message_.size()});
    } catch (const std::exception& error) {
      asio::post(core_.io, [self = shared_from_this(), why = std::string(error.what())] {
        self->over();
        self->refuse(why);
      });
      return;
    }
    asio::post(core_.pool(core_.dispatcher.lane(request_)),
               [self = shared_from_this()] { self->answer(); });
  }

  /// On a worker.
  void answer() {
    bson::Buffer out;
    bool whole = false;
    try {
      const auto reply = core_.dispatcher.answer(client_, request_);
      if (!request_.more_to_come) out = wire::make_reply(request_, reply, ++replies_);
      whole = true;
    } catch (const std::exception&) {  // out of memory: the connection ends
    }
    asio::post(core_.io, [self = shared_from_this(), out = std::move(out), whole]() mutable {
      self->over();
      self->request_ = {};
      if (!whole) return self->close();
      self->reply_ = std::move(out);
      if (self->reply_.size() == 0) return self->wait_for_message();
      self->send();
    });
  }

  void over() {
    running_ = false;
    core_.did_end();
  }

  void send() {
    if (closed_) return;
    sending_ = true;
    arm(core_.options.limits.write, "it does not take its reply");
    asio::async_write(socket_, asio::buffer(reply_.data(), reply_.size()),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (error) return self->close();
                        self->sending_ = false;
                        self->reply_ = {};
                        self->wait_for_message();
                      });
  }

  Network::Core& core_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  Client client_;
  bson::Buffer message_;
  wire::Request request_;
  bson::Buffer reply_;
  std::int32_t replies_ = 0;
  bool running_ = false;
  bool sending_ = false;
  bool closed_ = false;
};

void Network::Core::listen() {
  try {
    const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    port = acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    throw StoreError(ErrorCode::io_error, "cannot listen on " + options.address + ", port " +
                                              std::to_string(options.port) + ": " +
                                              error.code().message());
  }
}

void Network::Core::accept() {
  acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
    if (stopping || error == asio::error::operation_aborted) return;
    if (error) {  // as a rule: no more file descriptors
      log("cannot accept a connection: " + error.message());
      accept_again.expires_after(std::chrono::milliseconds(100));
      accept_again.async_wait([this](const error_code& stopped) {
        if (!stopped) accept();
      });
      return;
    }
    if (connections.size() >= options.limits.connections) {
      refused.fetch_add(1, std::memory_order_relaxed);
      log("connection refused: " + std::to_string(connections.size()) +
          " are open, as many as may be");
      error_code ignored;
      socket.close(ignored);
    } else {
      const auto id = ++last_id;
      dispatcher.connections.fetch_add(1, std::memory_order_relaxed);
      dispatcher.connections_made.fetch_add(1, std::memory_order_relaxed);
      auto connection = std::make_shared<Connection>(*this, std::move(socket), id);
      connections.emplace(id, connection);
      connection->wait_for_message();
    }
    accept();
  });
}

/// Once a second; on a worker, since ending a transaction works on the file.
void Network::Core::keep_expiring() {
  expire.expires_after(std::chrono::seconds(1));
  expire.async_wait([this](const error_code& error) {
    if (error || stopping) return;
    asio::post(transactions, [this] {
      dispatcher.expire();
      asio::post(io, [this] {
        if (!stopping) keep_expiring();
      });
    });
  });
}

Network::Network(const Options& options, Dispatcher& dispatcher)
    : core_(std::make_unique<Core>(options, dispatcher)) {
  core_->listen();
  core_->accept();
  core_->keep_expiring();
  core_->thread = std::thread([core = core_.get()] { core->io.run(); });
}

Network::~Network() { stop(); }

std::uint16_t Network::port() const noexcept { return core_->port; }

Statistics Network::statistics() const noexcept {
  const auto& dispatcher = core_->dispatcher;
  return {dispatcher.connections.load(), dispatcher.connections_made.load(), core_->refused.load(),
          dispatcher.commands_run.load(), core_->protocol_errors.load()};
}

void Network::stop() {
  Core& core = *core_;
  if (!core.thread.joinable()) return;
  const auto for_each_connection = [&core](auto&& what) {
    const auto all = core.connections;  // closing takes it out of the map
    for (const auto& [id, connection] : all) what(*connection);
  };
  asio::post(core.io, [&core, for_each_connection] {
    core.stopping = true;
    error_code ignored;
    core.acceptor.close(ignored);
    core.accept_again.cancel();
    core.expire.cancel();
    for_each_connection([](Connection& one) { one.end_when_idle(); });
  });
  {
    std::unique_lock lock(core.mutex);
    core.ended.wait_for(lock, core.options.limits.stop, [&] { return core.running == 0; });
  }
  // A command that runs for longer keeps its file open: it is waited for, though its client is not.
  core.waiting.join();
  core.writing.join();
  core.transactions.join();
  core.readers.join();
  asio::post(core.io, [&core, for_each_connection] {
    core.work.reset();
    if (core.connections.empty()) return;
    core.last_call.expires_after(std::chrono::seconds(2));  // for replies that are on their way
    core.last_call.async_wait([for_each_connection](const error_code&) {
      for_each_connection([](Connection& one) { one.close(); });
    });
  });
  core.thread.join();
}

}  // namespace quire::serve
