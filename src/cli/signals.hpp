#pragma once

#include <signal.h>

#include <memory>
#include <stop_token>

namespace quire::cli {

/// While it lives, SIGINT and SIGTERM ask for a stop once; a second one ends the process as usual.
/// May be made when other threads run already. One at a time in a process.
class SignalStop {
 public:
  SignalStop();
  ~SignalStop();
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;
  [[nodiscard]] std::stop_token token() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quire::cli
