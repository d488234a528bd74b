#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/migrate/migration.hpp"
#include "quire/migrate/report.hpp"
#include "quire/migrate/runner.hpp"

/// The same migrations on many databases. quire.hpp does not include it.
namespace quire::migrate {

/// What became of one tenant.
struct TenantEntry {
  enum class Result {
    done,        ///< its report is ok: applied, or nothing was to do
    failed,      ///< its report is not ok, or it could not be opened: `error`
    not_started  ///< the run was stopped before, or a canary failed
  };
  std::string name;
  bool canary = false;
  Result result = Result::not_started;
  std::optional<MigrationReport> report;
  std::optional<Error> error;  ///< what was thrown instead of a report
  std::int64_t ms = 0;
  /// As MigrationReport::exit_code(); 1 where there is none; 0 when it was not started.
  [[nodiscard]] int exit_code() const noexcept;
};
[[nodiscard]] std::string_view to_string(TenantEntry::Result result) noexcept;

struct TenantOptions {
  /// The first so many run before all others, one after the other. If one fails, no other starts.
  int canaries = 1;
  int parallel = 4;    ///< tenants at once, a thread each; at least 1
  int stop_after = 1;  ///< failures after which no further tenant starts; 0 = go on whatever fails
  /// Sets what all runners have: lease, waiting, application … Called by several threads at once.
  std::function<void(MigrationRunner&, const Database&)> configure = {};
  /// Told of each that is done or has failed, by one thread at a time. Must not throw.
  std::function<void(const TenantEntry&)> on_tenant = {};
  /// Starts no further tenant, and stops those that run at their next batch.
  std::stop_token stop = {};
};

/// What became of all.
struct [[nodiscard]] TenantReport {
  std::vector<TenantEntry> tenants;  ///< in the order in which they were given
  bool stopped = false;              ///< on request
  std::vector<std::string> next;

  [[nodiscard]] std::int64_t count(TenantEntry::Result result) const noexcept;
  [[nodiscard]] bool ok() const noexcept;
  /// For main(): 0 when all are done; else the worst of the tenants: 1, 31, 30, 41, 21, 13, 11, 2,
  /// 20 in this order, and 32 when only a request stopped it.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.migrate/1", "op": "tenants", "result", "exit", "totals": {tenants,
  /// done, failed, not_started, migrations}, "tenants": [{name, canary, result, exit, ms, report,
  /// error}], "next"}.
  [[nodiscard]] std::string json() const;
};

/// Runs what is pending on each database. Each has a lock and a history of its own, so that other
/// processes may do the same at once; a second call goes on where the first was stopped, since what
/// is done costs one read. Functions of the migrations are called by `parallel` threads at once.
/// Throws MigrationError invalid_migration for a registry that makes no sense, no name, or one that
/// is given twice. Failures of tenants are in the report.
TenantReport run_tenants(std::span<const Database> tenants, const Migrations& migrations,
                         const TenantOptions& options = {});
/// Opens each when its turn comes, in its thread, and gives it up when it is done. What `open`
/// throws is a failure of that tenant.
TenantReport run_tenants(std::span<const std::string> names,
                         const std::function<Database(const std::string&)>& open,
                         const Migrations& migrations, const TenantOptions& options = {});

}  // namespace quire::migrate
