#include "quire/migrate/safe_run.hpp"

#include <algorithm>
#include <map>

#include "migrate/run_collections.hpp"
#include "migrate/safe_restore.hpp"
#include "migrate/support.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/drift.hpp"
#include "quire/migrate/preflight.hpp"

namespace quire::migrate {
namespace {

class SafeRun {
 public:
  SafeRun(Database db, const Migrations& migrations, const SafeRunOptions& options)
      : db_(std::move(db)),
        migrations_(migrations),
        options_(options),
        maintenance_(db_, options.maintenance_options) {}

  SafeRunReport run() {
    const auto start = boot_time();
    plan_ = runner().plan();
    if (!plan_.migrations.empty()) {
      try {
        chain();
      } catch (const Error& error) {
        const bool ran = report_.run.has_value();
        end(ran ? SafeRunResult::failed : SafeRunResult::refused, error,
            {ran ? "look at the state of the migrations, correct the cause and run again"
                 : "correct the cause and run again: nothing was run"});
      }
      leave_maintenance();
    }
    report_.ms = (boot_time() - start).count();
    return std::move(report_);
  }

 private:
  [[nodiscard]] MigrationRunner runner() const {
    MigrationRunner runner(db_, migrations_);
    if (options_.configure) options_.configure(runner);
    runner.stop_token(options_.stop);
    runner.undo(options_.undo);
    return runner;
  }
  void enter(SafeRunStage stage) {
    report_.stage = stage;
    if (options_.on_stage) options_.on_stage(stage);
  }
  void end(SafeRunResult result, std::optional<Error> error, std::vector<std::string> next) {
    report_.result = result;
    report_.error = std::move(error);
    for (std::string& one : next) report_.next.push_back(std::move(one));
  }

  void chain() {
    touched_ = collections_of(db_, plan_);
    report_.collections.assign(touched_.names.begin(), touched_.names.end());
    for (const PlannedMigration& one : plan_.migrations) {
      if (one.reversible.empty()) continue;
      const bool can_restore = options_.maintenance && !options_.backup.empty();
      report_.warnings.push_back(one.id + " has no way back (" + one.reversible + "): " +
                                 (can_restore ? "the backup is it"
                                              : "a failure after it is left as it is, since a "
                                                "backup is restored in maintenance only"));
    }
    if (options_.maintenance) enter_maintenance();
    if (!save() || !look_before()) return;
    count_before();
    enter(SafeRunStage::run);
    auto migrations = runner();
    if (!backup_ref_.empty()) migrations.backup_ref(backup_ref_);
    report_.run = migrations.run();
    using enum MigrationResult;
    switch (report_.run->result) {
      case nothing:
      case skipped:
        return end(SafeRunResult::nothing, std::nullopt, report_.run->next);
      case paused:
        return end(SafeRunResult::stopped, report_.run->error, report_.run->next);
      case busy:
      case too_new:
        return end(SafeRunResult::refused, report_.run->error, report_.run->next);
      case lock_lost:
        return end(SafeRunResult::failed, report_.run->error, report_.run->next);
      case applied:
      case deferred:  // what is left for the background is not looked at here
        enter(SafeRunStage::validate);
        look_after();
        if (report_.problems.empty()) return end(SafeRunResult::applied, std::nullopt, {});
        break;
      default:
        break;
    }
    const bool invalid = report_.run->ok();
    std::optional<Error> why = report_.run->error;
    if (invalid)
      why = MigrationError(ErrorCode::precondition_failed,
                           "the data are not valid after the run: " + report_.problems.front());
    if (!options_.roll_back) return end(SafeRunResult::failed, why, report_.run->next);
    go_back(*why);
  }

  // ---------------------------------------------------------------- before

