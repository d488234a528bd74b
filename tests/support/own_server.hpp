#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "servers.hpp"

namespace quire::test {

/// A port of the loopback interface on which nobody listens.
inline int free_port() {
  const int held = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(held, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(held, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(held);
  return ntohs(address.sin_port);
}

/// The port of a "mongodb://127.0.0.1:PORT/…".
inline int port_of(const std::string& uri) {
  return std::stoi(uri.substr(uri.find("127.0.0.1:") + 10));
}

/// A server of one test's own, to be killed and started again on the same port and storage. Ends
/// with the test's process at the latest.
class OwnServer {
 public:
  /// `program`: server("server").
  explicit OwnServer(std::string program, std::vector<std::string> options = {})
      : program_(std::move(program)), options_(std::move(options)), port_(free_port()) {
    folder_ = std::filesystem::temp_directory_path() /
              ("quire_server_" + std::to_string(::getpid()) + "_" + std::to_string(port_));
    std::filesystem::create_directories(folder_);
    start();
  }
  ~OwnServer() {
    kill_now();
    std::filesystem::remove_all(folder_);
  }
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string uri(const std::string& database,
                                const std::string& options = {}) const {
    return "mongodb://127.0.0.1:" + std::to_string(port_) + "/" + database +
           (options.empty() ? "" : "?" + options);
  }
  void kill_now() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
    parent_ = {};
  }
  /// Returns once it listens. Throws when it does not within a minute. Any thread may call it, and
  /// end: the kernel ends a child with the thread of its parent that forked it, so that one of this
  /// object's own does.
  void start() {
    std::promise<pid_t> promise;
    auto started = promise.get_future();
    parent_ =
        std::jthread([this, promise = std::move(promise)](const std::stop_token& stop) mutable {
          promise.set_value(launch());
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any().wait(lock, stop, [] { return false; });
        });
    process_ = started.get();
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!listens()) {
      if (::waitpid(process_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > end)
        throw std::runtime_error("the server of the test did not start");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  [[nodiscard]] pid_t launch() const {
    std::vector<std::string> words{
        program_,         "--host",         "127.0.0.1",    "--port", std::to_string(port_),
        "--storage-path", folder_.string(), "--cache-size", "64M",    "--enable-test-commands",
        "--log-level",    "ERROR"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t process = ::fork();
    if (process == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int out = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      for (const int fd : {0, 1, 2}) ::dup2(out, fd);
      ::execv(program_.c_str(), arguments.data());
      ::_exit(127);
    }
    return process;
  }
  [[nodiscard]] bool listens() const {
    const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool ok = ::connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(one);
    return ok;
  }
  std::string program_;
  std::vector<std::string> options_;
  int port_;
  std::filesystem::path folder_;
  pid_t process_ = -1;
  std::jthread parent_;  ///< waits until the server was killed
};

}  // namespace quire::test
