#include "quire/core/signal_stop.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "quire/core/error.hpp"

namespace quire {
namespace {

constexpr std::array<int, 2> signals{SIGINT, SIGTERM};
std::atomic<int> wake_fd{-1};
std::atomic<int> received{0};

/// Only what a handler may do: asks once, then lets the signal end the process.
extern "C" void quire_on_stop_signal(int signal) {
  const int saved = errno;
  if (received.fetch_add(1) == 0) {
    const char byte = 's';
    const int to = wake_fd.load();
    if (to >= 0 && ::write(to, &byte, 1) == 1) {
      errno = saved;
      return;
    }
  }
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(signal, &usual, nullptr);
  ::raise(signal);  // taken when this handler returns
  errno = saved;
}

}  // namespace

struct SignalStop::State {
  std::array<int, 2> pipe{-1, -1};
  std::array<struct sigaction, 2> before{};
  std::stop_source source;
  std::thread waiter;
};

SignalStop::SignalStop() : state_(std::make_unique<State>()) {
  if (::pipe(state_->pipe.data()) != 0)
    throw StoreError(ErrorCode::io_error, "no pipe for signals could be made", errno);
  for (const int end : state_->pipe) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  received = 0;
  wake_fd = state_->pipe[1];
  state_->waiter = std::thread([state = state_.get()] {
    char byte = 0;
    ssize_t n = 0;
    while ((n = ::read(state->pipe[0], &byte, 1)) < 0 && errno == EINTR) {
    }
    if (n == 1 && byte == 's') state->source.request_stop();
  });
  struct sigaction ask{};
  ask.sa_handler = quire_on_stop_signal;
  ask.sa_flags = SA_RESTART;
  ::sigemptyset(&ask.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i)
    ::sigaction(signals[i], &ask, &state_->before[i]);
}

SignalStop::~SignalStop() {
  for (std::size_t i = 0; i < signals.size(); ++i)
    ::sigaction(signals[i], &state_->before[i], nullptr);
  wake_fd = -1;
  const char byte = 'e';
  [[maybe_unused]] const auto n = ::write(state_->pipe[1], &byte, 1);
  state_->waiter.join();
  ::close(state_->pipe[0]);
  ::close(state_->pipe[1]);
}

std::stop_token SignalStop::token() const { return state_->source.get_token(); }

}  // namespace quire
