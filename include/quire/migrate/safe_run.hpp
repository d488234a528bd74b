#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "quire/backup/restore.hpp"
#include "quire/collection/database.hpp"
#include "quire/migrate/data_types.hpp"
#include "quire/migrate/maintenance.hpp"
#include "quire/migrate/migration.hpp"
#include "quire/migrate/report.hpp"
#include "quire/migrate/runner.hpp"
#include "quire/model/model.hpp"

/// Migrations with a backup before, a look afterwards, and a way back when something is wrong.
/// quire.hpp does not include it.
namespace quire::migrate {

enum class SafeRunStage { backup, preflight, run, validate, roll_back, restore };
[[nodiscard]] std::string_view to_string(SafeRunStage stage) noexcept;

/// What has to hold when the migrations are through: an empty text, else what is wrong.
struct Validation {
  std::string name;
  std::function<std::string(Database&)> problem;
};

struct SafeRunOptions {
  /// The folder that is made for the backup; it must not be there yet. Empty: no backup, and then
  /// no restore.
  std::filesystem::path backup = {};
  bool backup_all = false;  ///< all collections; else those that the pending migrations touch
  bool gzip = false;
  /// What stands in the way of a run, each a sentence. Nothing is run then. Empty: the problems of
  /// migrate::preflight() with these models and the backup; a function that gives none: no look.
  std::function<std::vector<std::string>(Database&)> preflight = {};
  std::vector<Validation> validate = {};
  /// counts: in maintenance, documents are neither more nor fewer than the steps say, and indexes
  /// are as the models declare them. sample: also 1,000 documents of each model have the types that
  /// it reads. digest, full: all documents have. none: only `validate`.
  VerifyLevel verify = VerifyLevel::counts;
  std::vector<const ModelInfo*> models = {};  ///< {&model_of<User>(), …}
  /// Keeps the application's writers out from the backup to the end: see quire/migrate/
  /// maintenance.hpp. Only then a backup is ever restored.
  bool maintenance = false;
  std::string reason = "migrations run";  ///< what those who are refused are shown
  MaintenanceOptions maintenance_options = {};
  bool roll_back = true;  ///< else a failure is reported and left as it is
  UndoOptions undo = {};
  /// Sets what the program sets: lease, batch size, application …
  std::function<void(MigrationRunner&)> configure = {};
  std::function<void(SafeRunStage)> on_stage = {};  ///< when it begins; must not throw
  std::stop_token stop = {};
};

enum class SafeRunResult {
  nothing,      ///< nothing was pending
  applied,      ///< and valid
  refused,      ///< nothing was run: the backup failed, something stands in the way, busy …
  rolled_back,  ///< the run or the look afterwards failed; down steps and pre-images undid it
  restored,     ///< … and the backup was restored
  failed,       ///< … and it was left as it is: `next` says why and what would help
  stopped       ///< on request; run again to go on
};
[[nodiscard]] std::string_view to_string(SafeRunResult result) noexcept;

/// What became of it. A failure is in here, not thrown, so look at it: ok().
struct [[nodiscard]] SafeRunReport {
  SafeRunResult result = SafeRunResult::nothing;
  SafeRunStage stage = SafeRunStage::backup;  ///< the one that it came to
  std::vector<std::string> collections;       ///< of the run, as far as known
  std::optional<backup::BackupReport> backup;
  std::optional<MigrationReport> run;
  std::vector<std::string> problems;       ///< of pre-flight or validation
  std::vector<MigrationReport> rollbacks;  ///< the latest migration first
  std::optional<backup::RestoreReport> restore;
  std::vector<std::string> warnings;
  std::optional<Error> error;     ///< what ended it
  std::vector<std::string> next;  ///< what would help
  bool in_maintenance = false;    ///< the database still is
  std::int64_t ms = 0;

  [[nodiscard]] bool ok() const noexcept {
    return result == SafeRunResult::nothing || result == SafeRunResult::applied;
  }
  /// For main(): 0 done; 12 something stands in the way; 30 failed, nothing was left behind; 31 it
  /// was left as it is; 32 stopped; 41 not valid, and left so; else that of the run.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.migrate/1", "op": "safe_run", "result", "exit", "stage", "backup",
  /// "run", "problems", "rollbacks", "restore", "warnings", "error", "next", …}.
  [[nodiscard]] std::string json() const;
};

/// Backup → pre-flight → run → validate → on failure the way back → one report. The folder of the
/// backup is in the history of what ran (backup_ref).
/// The way back: down steps and pre-images, the latest migration first, where all that ran have
/// one. Else the backup, of the collections of the run alone, and those that the run made are
/// dropped; only when `maintenance` kept writers out all the time, since what they wrote would be
/// lost: otherwise it is left as it is (`failed`), and `next` says what to do. While a restore is
/// under way the migrations are in state `attention`, afterwards `reverted`.
/// Maintenance ends with it, but when a restore failed, or when it was on before. It does not begin
/// when nothing is pending.
/// Throws as MigrationRunner for a registry that makes no sense, StoreError when history cannot be
/// read. Threads: any number of processes may call it: one runs each migration.
SafeRunReport safe_run(const Database& db, const Migrations& migrations,
                       const SafeRunOptions& options = {});

}  // namespace quire::migrate
