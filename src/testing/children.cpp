#include "testing/children.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

namespace quire::testing {
namespace {

void write_all(int file, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto n = ::write(file, text.data() + at, text.size() - at);
    if (n <= 0 && errno != EINTR) return;
    if (n > 0) at += static_cast<std::size_t>(n);
  }
}

}  // namespace

Child::Child(const std::function<int(std::string&)>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "quire: pipe");
  pid_ = ::fork();
  if (pid_ < 0) {
    const int error = errno;
    for (const int end : ends) ::close(end);
    throw std::system_error(error, std::generic_category(), "quire: fork");
  }
  if (pid_ == 0) {
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    ::close(ends[0]);
    std::string text;
    int code = 125;
    try {
      code = work(text);
    } catch (const std::exception& error) {
      text = error.what();
    } catch (...) {
      text = "an exception that is no std::exception";
    }
    write_all(ends[1], text);
    ::_exit(code);  // not the parent's destructors
  }
  ::close(ends[1]);
  pipe_ = ends[0];
  ::fcntl(pipe_, F_SETFL, O_NONBLOCK);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pipe_(std::exchange(other.pipe_, -1)),
      status_(other.status_),
      over_(std::exchange(other.over_, true)) {}

Child::~Child() {
  if (pid_ > 0 && !over_) {
    ::kill(pid_, SIGKILL);
    (void)ended(0);
  }
  if (pipe_ >= 0) ::close(pipe_);
}

bool Child::ended(int options) {
  if (over_) return true;
  pid_t got = 0;
  do {
    got = ::waitpid(pid_, &status_, options);
  } while (got < 0 && errno == EINTR);
  over_ = got < 0 || (got == pid_ && (WIFEXITED(status_) || WIFSIGNALED(status_)));
  return over_;
}

bool Child::wait_stopped(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (ended(WNOHANG | WUNTRACED)) return false;
    if (WIFSTOPPED(status_)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

void Child::send(int signal) const {
  if (!over_) ::kill(pid_, signal);
}

Child::End Child::wait(std::chrono::milliseconds limit) {
  End end;
  std::array<char, 4096> buffer{};
  const auto drain = [&] {
    for (;;) {
      const auto n = ::read(pipe_, buffer.data(), buffer.size());
      if (n <= 0) return;
      end.text.append(buffer.data(), static_cast<std::size_t>(n));
    }
  };
  const auto last = std::chrono::steady_clock::now() + limit;
  while (!ended(WNOHANG)) {
    drain();
    if (std::chrono::steady_clock::now() >= last) {
      ::kill(pid_, SIGKILL);
      (void)ended(0);
      drain();
      return end;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  drain();
  end.finished = true;
  if (WIFSIGNALED(status_)) end.signal = WTERMSIG(status_);
  if (WIFEXITED(status_)) end.code = WEXITSTATUS(status_);
  return end;
}

Gate::Gate() {
  if (::pipe2(ends_, O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "quire: pipe");
}
Gate::~Gate() {
  for (const int end : ends_) {
    if (end >= 0) ::close(end);
  }
}
void Gate::open() { ::close(std::exchange(ends_[1], -1)); }
void Gate::pass() {
  open();  // the child's own copy of that end
  char byte = 0;
  while (::read(ends_[0], &byte, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace quire::testing
