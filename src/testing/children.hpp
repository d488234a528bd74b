#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

namespace quire::testing {

/// A child of this process that runs a function and ends. Ends with this object at the latest, by
/// SIGKILL; and with the thread that started it.
class Child {
 public:
  struct End {
    bool finished = false;  ///< false: it did not end within the limit, and was killed
    int signal = 0;         ///< that ended it; 0 = it returned
    int code = 0;
    std::string text;  ///< what its function said
  };
  /// `work` runs in the child: the text that it leaves in its argument comes back in End, what it
  /// returns is the exit code. An exception is code 125.
  explicit Child(const std::function<int(std::string&)>& work);
  ~Child();
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Waits until it is stopped by a signal. False: it ended, or `limit` passed.
  [[nodiscard]] bool wait_stopped(std::chrono::milliseconds limit);
  void send(int signal) const;
  End wait(std::chrono::milliseconds limit);

 private:
  [[nodiscard]] bool ended(int options);
  pid_t pid_ = -1;
  int pipe_ = -1;
  int status_ = 0;
  bool over_ = false;
};

/// Lets children begin at once: each waits in pass() until the parent opens it.
class Gate {
 public:
  Gate();
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  void open();
  void pass();  ///< in a child

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace quire::testing
