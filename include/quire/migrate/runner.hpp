#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/migrate/background.hpp"
#include "quire/migrate/clock.hpp"
#include "quire/migrate/data_types.hpp"
#include "quire/migrate/migration.hpp"
#include "quire/migrate/preimages.hpp"
#include "quire/migrate/report.hpp"

namespace quire::migrate {

/// When another process has the lock: wait for it, then look again.
struct Wait {
  std::chrono::milliseconds limit = std::chrono::minutes(5);
};
/// … give up at once (MigrationResult::busy).
struct Fail {};
/// … start without waiting (MigrationResult::skipped).
struct Skip {};

/// Told while a run goes on, one at a time, in the run's thread; `slow` also in one that watches
/// it. What it points to is there during the call. Must not throw.
struct MigrationEvent {
  enum class Kind {
    waiting,    ///< each second; `text` tells who has the lock, and how far that process is
    took_over,  ///< `text`: what of the process before was waited for or ended, see drained
    started,
    batch,
    paused,  ///< at the end of the start-up budget
    finished,
    failed,  ///< `text` is the error
    locked,  ///< the run has the lock
    slow,    ///< see slow_after(); `text` tells what takes long and what would help
    ended    ///< the run, with its report
  };
  Kind kind = Kind::started;
  std::string_view migration;  ///< empty for the lock's events
  int step = 0;                ///< from 1
  std::int64_t done = 0;       ///< documents of this step
  std::int64_t total = 0;      ///< an estimate; 0 = unknown
  std::string_view text = {};
  std::string_view collection = {};  ///< of slow and batch: the step's
  /// Of slow: what the step has worked, without waits and rests. Of finished, failed and paused: of
  /// the migration. Of ended: of the run.
  std::chrono::milliseconds elapsed{0};
  std::chrono::milliseconds operation{0};   ///< of slow: the batch, or the step that is one
  std::int64_t token = 0;                   ///< of locked and took_over
  const MigrationReport* report = nullptr;  ///< of ended
};
[[nodiscard]] std::string_view to_string(MigrationEvent::Kind kind) noexcept;

/// What baseline() looks at.
struct BaselineOptions {
  std::string reason = {};  ///< kept in _quire_events
  /// Do not look whether the indexes and collections are there that the migrations make.
  bool force = false;
};

/// What plan() looks at.
struct PlanOptions {
  /// Documents of each step that are measured for the estimate, the first and the last by _id; 0 =
  /// no estimate. Functions of each() and transform() are called with them.
  std::int64_t sample = 100;
  std::chrono::milliseconds limit{2000};  ///< no step is measured any more after this
  /// Measures by doing the sample in a transaction that is rolled back, where the store has
  /// transactions: writing is in the estimate, and others may have to wait for it meanwhile.
  bool in_transactions = false;
  bool lint = true;                           ///< MigrationPlan::findings
  std::vector<const ModelInfo*> models = {};  ///< for lint
};

/// Brings a database to the shape that the program expects.
///   MigrationReport r = MigrationRunner{db, all}.run();
///   if (!r.ok()) { std::cerr << r.json() << '\n'; return r.exit_code(); }
/// Any number of processes may do so at once: one runs each migration, the others wait. A process
/// that dies is taken over after 1.25 leases, without comparing clocks.
/// Collections: _quire_history, _quire_events, _quire_jobs, _quire_lock in the same database.
/// Threads: run() of one object from one thread at a time; many objects at once are fine.
class MigrationRunner {
 public:
  /// Throws MigrationError invalid_migration or dependency_cycle for a registry that makes no
  /// sense, before the database is touched.
  MigrationRunner(Database db, Migrations migrations);
  ~MigrationRunner();
  MigrationRunner(MigrationRunner&&) noexcept;
  MigrationRunner& operator=(MigrationRunner&&) noexcept;

