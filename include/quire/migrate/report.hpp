#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/finding.hpp"
#include "quire/migrate/types.hpp"

namespace quire::migrate {

/// One migration of a run.
struct MigrationEntry {
  std::string id;
  std::string title;
  MigrationState state = MigrationState::pending;
  Atomicity atomicity = Atomicity::transactional;
  std::string guarantee;  ///< "txn": exactly once; "replay": a batch may be seen twice
  bool down = false;
  std::int64_t ms = 0;
  std::int64_t matched = 0;  ///< documents seen
  std::int64_t changed = 0;
  std::int64_t removed = 0;
  std::int64_t rejected = 0;   ///< going back: edited since, and put into _quire_rejects
  std::int64_t preimages = 0;  ///< documents whose old values are kept, see keep_preimages
  bool out_of_order = false;
  std::optional<bson::Value> cursor;  ///< the last _id done, where it stopped
  std::optional<Error> error;
};

enum class MigrationResult {
  nothing,      ///< all was done already
  applied,      ///< or gone back, for rollback()
  failed,       ///< nothing of the failed one left behind; those before it stay applied
  partial,      ///< stopped at its last batch
  attention,    ///< outcome unknown
  paused,       ///< stopped on request
  busy,         ///< another process has the lock
  skipped,      ///< as busy, and the caller said to start without waiting
  deferred,     ///< what cannot wait is done; the rest is left for the background
  unverified,   ///< applied, but verification found documents that are not as they should be
  lock_lost,    ///< another process took over; nothing of ours was written after that
  drifted,      ///< an applied migration was changed, or one is refused as out of order
  too_new,      ///< the database needs a program with a higher app_level
  irreversible  ///< rollback() refused; nothing was done
};
[[nodiscard]] std::string_view to_string(MigrationResult result) noexcept;

/// What a run did. A failure is in here, not thrown, so look at it: ok(), or or_throw().
class [[nodiscard]] MigrationReport {
 public:
  std::string operation = "up";
  std::string run;  ///< id of this run, as in history
  MigrationResult result = MigrationResult::nothing;
  std::vector<MigrationEntry> migrations;
  std::vector<std::string> warnings;
  std::optional<Error> error;     ///< the failure that ended the run
  std::vector<std::string> next;  ///< what would help
  /// Ids that a start-up budget left for the background run.
  std::vector<std::string> deferred;
  std::int64_t lock_token = 0;  ///< 0 = no lock was needed
  std::int64_t waited_ms = 0;
  bool took_over = false;  ///< from a process that stopped beating
  /// Operations that it had left running at the server: "waited for update on users, of
  /// 2026_add_status", "ended …", "left to go on: createIndexes …".
  std::vector<std::string> drained;

  [[nodiscard]] bool ok() const noexcept {
    return result == MigrationResult::nothing || result == MigrationResult::applied ||
           result == MigrationResult::skipped || result == MigrationResult::deferred;
  }
  /// For main(): 0 done, 11 drift, 13 database too new, 20 busy, 21 lock lost, 30 failed, 31
  /// partial or attention, 32 paused, 41 unverified, 2 irreversible.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.migrate/1", "op", "run", "result", "exit", "lock", "migrations",
  /// "next", …}.
  [[nodiscard]] std::string json() const;
  /// Throws error() when the run did not end well; else gives the report.
  const MigrationReport& or_throw() const;
};

/// One step as plan() sees it.
struct PlannedStep {
  std::string op;  ///< "add_field"
  std::string collection;
  /// Documents that it would take as the data are now, counted with its own filter; nothing: code.
  std::optional<std::int64_t> matched;
  std::string how;                ///< "in the migration's transaction", "batches of 500 documents"
  std::string locks;              ///< what others wait for meanwhile
  std::optional<double> seconds;  ///< by the measured sample; nothing: not measured
  std::int64_t sampled = 0;       ///< documents that were measured
  /// How: "functions" (read, and the step's function called; writing is not in it), "reads" (and no
  /// more: the least that it takes), "transaction" (done, then rolled back). Empty: not measured.
  std::string measured;
};

/// One migration as plan() sees it.
struct PlannedMigration {
  std::string id;
  std::string title;
  MigrationState state = MigrationState::pending;
  Atomicity atomicity = Atomicity::transactional;
  std::string guarantee;
  std::string checksum;
  std::vector<std::string> steps;    ///< each as JSON
  std::vector<std::string> touches;  ///< "users.email"
  std::int64_t documents = 0;        ///< in the collections that it touches
  bool out_of_order = false;
  std::string reversible;          ///< empty: yes; else why not
  std::string blocked_by;          ///< empty, or what keeps it from running
  std::vector<PlannedStep> parts;  ///< one for each of `steps`
  std::int64_t matched = 0;        ///< sum of the parts'
  std::optional<double> seconds;   ///< sum of the parts' that were measured
  int unmeasured = 0;              ///< parts that were not
  /// Programs of a lower app_level do not start once this is applied; those that run go on.
  int min_app = 0;
};
struct MigrationPlan {
  std::vector<PlannedMigration> migrations;  ///< in the order in which they would run
  std::vector<std::string> warnings;
  std::vector<Finding> findings;  ///< of lint()
  int app_level = 0;              ///< of this program
  std::optional<double> seconds;  ///< sum of the migrations' that were measured
  [[nodiscard]] std::string json() const;
};

/// One migration as status() sees it: program and history together.
struct MigrationStatusEntry {
  std::string id;
  std::string title;
  MigrationState state = MigrationState::pending;
  bool out_of_order = false;
  std::int64_t sequence = 0;  ///< order of application; 0 = never
  std::int64_t fence = 0;
  std::optional<bson::DateTime> finished;  ///< the store's clock, for people
  std::int64_t ms = 0;
  std::string error;
  std::string verified;  ///< the level by which it was; empty: not
};
struct MigrationStatus {
  std::vector<MigrationStatusEntry> migrations;  ///< the program's order, then unknown ones
  [[nodiscard]] std::size_t pending() const noexcept;
  [[nodiscard]] std::string json() const;
};

}  // namespace quire::migrate