  bool save() {
    if (options_.backup.empty()) return true;
    enter(SafeRunStage::backup);
    backup::BackupOptions how;
    how.gzip = options_.gzip;
    how.stop = options_.stop;
    if (!options_.backup_all && !touched_.all) {
      for (const std::string& name : saved_names(db_, touched_)) how.collections.push_back(name);
      if (how.collections.empty()) {
        report_.warnings.emplace_back("nothing of what the migrations touch is there: no backup");
        return true;
      }
    }
    report_.backup = backup::backup(db_, options_.backup, how);
    std::optional<Error> error = report_.backup->error;
    if (report_.backup->ok()) {
      error = backup::verify(options_.backup).error;  // is it readable?
      backup_ref_ = std::filesystem::absolute(options_.backup).string();
    }
    if (report_.backup->ok() && !error) return true;
    end(report_.backup->result == backup::Result::stopped ? SafeRunResult::stopped
                                                          : SafeRunResult::refused,
        error, {"correct the cause of the failed backup; nothing was run"});
    return false;
  }

  bool look_before() {
    enter(SafeRunStage::preflight);
    if (options_.preflight) {
      report_.problems = options_.preflight(db_);
    } else {
      PreflightOptions how;
      how.models = options_.models;
      if (!backup_ref_.empty()) how.backup = options_.backup;
      report_.problems = preflight(db_, migrations_, how).problems();
    }
    if (report_.problems.empty()) return true;
    end(SafeRunResult::refused,
        MigrationError(ErrorCode::precondition_failed,
                       "something stands in the way: " + report_.problems.front()),
        {"see to it and run again: nothing was run"});
    return false;
  }

  [[nodiscard]] std::int64_t documents() const {
    std::int64_t sum = 0;
    for (const std::string& name : touched_.names)
      sum += db_.store().count(db_.ns(name), {}, safe<store::CountOptions>());
    return sum;
  }
  /// With writers about, a number says nothing.
  [[nodiscard]] bool is_counted() const {
    return options_.verify != VerifyLevel::none && options_.maintenance && touched_.in_place;
  }
  void count_before() {
    if (is_counted()) before_ = documents();
  }

  // ---------------------------------------------------------------- after

  void look_after() {
    for (const Validation& one : options_.validate) {
      std::string problem;
      try {
        problem = one.problem(db_);
      } catch (...) {
        problem = "asking failed: " + current_failure().text;
      }
      if (!problem.empty()) report_.problems.push_back(one.name + ": " + problem);
    }
    if (options_.verify == VerifyLevel::none) return;
    if (is_counted()) {
      std::int64_t removed = 0;
      for (const MigrationEntry& one : report_.run->migrations) removed += one.removed;
      const std::int64_t now = documents();
      if (now != before_ - removed) {
        report_.problems.push_back("there were " + std::to_string(before_) + " documents, " +
                                   std::to_string(removed) + " were removed, and now there are " +
                                   std::to_string(now));
      }
    }
    look_at_models();
  }

  void look_at_models() {
    if (options_.models.empty()) return;
    DriftOptions how;
    how.full = options_.verify == VerifyLevel::digest || options_.verify == VerifyLevel::full;
    if (options_.verify == VerifyLevel::counts) how.sample = 0;
    for (const CollectionDrift& one : find_drift(db_, options_.models, how).collections) {
      for (const IndexDrift& index : one.indexes) {
        if (index.kind == IndexDrift::Kind::undeclared) continue;
        report_.problems.push_back(one.collection + ": index " + index.name +
                                   (index.kind == IndexDrift::Kind::missing
                                        ? " is missing"
                                        : " is another one: " + index.reason));
      }
      for (const TypeDrift& type : one.types) {
        report_.problems.push_back(one.collection + ": \"" + type.path + "\" is " + type.found +
                                   " in " + std::to_string(type.documents) + " documents, not " +
                                   type.wanted);
      }
    }
  }

  // ---------------------------------------------------------------- back

  void go_back(const Error& why) {
    std::vector<std::string> ids;  // the latest first
    bool has_way = true;
    for (auto one = report_.run->migrations.rbegin(); one != report_.run->migrations.rend();
         ++one) {
      if (one->down || one->state == MigrationState::failed ||
          one->state == MigrationState::reverted || one->state == MigrationState::skipped)
        continue;
      ids.push_back(one->id);
      const auto planned = std::ranges::find(plan_.migrations, one->id, &PlannedMigration::id);
      if (one->state == MigrationState::attention ||
          (planned != plan_.migrations.end() && !planned->reversible.empty()))
        has_way = false;
    }
    if (ids.empty()) return end(SafeRunResult::rolled_back, why, report_.run->next);
    if (has_way && roll_back(ids)) {
      return end(SafeRunResult::rolled_back, why,
                 {"correct the cause and run again: what this run did was undone"});
    }
    restore(ids, why);
  }