  /// After 1.25 × this without a sign of life another process may take over. Default 15 s, at
  /// least 50 ms.
  MigrationRunner& lease(std::chrono::milliseconds time);
  /// How long who takes over waits for operations that the process before left running at a server
  /// (docs/migrations.md, "Many processes, and crashes"), before it ends them. Default 1 s; 0: it
  /// ends them at once.
  MigrationRunner& drain_wait(std::chrono::milliseconds time);
  MigrationRunner& on_busy(Wait how);
  MigrationRunner& on_busy(Fail how);
  MigrationRunner& on_busy(Skip how);
  MigrationRunner& order(OutOfOrder policy);
  MigrationRunner& on_checksum_mismatch(ChecksumPolicy policy);
  /// Documents a batch of each, transform, copy and move. Default 1000; a batch also ends at 8 MiB.
  MigrationRunner& batch_size(int documents);
  /// In place of those that were given before.
  MigrationRunner& on_event(std::function<void(const MigrationEvent&)> sink);
  /// Beside those that were given before.
  MigrationRunner& also_on_event(std::function<void(const MigrationEvent&)> sink);
  /// A step that works for longer than this, or one batch of it that does, is told as an event
  /// `slow`, while it goes on, and again when it has taken twice as long; and once as a warning of
  /// the report. Default 30 s; 0 = never.
  MigrationRunner& slow_after(std::chrono::milliseconds time);
  /// Checked between batches and steps; the run then ends as `paused`.
  MigrationRunner& stop_token(std::stop_token token);
  /// Runs what comes up to that migration in the program's order, and no more. "" = all.
  /// run() and plan() throw MigrationError unknown_migration for an id that the program lacks.
  MigrationRunner& target(std::string id);
  /// Runs only migrations with one of these tags, and what they depend on. {} = all.
  MigrationRunner& tags(std::vector<std::string> wanted);
  /// What a start may take. run() does all schema migrations, and what they need, whatever time it
  /// takes; data and contract migrations are begun while the budget lasts and stopped at a batch's
  /// edge (one that is a single transaction is not begun after it, and not broken off). The rest is
  /// left for background(): the run ends as `deferred`, which is ok(). 0 = all of them are left.
  MigrationRunner& budget(std::chrono::milliseconds time);
  /// Slows batches down: each, transform, copies and ranges of declared steps.
  MigrationRunner& throttle(Throttle how);
  /// Instead of Clock::system(), by which leases, waits and the budget are measured; it has to
  /// outlive the runner.
  MigrationRunner& clock(const Clock& clock);
  /// The program's own name or version, kept in history.
  MigrationRunner& application(std::string name);

  /// How rollback() treats documents that were edited since, and whether it prefers pre-images.
  MigrationRunner& undo(UndoOptions options);
  /// Where the backup from before is; kept in the history of what run() runs.
  MigrationRunner& backup_ref(std::string reference);

  /// Applies what is pending. With nothing pending: one read, no lock. Throws StoreError when the
  /// history cannot be read; all else is in the report.
  MigrationReport run();
  /// Goes back behind the migration of that id: those that depend on it first. Refused as a whole
  /// when one of them is irreversible. Throws MigrationError unknown_migration.
  MigrationReport rollback(std::string_view id);
  /// Goes back the last n that were applied.
  MigrationReport rollback(int count);
  /// What is pending, in a thread of its own. Lives as long as the runner, which stops it.
  [[nodiscard]] BackgroundRun& background();
  /// What run() and background() are doing in this process. Any thread.
  [[nodiscard]] MigrationHealth health() const;
  /// Whether nothing is left to do for the migration, by one read of the history, whichever process
  /// did it. Any thread. Throws MigrationError unknown_migration for an id that the program lacks.
  [[nodiscard]] bool is_complete(std::string_view id) const;
  /// Writes the control document of all runs of that database: from the next batch on they pause,
  /// go on or stop, whichever process they are in. `rate`: documents a second, 0 = as they are set.
  static void control(const Database& db, Desired desired, std::string_view reason = {},
                      std::int64_t rate = 0);
  /// Goes back until nothing of what comes after that migration in the program's order is applied,
  /// later ones first. Refused as rollback() is; throws MigrationError unknown_migration.
  MigrationReport rollback_to(std::string_view id);
  /// What run() would do, on how many documents, how long, and what is dangerous about it. Writes
  /// nothing, and takes no lock of migrations.
  [[nodiscard]] MigrationPlan plan(const PlanOptions& options = {});
  /// Program and history together, by one read. Writes nothing. Any thread.
  [[nodiscard]] MigrationStatus status() const;
  /// Settles a migration in state `attention` after a person has looked: to applied or failed.
  /// The reason goes to _quire_events. Throws MigrationError invalid_migration for another state.
  void mark(std::string_view id, MigrationState state, std::string_view reason);
  /// Settles that a migration was changed in the program after it was applied, where the change
  /// does not matter. The old checksum stays in history, with who said so and why. Throws
  /// MigrationError invalid_migration when it is not applied, is unchanged, or without a reason.
  void accept(std::string_view id, std::string_view reason);
  /// Records, on a database that has no history, that migration and all before it in the program's
  /// order as done, for a database that was made by other means. Nothing is run. Throws
  /// MigrationError baseline_refused when there is history of one of them, or an index or a
  /// collection is missing that they make; unknown_migration.
  void baseline(std::string_view id, const BaselineOptions& options = {});

 private:
  friend class BackgroundRun;
  struct Options;
  class Run;
  Database db_;
  Migrations migrations_;
  std::unique_ptr<Options> options_;
  std::unique_ptr<BackgroundRun> background_;  // ends before what it uses
};

}  // namespace quire::migrate
