#pragma once

#include <functional>
#include <memory>

#include "quire/collection/database.hpp"
#include "quire/store/store.hpp"

/// What a store does, told while it runs: events, a slow log, metrics, health, index analysis.
namespace quire::observe {

namespace detail {
class Gate;
}

/// An observer that is attached to a store. Movable; ends when it is destroyed, and does not keep
/// the store open. Threads: one at a time, while the store is used by any.
class [[nodiscard]] Subscription {
 public:
  Subscription() noexcept = default;
  Subscription(std::weak_ptr<store::Store> store, std::shared_ptr<detail::Gate> gate) noexcept;
  Subscription(Subscription&& other) noexcept = default;
  /// Ends what was observed before.
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription() { end(); }

  /// Once this returns the observer is in no call and is not called again: what its callback refers
  /// to may go. From within a callback it returns at once, and calls that other threads have begun
  /// may still run. Idempotent.
  void end() noexcept;
  [[nodiscard]] bool active() const noexcept { return gate_ != nullptr; }

 private:
  std::weak_ptr<store::Store> store_;
  std::shared_ptr<detail::Gate> gate_;
};

/// Tells `observer` of each operation of the whole store, all of its databases and handles, from
/// now on. It is called in the threads that use the store: be quick, do not use the store.
Subscription attach(const std::shared_ptr<store::Store>& store,
                    std::shared_ptr<store::CommandObserver> observer);
Subscription attach(const Database& db, std::shared_ptr<store::CommandObserver> observer);

/// Calls `callback` after each operation, from many threads at once. What it throws is dropped.
/// The event's views live until it returns; filter and sort hold users' values.
Subscription on_command(const std::shared_ptr<store::Store>& store,
                        std::function<void(const store::CommandEvent&)> callback);
Subscription on_command(const Database& db,
                        std::function<void(const store::CommandEvent&)> callback);

/// Calls `callback` when a server of the deployment becomes another kind: lost, found, elected.
/// Never called on the embedded store.
Subscription on_server(const std::shared_ptr<store::Store>& store,
                       std::function<void(const store::ServerEvent&)> callback);
Subscription on_server(const Database& db, std::function<void(const store::ServerEvent&)> callback);

}  // namespace quire::observe
