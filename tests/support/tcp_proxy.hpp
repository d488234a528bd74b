#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace quire::test {

/// A port that passes MongoDB's protocol on to a server on this machine, and fails as networks do.
/// Thread-safe. Of one server of a replica set the driver must be told directConnection=true, else
/// it goes on to the address that the server names.
class TcpProxy {
 public:
  enum class Cut {
    before,  ///< the server never sees the request
    after    ///< the server has acted; its answer is lost
  };

  explicit TcpProxy(int target_port) : target_(target_port) {
    if (::pipe(wake_) != 0) throw std::runtime_error("proxy: pipe");
    listen(true);
    thread_ = std::thread([this] { run(); });
  }
  ~TcpProxy() {
    stop_ = true;
    wake();
    thread_.join();
    for (auto& one : pairs_) close_pair(*one);
    ::close(listener_);
    ::close(wake_[0]);
    ::close(wake_[1]);
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string uri(const std::string& database,
                                const std::string& options = {}) const {
    return "mongodb://127.0.0.1:" + std::to_string(port_) + "/" + database +
           "?directConnection=true" + (options.empty() ? "" : "&" + options);
  }
  /// Ends all connections that are open.
  void cut_all() {
    cut_all_ = true;
    wake();
  }
  /// The connections of the next `times` requests of this command end, one each.
  void cut(Cut when, const std::string& command, int times = 1) {
    const std::lock_guard lock(mutex_);
    cuts_[command] = {when, times};
  }
  /// Each message waits for so long, in both directions.
  void delay(std::chrono::milliseconds time) { delay_ms_ = time.count(); }
  /// Connections are accepted and stay open, but nothing passes.
  void black_hole(bool on) {
    black_hole_ = on;
    wake();
  }
  /// Nobody listens, and what was open ends.
  void refuse(bool on) {
    refuse_ = on;
    wake();
    while (refused_ != on) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  /// How many requests of this command came, also those that were cut.
  [[nodiscard]] int seen(const std::string& command) {
    const std::lock_guard lock(mutex_);
    return seen_[command];
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Message {
    Clock::time_point due;
    std::string bytes;
  };
  struct Side {
    int socket = -1;
    std::string partial;          // of a message that is not whole yet
    std::deque<Message> waiting;  // to be passed to the other side
  };
  struct Pair {
    Side client, server;
    std::uint32_t lost = 0;  // the request whose answer is not passed on
    bool loses = false;
    bool dead = false;
  };
  struct Rule {
    Cut when = Cut::before;
    int times = 0;
  };

  static std::uint32_t number(const std::string& bytes, std::size_t at) {
    std::uint32_t out = 0;
    std::memcpy(&out, bytes.data() + at, 4);
    return out;
  }
  /// The first key of an OP_MSG's body is the command's name; others (the first handshake) have
  /// none.
  static std::string command_of(const std::string& message) {
    constexpr std::uint32_t op_msg = 2013;
    constexpr std::size_t key = 16 + 4 + 1 + 4 + 1;
    if (message.size() <= key || number(message, 12) != op_msg) return {};
    return message.c_str() + key;
  }

  void wake() { (void)!::write(wake_[1], "x", 1); }

  void listen(bool on) {
    if (listener_ >= 0) ::close(listener_);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("proxy: bind");
    // One that is bound but does not listen keeps the port and refuses.
    if (on && ::listen(listener_, 64) != 0) throw std::runtime_error("proxy: listen");
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  static void no_delay(int socket) {
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  void accept() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(target_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(server);
      return;
    }
    no_delay(client);
    no_delay(server);
    auto pair = std::make_unique<Pair>();
    pair->client.socket = client;
    pair->server.socket = server;
    pairs_.push_back(std::move(pair));
  }
  static void close_pair(Pair& pair) {
    ::close(pair.client.socket);
    ::close(pair.server.socket);
  }

  /// False when the side has ended.
  bool read(Pair& pair, Side& from, bool is_request) {
    char buffer[65536];
    const auto n = ::recv(from.socket, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    if (black_hole_) return true;
    from.partial.append(buffer, static_cast<std::size_t>(n));
    while (from.partial.size() >= 16) {
      const auto size = number(from.partial, 0);
      if (size < 16) return false;
      if (from.partial.size() < size) break;
      std::string message = from.partial.substr(0, size);
      from.partial.erase(0, size);
      if (is_request ? !passes_request(pair, message) : !passes_answer(pair, message)) return false;
      from.waiting.push_back(
          {Clock::now() + std::chrono::milliseconds(delay_ms_), std::move(message)});
    }
    return true;
  }
  bool passes_request(Pair& pair, const std::string& message) {
    const std::string command = command_of(message);
    const std::lock_guard lock(mutex_);
    ++seen_[command];
    const auto rule = cuts_.find(command);
    if (rule == cuts_.end() || rule->second.times == 0) return true;
    --rule->second.times;
    if (rule->second.when == Cut::before) return false;
    pair.loses = true;
    pair.lost = number(message, 4);
    return true;
  }
  static bool passes_answer(const Pair& pair, const std::string& message) {
    return !pair.loses || number(message, 8) != pair.lost;
  }
  /// Passes on what is due; false when the other side has ended.
  bool pass(Side& from, const Side& to) const {
    while (!from.waiting.empty() && from.waiting.front().due <= Clock::now()) {
      const std::string bytes = std::move(from.waiting.front().bytes);
      from.waiting.pop_front();
      if (black_hole_) continue;
      for (std::size_t done = 0; done < bytes.size();) {
        const auto n = ::send(to.socket, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
      }
    }
    return true;
  }

  void run() {
    while (!stop_) {
      std::vector<pollfd> polled;
      polled.push_back({wake_[0], POLLIN, 0});
      polled.push_back({listener_, static_cast<short>(refused_ ? 0 : POLLIN), 0});
      bool waiting = false;
      for (const auto& pair : pairs_) {
        polled.push_back({pair->client.socket, POLLIN, 0});
        polled.push_back({pair->server.socket, POLLIN, 0});
        waiting |= !pair->client.waiting.empty() || !pair->server.waiting.empty();
      }
      ::poll(polled.data(), polled.size(), waiting ? 2 : -1);
      if (polled[0].revents != 0) {
        char drop[64];
        (void)!::read(wake_[0], drop, sizeof drop);
      }
      const bool cut_all = cut_all_.exchange(false);
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        Pair& pair = *pairs_[i];
        bool lives = !cut_all && !refuse_;
        if (lives && polled[2 + 2 * i].revents != 0) lives = read(pair, pair.client, true);
        if (lives && polled[3 + 2 * i].revents != 0) lives = read(pair, pair.server, false);
        lives = lives && pass(pair.client, pair.server) && pass(pair.server, pair.client);
        pair.dead = !lives;
      }
      std::erase_if(pairs_, [](const auto& pair) {
        if (pair->dead) close_pair(*pair);
        return pair->dead;
      });
      if (refused_ != refuse_) {
        listen(!refuse_);
        refused_ = refuse_.load();
      } else if (!refused_ && polled[1].revents != 0) {
        accept();
      }
    }
  }

  const int target_;
  int port_ = 0, listener_ = -1, wake_[2] = {-1, -1};
  std::atomic<bool> stop_{false}, cut_all_{false}, black_hole_{false}, refuse_{false};
  std::atomic<bool> refused_{false};
  std::atomic<std::int64_t> delay_ms_{0};
  std::mutex mutex_;
  std::map<std::string, Rule> cuts_;  // by command
  std::map<std::string, int> seen_;
  std::vector<std::unique_ptr<Pair>> pairs_;  // of thread_
  std::thread thread_;
};

}  // namespace quire::test
