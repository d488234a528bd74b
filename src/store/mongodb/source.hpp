#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "store/mongodb/monitor.hpp"
#include "store/mongodb/uri.hpp"

namespace quire::store::mongodb {

class Source;

/// A client on loan; goes back at the end. One thread at a time, any thread.
class Lease {
 public:
  Lease() noexcept = default;
  Lease(Lease&& other) noexcept
      : source_(std::move(other.source_)), client_(std::exchange(other.client_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      give_back();
      source_ = std::move(other.source_);
      client_ = std::exchange(other.client_, nullptr);
    }
    return *this;
  }
  ~Lease() { give_back(); }
  [[nodiscard]] mongoc_client_t* client() const noexcept { return client_; }
  [[nodiscard]] explicit operator bool() const noexcept { return client_ != nullptr; }
  void give_back() noexcept;
  [[nodiscard]] const std::shared_ptr<Source>& source() const noexcept { return source_; }

 private:
  friend class Source;
  Lease(std::shared_ptr<Source> source, mongoc_client_t* client) noexcept
      : source_(std::move(source)), client_(client) {}
  std::shared_ptr<Source> source_;
  mongoc_client_t* client_ = nullptr;
};

/// Where clients come from: a pool of our own, or a pool or a single client of the application.
/// Lives until the last lease is back.
class Source : public std::enable_shared_from_this<Source> {
 public:
  Source(Uri uri, std::shared_ptr<Observers> observers);
  Source(mongoc_client_pool_t* pool, std::shared_ptr<Observers> observers);
  Source(mongoc_client_t* client, std::shared_ptr<Observers> observers);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// Throws StoreError pool_exhausted after waitQueueTimeoutMS, store_closed.
  [[nodiscard]] Lease lease();
  /// Without waiting: empty where none is free.
  [[nodiscard]] Lease try_lease();
  /// Held around each use of a client that may be the application's single one: it is no thread's
  /// alone. Free where clients come from a pool.
  [[nodiscard]] std::unique_lock<std::recursive_mutex> guard() {
    return single_ == nullptr ? std::unique_lock<std::recursive_mutex>()
                              : std::unique_lock(single_mutex_);
  }
  void close() noexcept { closed_ = true; }
  void check_open() const;
  [[nodiscard]] const Uri& uri() const noexcept { return uri_; }
  [[nodiscard]] const Secrets& secrets() const noexcept { return uri_.secrets; }
  [[nodiscard]] PoolState state() const noexcept;
  [[nodiscard]] bool owned() const noexcept { return owned_; }

 private:
  friend class Lease;
  void take_uri_of(mongoc_client_t* client);
  Lease lend(mongoc_client_t* client);
  Uri uri_;
  Monitor monitor_;
  mongoc_client_pool_t* pool_ = nullptr;
  mongoc_client_t* single_ = nullptr;
  std::recursive_mutex single_mutex_;
  bool owned_ = false;
  std::atomic<bool> closed_{false};
  std::int64_t limit_ = 0;
  std::atomic<std::int64_t> in_use_{0}, most_{0}, waits_{0}, timeouts_{0};
};

}  // namespace quire::store::mongodb
