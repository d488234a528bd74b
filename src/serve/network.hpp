#pragma once

#include <cstdint>
#include <memory>

#include "quire/serve/server.hpp"
#include "serve/dispatcher.hpp"

namespace quire::serve {

/// Sockets and threads of one server: one thread does all input and output, pools run commands.
class Network {
 public:
  /// Listens and accepts. Both outlive it. Throws StoreError io_error.
  Network(const Options& options, Dispatcher& dispatcher);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] Statistics statistics() const noexcept;
  void stop();

  struct Core;  // of network.cpp alone

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace quire::serve
