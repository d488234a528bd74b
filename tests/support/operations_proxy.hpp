#pragma once

#include <condition_variable>
#include <cstring>
#include <map>
#include <optional>

#include "own_server.hpp"
#include "quire/bson/writer.hpp"

namespace quire::test {

/// A port that passes MongoDB's protocol on to a server on this machine, and knows which commands
/// are running, as MongoDB does and the suite's server does not: it answers $currentOp and killOp
/// itself, in MongoDB's shapes. A command that it holds runs on when its client is gone: it reaches
/// the server once it is let go, and never when it was ended. Thread-safe. The driver must be told
/// directConnection=true.
class OperationsProxy {
 public:
  struct Seen {
    std::string command;
    std::string collection;
    std::string comment;
    bool forwarded = false;
  };

  explicit OperationsProxy(int target) : target_(target) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 64);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~OperationsProxy() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    ::shutdown(listener_, SHUT_RDWR);
    changed_.notify_all();
    acceptor_.join();
    for (auto& one : threads_) one.join();
    ::close(listener_);
  }
  OperationsProxy(const OperationsProxy&) = delete;
  OperationsProxy& operator=(const OperationsProxy&) = delete;

  [[nodiscard]] std::string uri(const std::string& database) const {
    return "mongodb://127.0.0.1:" + std::to_string(port_) + "/" + database +
           "?directConnection=true";
  }
  /// The next command of that name on that collection is held.
  void hold(std::string command, std::string collection) {
    const std::lock_guard lock(mutex_);
    hold_ = {std::move(command), std::move(collection)};
  }
  /// Until it is there; false: it did not come within a minute.
  [[nodiscard]] bool wait_held() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [this] { return held_ > 0; });
  }
  /// What is held goes on to the server.
  void let_go() {
    const std::lock_guard lock(mutex_);
    let_go_locked();
  }
  /// What is held goes on when somebody looks for the n-th time which commands run.
  void let_go_at_look(int n) {
    const std::lock_guard lock(mutex_);
    let_go_at_ = n;
  }
  /// An error of that number instead of an answer: "currentOp" of all users, "ownOps" of one,
  /// "killOp".
  void refuse(const std::string& what, int number) {
    const std::lock_guard lock(mutex_);
    refused_[what] = number;
  }
  /// As an operation that comes to its end while it is being ended.
  void ends_before_kill(bool on) {
    const std::lock_guard lock(mutex_);
    ends_before_kill_ = on;
  }
  [[nodiscard]] std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  [[nodiscard]] int looks() {
    const std::lock_guard lock(mutex_);
    return looks_;
  }

 private:
  struct Operation {
    bson::Document body;
    bool held = false;
    bool go = false;
    bool killed = false;
  };

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  static std::uint32_t number(const std::string& bytes, std::size_t at) {
    std::uint32_t out = 0;
    std::memcpy(&out, bytes.data() + at, 4);
    return out;
  }
  static std::string text(bson::View view, std::string_view key) {
    const auto value = view.find(key);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
  }

  void accept_all() {
    while (true) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      const std::lock_guard lock(mutex_);
      if (stop_) {
        ::close(client);
        return;
      }
      threads_.emplace_back([this, client] { serve(client); });
    }
  }

  static bool read_all(int socket, char* to, std::size_t size) {
    for (std::size_t at = 0; at < size;) {
      const auto n = ::recv(socket, to + at, size - at, 0);
      if (n <= 0) return false;
      at += static_cast<std::size_t>(n);
    }
    return true;
  }
  static std::optional<std::string> read(int socket) {
    std::string message(16, '\0');
    if (!read_all(socket, message.data(), 16)) return std::nullopt;
    message.resize(number(message, 0));
    if (!read_all(socket, message.data() + 16, message.size() - 16)) return std::nullopt;
    return message;
  }
  static bool send(int socket, const std::string& message) {
    for (std::size_t at = 0; at < message.size();) {
      const auto n = ::send(socket, message.data() + at, message.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return false;
      at += static_cast<std::size_t>(n);
    }
    return true;
  }

  void serve(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_);
    const bool connected =
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    {
      const std::lock_guard lock(mutex_);
      sockets_.push_back(client);
      sockets_.push_back(server);
      if (stop_) ::shutdown(client, SHUT_RDWR);
    }
    while (connected) {
      const auto request = read(client);
      if (!request || !handle(client, server, *request)) break;
    }
    const std::lock_guard lock(mutex_);
    std::erase_if(sockets_, [&](int one) { return one == client || one == server; });
    ::close(client);
    ::close(server);
  }

  /// False: the connection is at its end.
  bool handle(int client, int server, const std::string& request) {
    constexpr std::uint32_t op_msg = 2013;
    constexpr std::size_t at = 16 + 4 + 1;  // header, flags, kind of the first section
    if (number(request, 12) != op_msg || request.size() <= at || request[at - 1] != 0)
      return pass_on(client, server, request);
    const bson::Document body(bson::View(reinterpret_cast<const std::uint8_t*>(request.data() + at),
                                         number(request, at)));
    if (const auto own = answer(body)) return send(client, message(request, *own));
    const std::int32_t id = begin(body);
    if (!may_go_on(id)) {
      end(id);
      return send(client, message(request, failure(11601, "operation was interrupted")));
    }
    const bool goes_on = pass_on(client, server, request);
    end(id);
    return goes_on;
  }

  static bool pass_on(int client, int server, const std::string& request) {
    constexpr std::uint32_t more_to_come = 2;
    if (!send(server, request)) return false;
    while (true) {
      const auto reply = read(server);
      if (!reply) return false;
      const bool more = number(*reply, 12) == 2013 && (number(*reply, 16) & more_to_come) != 0;
      if (!send(client, *reply)) return false;
      if (!more) return true;
    }
  }

  static std::string message(const std::string& request, const bson::Document& body) {
    const bson::View bytes = body.view();
    std::string out(21, '\0');
    const auto put = [&](std::size_t where, std::uint32_t value) {
      std::memcpy(out.data() + where, &value, 4);
    };
    put(0, static_cast<std::uint32_t>(21 + bytes.size()));
    put(8, number(request, 4));
    put(12, 2013);
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return out;
  }
  static bson::Document failure(int code, std::string_view why) {
    return bson::make_document("ok", 0.0, "errmsg", why, "code", std::int32_t{code});
  }

  std::int32_t begin(const bson::Document& body) {
    const std::lock_guard lock(mutex_);
    const std::int32_t id = next_++;
    Operation& one = operations_[id];
    one.body = body;
    const auto first = *body.view().begin();
    seen_.push_back({std::string(first.key), text(body, first.key), text(body, "comment")});
    if (hold_ && hold_->first == first.key && hold_->second == text(body, first.key)) {
      hold_.reset();
      one.held = true;
      ++held_;
      changed_.notify_all();
    }
    return id;
  }
  bool may_go_on(std::int32_t id) {
    std::unique_lock lock(mutex_);
    Operation& one = operations_.at(id);
    if (one.held) {
      changed_.wait(lock, [&] { return stop_ || one.go || one.killed; });
      --held_;
      if (one.killed || stop_) return false;
      const auto first = *one.body.view().begin();
      seen_.push_back(
          {std::string(first.key), text(one.body, first.key), text(one.body, "comment"), true});
    }
    return true;
  }
  void end(std::int32_t id) {
    const std::lock_guard lock(mutex_);
    operations_.erase(id);
    changed_.notify_all();
  }
  void let_go_locked() {
    for (auto& [id, one] : operations_) one.go = one.go || one.held;
    changed_.notify_all();
  }

  std::optional<bson::Document> answer(const bson::Document& body) {
    if (body.contains("killOp")) return kill(body);
    const auto pipeline = body.find("pipeline");
    if (!body.contains("aggregate") || !pipeline || !pipeline->is_array()) return std::nullopt;
    for (const auto& stage : pipeline->as_array()) {
      if (!stage.value.is_document()) break;
      if (const auto how = stage.value.as_document().find("$currentOp"))
        return current(body, how->as_document());
      break;
    }
    return std::nullopt;
  }

  bson::Document current(const bson::Document& body, bson::View how) {
    const std::lock_guard lock(mutex_);
    const auto all = how.find("allUsers");
    const std::string what = all && all->as_bool() ? "currentOp" : "ownOps";
    if (const auto no = refused_.find(what); no != refused_.end())
      return failure(no->second, "not authorized on admin to execute command");
    bson::Writer w;
    w.begin_document("cursor").append("id", std::int64_t{0}).append("ns", "admin.$cmd.aggregate");
    w.begin_array("firstBatch");
    describe(w, next_++, body);
    for (const auto& [id, one] : operations_) describe(w, id, one.body);
    w.end().end().append("ok", 1.0);
    ++looks_;
    if (let_go_at_ > 0 && looks_ >= let_go_at_) let_go_locked();
    return w.finish();
  }
  static void describe(bson::Writer& w, std::int32_t id, const bson::Document& body) {
    const auto first = *body.view().begin();
    const bool writes = first.key == "update" || first.key == "insert";
    const std::string of = text(body, first.key);
    w.push_document_begin()
        .append("type", "op")
        .append("desc", "conn" + std::to_string(id))
        .append("active", true)
        .append("opid", id)
        .append("op", writes ? std::string(first.key) : std::string("command"))
        .append("ns", text(body, "$db") + "." + (of.empty() ? "$cmd" : of))
        .append("command", body)
        .end();
  }
  bson::Document kill(const bson::Document& body) {
    std::unique_lock lock(mutex_);
    if (const auto no = refused_.find("killOp"); no != refused_.end())
      return failure(no->second, "killOp is not for this user");
    const auto found = operations_.find(body["op"].as_int32());
    const bson::Document told = bson::make_document("info", "attempting to kill op", "ok", 1.0);
    if (found == operations_.end()) return told;
    if (ends_before_kill_) {
      const std::int32_t id = found->first;
      found->second.go = true;
      changed_.notify_all();
      changed_.wait(lock, [&] { return stop_ || !operations_.contains(id); });
      return failure(2, "no such operation");
    }
    found->second.killed = true;
    changed_.notify_all();
    return told;
  }

  int target_;
  int port_ = 0;
  int listener_ = -1;
  std::thread acceptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::thread> threads_;
  std::vector<int> sockets_;
  std::map<std::int32_t, Operation> operations_;
  std::vector<Seen> seen_;
  std::optional<std::pair<std::string, std::string>> hold_;
  std::map<std::string, int> refused_;
  std::int32_t next_ = 1000;
  int held_ = 0;
  int looks_ = 0;
  int let_go_at_ = 0;
  bool ends_before_kill_ = false;
  bool stop_ = false;
};

}  // namespace quire::test
