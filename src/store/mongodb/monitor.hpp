#pragma once

#include <memory>

#include "store/mongodb/driver.hpp"

namespace quire::store::mongodb {

/// Hands the driver's command and server events on to a store's observers.
class Monitor {
 public:
  explicit Monitor(std::shared_ptr<Observers> observers) : observers_(std::move(observers)) {}
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  /// Must outlive the pool.
  void watch(mongoc_client_pool_t* pool);
  [[nodiscard]] const Observers& observers() const noexcept { return *observers_; }

 private:
  std::shared_ptr<Observers> observers_;
};

}  // namespace quire::store::mongodb
