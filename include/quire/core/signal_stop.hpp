#pragma once

#include <signal.h>

#include <memory>
#include <stop_token>

namespace quire {

/// While it lives, SIGINT and SIGTERM ask for a stop once; a second one ends the process as usual.
///   const quire::SignalStop stop;
///   MigrationRunner{db, all}.stop_token(stop.token()).run();
/// Handlers that were there before are put back afterwards. May be made when other threads run
/// already. One at a time in a process. Throws StoreError io_error when no pipe can be had.
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

}  // namespace quire
