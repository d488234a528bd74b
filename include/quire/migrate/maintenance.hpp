#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"

/// A flag in the database that keeps the writers of an application out for a while.
namespace quire::migrate {

struct MaintenanceStatus {
  bool on = false;
  std::string reason;
  std::string by;                       ///< "user@host", or what on() was given
  std::optional<bson::DateTime> since;  ///< the store's clock, for people
  std::string token;                    ///< of this time of maintenance: another one has another
  /// One line: {on, reason, by, since, token}.
  [[nodiscard]] std::string json() const;
};

struct MaintenanceOptions {
  /// For so long a program goes by what it read last. The same in all programs: on() waits for it.
  /// At least 1 ms.
  std::chrono::milliseconds ttl{1000};
  std::string by = {};  ///< who; empty: the user and the host of this process
};

/// The document {_id: "maintenance", on, reason, by, since, token} of _quire_lock.
///   db.set_hooks(refuse_writes(db));          // in each program, at its start
///   Maintenance{db}.on("moving the orders");  // by hand, or in one of them
/// While it is on, reads go on, and writes through collections of handles with the hooks throw
/// StoreError read_only with the reason. Migrations, restores, data migrations, and whoever holds a
/// MaintenancePass, write all the same, and so do programs without the hooks. It stays on until
/// off(), also when the process that put it on is gone.
/// Copies share what was read. Threads: safe.
class Maintenance {
 public:
  explicit Maintenance(Database db, MaintenanceOptions options = {});

  /// Puts it on, and returns when each program has seen it: after one ttl. Writes that began before
  /// may still come to their end. Throws MigrationError lock_busy when it is on already,
  /// invalid_migration without a reason, StoreError.
  MaintenanceStatus on(std::string_view reason) const;
  /// Ends it, of whomever it is; with a token only that one. False: it was not on. Others write
  /// again after one ttl at most. Throws StoreError.
  bool off(std::string_view token = {}) const;
  /// As it is now. Throws StoreError.
  [[nodiscard]] MaintenanceStatus status() const;

  /// As it was within the last ttl: one point read at most per ttl, by one thread; else the cost of
  /// a clock. Throws StoreError when the flag cannot be read.
  [[nodiscard]] bool is_on() const;
  /// Throws StoreError read_only, with the reason, when is_on().
  void check() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Writes of this thread pass while it lives: for tools that work on a database in maintenance.
class MaintenancePass {
 public:
  MaintenancePass() noexcept;
  ~MaintenancePass();
  MaintenancePass(const MaintenancePass&) = delete;
  MaintenancePass& operator=(const MaintenancePass&) = delete;
  /// Whether this thread has one.
  [[nodiscard]] static bool is_held() noexcept;
};

/// Hooks for Database::set_hooks that refuse writes while the database which is written to (also by
/// Database::with_name) is in maintenance, and do what `also` does besides, as upgrade_on_read().
/// `also` is asked to refuse first.
[[nodiscard]] std::shared_ptr<DatabaseHooks> refuse_writes(
    const Database& db, std::shared_ptr<DatabaseHooks> also = nullptr,
    const MaintenanceOptions& options = {});

}  // namespace quire::migrate
