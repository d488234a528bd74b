#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "quire/migrate/migration.hpp"
#include "quire/migrate/runner.hpp"
#include "quire/testing/database_image.hpp"
#include "quire/testing/outcome.hpp"
#include "quire/testing/scratch.hpp"

/// Checks of a program's migrations for its own tests: each runs them on empty databases of its
/// own and says what does not hold. None throws for what migrations do wrong; StoreError where a
/// database cannot be opened. crash_matrix with Interruption::kill, single_run and paused_holder
/// fork, so no store of an embedded file that they use may be open, and functions given to them
/// are called in children too; on Linux and other POSIX systems.
namespace quire::testing {

/// Migrations under test, and what they start from.
struct Subject {
  migrate::Migrations migrations;
  /// Fills an empty database as programs before the migrations left it. Called for each round, so
  /// it must do the same each time (_ids given, no clock). Empty: the database stays empty.
  std::function<void(Database&)> prepare = {};
  /// Sets what the program sets: batch_size, order … Lease and waiting are set by the checks.
  std::function<void(migrate::MigrationRunner&)> configure = {};
  ImageOptions compare = {};
  /// Runs on a store that says it has no transactions.
  bool without_transactions = false;
};

/// Each migration forth, back and forth again, in order of application: after the way back the
/// database is as before, and after the second way forth as after the first: documents and
/// indexes. One that cannot go back (irreversible) is run once and noted. At the end all that can
/// go back at once does, and is run again. Outcome::rounds: migrations that went back.
Outcome up_down_up(ScratchDatabases& databases, const Subject& subject);

/// A new database as today's program makes it is the same as an old one that the migrations
/// brought here: indexes and options of collections. `fresh` makes it, by sync_indexes() and the
/// like. Documents are compared where `documents` is true.
Outcome fresh_equals_upgraded(ScratchDatabases& databases, const Subject& subject,
                              const std::function<void(Database&)>& fresh, bool documents = false);

/// The migrations that replace others give the same database as those: from what
/// Subject::prepare leaves, and from an empty one.
Outcome squash_equals_originals(ScratchDatabases& databases, const Subject& originals,
                                const migrate::Migrations& squashed);

enum class Interruption {
  exception,  ///< the call throws and so does every later one of that run, as if the process were
              ///< gone; in one process, quick
  kill        ///< a child process kills itself (SIGKILL)
};
struct CrashOptions {
  Interruption interruption = Interruption::exception;
  int first = 1;  ///< the call at which the first round ends
  int every = 1;  ///< then each n-th; 1 = at every call to the store
  int most = 0;   ///< rounds in each direction; 0 = until a run comes to its end
  bool up = true;
  bool down = true;  ///< going back behind all of them, or behind `down_to`
  std::string down_to = {};
  /// Instead of comparing documents and indexes with those of a run that was not interrupted:
  /// what is wrong, or an empty text. For steps whose guarantee is less than exactly once.
  std::function<std::string(Database&, const DatabaseImage& straight)> check = {};
  std::chrono::seconds limit{60};  ///< of one child
};
/// A run is interrupted before its n-th call to the store, for each n, and a second one goes on:
/// it ends well, and documents, indexes and history are those of a run without interruption. In
/// both directions. Outcome::rounds: interruptions.
Outcome crash_matrix(ScratchDatabases& databases, const Subject& subject,
                     const CrashOptions& options = {});

struct SingleRunOptions {
  int processes = 4;
  int threads = 2;  ///< in each process
  std::chrono::milliseconds lease = std::chrono::seconds(5);
  std::chrono::seconds limit{60};  ///< for all to end
};
/// That many start at once on one database: all end well within the limit, each migration went
/// through its states once, and the data are those of a single run. Outcome::rounds: starts.
Outcome single_run(ScratchDatabases& databases, const Subject& subject,
                   const SingleRunOptions& options = {});

struct PausedHolderOptions {
  std::chrono::milliseconds lease{200};
  /// The process stops before a write to the program's collections (or a transaction) is passed
  /// on: the n-th of them, then each `every`-th, until it comes to its end or `most` rounds.
  int first = 1;
  int every = 1;
  int most = 3;
  /// Also within transactions: in the middle of a batch that is read and not yet written. Not for
  /// the embedded store, where that process would keep all others from writing.
  bool in_transactions = false;
  std::chrono::seconds limit{60};  ///< of each process
};
/// The process that holds the lock is stopped (SIGSTOP) for longer than its lease; a second one
/// takes over and ends well, with the data of a straight run. When the first goes on (SIGCONT), it
/// ends with "lock lost" (exit 21) and changes nothing. Outcome::rounds: pauses.
Outcome paused_holder(ScratchDatabases& databases, const Subject& subject,
                      const PausedHolderOptions& options = {});

}  // namespace quire::testing