  bool roll_back(const std::vector<std::string>& ids) {
    enter(SafeRunStage::roll_back);
    for (const std::string& id : ids) {
      report_.rollbacks.push_back(runner().rollback(id));
      const MigrationReport& last = report_.rollbacks.back();
      for (const std::string& text : last.warnings) report_.warnings.push_back(text);
      for (const std::string& text : last.next) report_.next.push_back(text);
      if (!last.ok()) return false;
    }
    return true;
  }

  void restore(const std::vector<std::string>& ids, const Error& why) {
    std::string list;
    for (const std::string& id : ids) list += (list.empty() ? "" : ", ") + id;
    const auto leave = [&](const std::string& because, std::vector<std::string> next) {
      report_.warnings.push_back(list + " cannot be undone by steps or pre-images, and " + because);
      end(SafeRunResult::failed, why, std::move(next));
    };
    if (backup_ref_.empty()) {
      return leave("there is no backup",
                   {"correct the cause, or the data, by hand or by another migration"});
    }
    if (!options_.maintenance) {
      return leave("the backup was not restored: documents may have been written since it was made",
                   {"go on with the data as they are: correct the cause and run again",
                    "or stop the writers, and restore " + backup_ref_ +
                        " (quire restore FOLDER URI --drop); what was written since is lost"});
    }
    const auto flag = maintenance_.status();
    if (!flag.on || flag.token != token_) {
      return leave(
          "the backup was not restored: maintenance was ended meanwhile, and documents may "
          "have been written since",
          {"look at what was written since " + backup_ref_ + " was made, then decide"});
    }
    enter(SafeRunStage::restore);
    report_.restore = restore_run(db_, options_.backup, backup_ref_, touched_, ids);
    if (report_.restore->ok()) {
      return end(SafeRunResult::restored, why,
                 {"correct the cause and run again: the data are as before this run"});
    }
    report_.in_maintenance = true;
    end(SafeRunResult::failed, report_.restore->error,
        {"the backup " + backup_ref_ +
         " could not be restored whole, and the database stays in "
         "maintenance: correct the cause, restore it (quire restore FOLDER URI --drop), mark "
         "the migrations failed, and end maintenance"});
  }

  /// One that is on already, by hand, is gone by and stays on.
  void enter_maintenance() {
    const auto flag = maintenance_.status();
    is_ours_ = !flag.on;
    if (is_ours_) {
      token_ = maintenance_.on(options_.reason).token;
    } else {
      token_ = flag.token;
      sleep_or_stop(options_.maintenance_options.ttl, options_.stop);  // it may be just on
    }
  }

  void leave_maintenance() {
    if (token_.empty()) return;
    if (!is_ours_) report_.in_maintenance = true;
    if (report_.in_maintenance) return;
    try {
      (void)maintenance_.off(token_);
    } catch (const Error& error) {
      report_.in_maintenance = true;
      report_.warnings.push_back("maintenance could not be ended: " + error.detail());
      report_.next.emplace_back("end maintenance: Maintenance::off(), or \"maintenance off\"");
    }
  }

  Database db_;
  const Migrations& migrations_;
  const SafeRunOptions& options_;
  Maintenance maintenance_;
  MigrationPlan plan_;
  TouchedCollections touched_;
  std::string token_;
  bool is_ours_ = false;  ///< the maintenance
  std::string backup_ref_;
  std::int64_t before_ = 0;
  SafeRunReport report_;
};

}  // namespace

SafeRunReport safe_run(const Database& db, const Migrations& migrations,
                       const SafeRunOptions& options) {
  return SafeRun(db, migrations, options).run();
}

}  // namespace quire::migrate
