#pragma once

#include <pthread.h>

#include <csignal>
#include <stop_token>
#include <thread>

namespace quire::tool {

/// SIGINT and SIGTERM ask for a stop once; a second one ends the process as usual. Made before
/// other threads are, which then leave these signals to it.
class SignalStop {
 public:
  SignalStop() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::jthread([this](const std::stop_token& ends) {
      const timespec pause{0, 100'000'000};
      while (!ends.stop_requested()) {
        const int signal = sigtimedwait(&signals_, nullptr, &pause);
        if (signal < 0) continue;
        if (!source_.request_stop()) {
          std::signal(signal, SIG_DFL);
          pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
          std::raise(signal);
        }
      }
    });
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source source_;
  std::jthread waiter_;
};

}  // namespace quire::tool
