#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "importer/mysql/connection.hpp"

namespace quire::importer::mysql {

/// The connections of a source, all opened with it, so that they see one snapshot where the server
/// lets them. Thread-safe. One of them is shared, the others are lent to one reader at a time.
class Pool {
 public:
  explicit Pool(Options options);

  /// A connection that is nobody else's until it is given back.
  class Lease {
   public:
    Lease() = default;
    Lease(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    ~Lease() { give_back(); }
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    explicit operator bool() const noexcept { return connection_ != nullptr; }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }
    /// One that is lost is ended: another could not see the same snapshot.
    void give_back() noexcept;

   private:
    Pool* pool_ = nullptr;
    std::unique_ptr<Connection> connection_;
  };
  /// Empty where all are lent.
  [[nodiscard]] Lease lend();
  /// The shared one, for statements that are over when they return, and for cursors.
  [[nodiscard]] Connection& shared() noexcept { return *shared_; }
  [[nodiscard]] std::mutex& shared_mutex() noexcept { return shared_mutex_; }
  /// Runs `work(connection)` on one that is free, else on the shared one.
  template <class Work>
  auto with_any(Work work) {
    if (const Lease lease = lend()) return work(*lease);
    const std::lock_guard lock(shared_mutex_);
    return work(*shared_);
  }
  /// Ends the statement that runs on a connection, from another one. False: it could not be told.
  bool kill_statement(unsigned long connection_id) noexcept;

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] std::string_view snapshot() const noexcept { return single_ ? "single" : "multi"; }
  /// Tables' fingerprints right before the snapshot was taken; nothing: the server does not tell.
  [[nodiscard]] const std::optional<std::map<std::string, std::string>>& prints() const noexcept {
    return prints_;
  }

 private:
  void connect_all();
  const Options options_;
  std::mutex shared_mutex_;
  std::unique_ptr<Connection> shared_;
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
  bool single_ = false;
  std::optional<std::map<std::string, std::string>> prints_;
};

}  // namespace quire::importer::mysql
