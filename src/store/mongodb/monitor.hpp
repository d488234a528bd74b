#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

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
  /// Why a server did not answer last; taken out when it is told.
  void keep_failure(const char* server, const char* why);
  [[nodiscard]] std::string take_failure(const char* server);

 private:
  std::shared_ptr<Observers> observers_;
  std::mutex mutex_;
  std::map<std::string, std::string> failures_;  // by "host:port"
};

}  // namespace quire::store::mongodb
