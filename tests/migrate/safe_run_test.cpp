// Backup, pre-flight, run, validate, and the way back, as one.
#include "quire/migrate/safe_run.hpp"

#include <stdexcept>

#include "fixture.hpp"
#include "quire/backup/restore.hpp"
#include "quire/collection/collection.hpp"
#include "quire/testing/database_image.hpp"

namespace quire::migrate::test {
namespace {

using testing::DatabaseImage;

struct Indexed {
  std::int64_t id = 0;
  std::int64_t n = 0;
  static auto model() {
    return quire::model<Indexed>("counters").index(query::field<&Indexed::n>.asc());
  }
};

class SafeRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static int number = 0;
    folder = std::filesystem::temp_directory_path() /
             ("quire-safe-run-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(folder);
    put_counters(db, 6);
    put(db, "other", R"({"_id":1,"of":"nobody"})");
    options.backup = folder / "before";
    options.maintenance_options.ttl = std::chrono::milliseconds(1);
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  static Code count_up() {
    return [](Database& own, Session&) {
      const auto body = bson::from_json(R"({"$inc":{"n":1}})");
      store::UpdateOptions all;
      all.multi = true;
      (void)own.store().update(own.ns("counters"), {}, {body.view()}, all);
      put(own, "made", R"({"_id":1})");
    };
  }
  /// A reversible one, then one that only a backup can undo.
  Migrations irreversible_ones() {
    Migrations list;
    list.add({.id = "a", .up = add_field("counters", "status", "new")});
    list.add({.id = "b",
              .touches = {"counters.n", "made"},
              .up = run(Atomicity::idempotent, count_up()),
              .down = irreversible("code")});
    return list;
  }
  Migrations reversible_ones() {
    Migrations list;
    list.add({.id = "a", .up = add_field("counters", "status", "new")});
    list.add({.id = "b", .keep_preimages = true, .up = each<Counter>("counters", [](Counter& c) {
                                                   c.n = 7;
                                                 })});
    return list;
  }
  Validation invalid() {
    return {"the sum", [](Database&) { return std::string("is wrong"); }};
  }
  std::string difference(const DatabaseImage& before) {
    return before.difference(DatabaseImage(db), "before", "now");
  }
  std::string state(const Migrations& list, const char* id) {
    return std::string(to_string(state_of(db, list, id)));
  }
  Database db = empty_database();
  std::filesystem::path folder;
  SafeRunOptions options;
};

TEST_F(SafeRunTest, BacksUpRunsAndValidates) {
  std::vector<std::string> stages;
  options.on_stage = [&](SafeRunStage stage) { stages.emplace_back(to_string(stage)); };
  options.preflight = [](Database&) { return std::vector<std::string>(); };
  options.validate = {{"all are seven", [](Database& own) {
                         return count(own, "counters", R"({"n":7})") == 6 ? std::string()
                                                                          : std::string("no");
                       }}};
  auto report = safe_run(db, reversible_ones(), options);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.result, SafeRunResult::applied);
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(stages, (std::vector<std::string>{"backup", "preflight", "run", "validate"}));
  EXPECT_EQ(report.collections, std::vector<std::string>{"counters"});
  const auto saved = backup::verify(options.backup);
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved.documents(), 6);
  // The reference is in the history of what ran.
  const auto filter = bson::make_document(
      "backup_ref", std::filesystem::absolute(options.backup).string(), "state", "applied");
  EXPECT_EQ(db.store().count(db.ns("_quire_history"), filter, {}), 2);
  const auto json = bson::from_json(report.json());
  EXPECT_EQ(json["op"].as_string(), "safe_run");
  EXPECT_EQ(json["backup"].as_document()["result"].as_string(), "done");
  EXPECT_EQ(json["run"].as_document()["result"].as_string(), "applied");
  // Nothing is pending: no backup, no maintenance.
  options.backup = folder / "second";
  options.maintenance = true;
  report = safe_run(db, reversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::nothing);
  EXPECT_FALSE(std::filesystem::exists(folder / "second"));
}

TEST_F(SafeRunTest, ABackupThatFailsRunsNothing) {
  std::filesystem::create_directories(options.backup);
  const DatabaseImage before(db);
  const auto report = safe_run(db, reversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::refused);
  EXPECT_EQ(report.exit_code(), 30);
  EXPECT_FALSE(report.run.has_value());
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(difference(before), "");
}

TEST_F(SafeRunTest, PreflightKeepsItFromRunning) {
  options.preflight = [](Database&) { return std::vector<std::string>{"the disk is full"}; };
  options.maintenance = true;
  const auto report = safe_run(db, reversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::refused);
  EXPECT_EQ(report.exit_code(), 12);
  EXPECT_EQ(report.problems, std::vector<std::string>{"the disk is full"});
  EXPECT_EQ(count(db, "counters", R"({"status":"new"})"), 0);
  EXPECT_FALSE(Maintenance(db).status().on);
}

TEST_F(SafeRunTest, WhatIsNotValidGoesBackByStepsAndPreImages) {
  const DatabaseImage before(db);
  options.validate = {invalid()};
  const auto report = safe_run(db, reversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::rolled_back) << report.json();
  EXPECT_EQ(report.exit_code(), 30);
  EXPECT_EQ(report.problems, std::vector<std::string>{"the sum: is wrong"});
  EXPECT_EQ(report.rollbacks.size(), 2U);
  EXPECT_EQ(difference(before), "");
  EXPECT_EQ(state(reversible_ones(), "b"), "reverted");
  EXPECT_FALSE(report.next.empty());
}

TEST_F(SafeRunTest, AFailureInTheMiddleUndoesWhatRanBefore) {
  auto list = reversible_ones();
  list.add({.id = "c",
            .up = each<Counter>("counters",
                                [](Counter& c) {
                                  if (c.id == 4) throw std::runtime_error("bad");
                                  ++c.n;
                                }),
            .down = each<Counter>("counters", [](Counter& c) { --c.n; })});
  const DatabaseImage before(db);
  options.configure = [](MigrationRunner& runner) { runner.batch_size(2); };
  const auto report = safe_run(db, list, options);
  EXPECT_EQ(report.result, SafeRunResult::rolled_back) << report.json();
  EXPECT_EQ(difference(before), "");
  EXPECT_NE(report.error->detail().find("bad"), std::string::npos);
}

TEST_F(SafeRunTest, WithoutMaintenanceWhatWasWrittenIsNotRestoredAway) {
  options.validate = {{"an order comes in", [](Database& own) {
                         put(own, "counters", R"({"_id":100,"n":100})");
                         return std::string("is wrong");
                       }}};
  const auto report = safe_run(db, irreversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::failed) << report.json();
  EXPECT_NE(report.exit_code(), 0);
  EXPECT_FALSE(report.restore.has_value());
  ASSERT_FALSE(report.next.empty());
  EXPECT_EQ(count(db, "counters", R"({"_id":100})"), 1);
  EXPECT_EQ(count(db, "counters", R"({"n":1,"status":"new"})"), 6);
  EXPECT_EQ(state(irreversible_ones(), "b"), "applied");
  bool told = false;
  for (const auto& text : report.warnings)
    told = told || text.find("may have been written") != std::string::npos;
  EXPECT_TRUE(told) << report.json();
}

TEST_F(SafeRunTest, InMaintenanceTheCollectionsOfTheRunAreRestored) {
  db.set_hooks(refuse_writes(db, nullptr, options.maintenance_options));
  const DatabaseImage before(db);
  options.maintenance = true;
  options.validate = {{"a writer is refused", [&](Database& own) {
                         EXPECT_THROW(own.collection<Counter>("counters").insert({100, 100}),
                                      StoreError);
                         return std::string("is wrong");
                       }}};
  const auto report = safe_run(db, irreversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::restored) << report.json();
  EXPECT_EQ(report.exit_code(), 30);
  EXPECT_EQ(difference(before), "");  // "made" is gone, too
  EXPECT_EQ(count(db, "counters"), 6);
  EXPECT_EQ(state(irreversible_ones(), "a"), "reverted");
  EXPECT_EQ(state(irreversible_ones(), "b"), "reverted");
  EXPECT_EQ(count(db, "_quire_events", R"({"migration":"b","to":"reverted"})"), 1);
  EXPECT_FALSE(report.in_maintenance);
  EXPECT_FALSE(Maintenance(db).status().on);
  // The cause is corrected: it runs again.
  ASSERT_TRUE((MigrationRunner{db, irreversible_ones()}.run().ok()));
  EXPECT_EQ(count(db, "counters", R"({"n":1})"), 6);
}

TEST_F(SafeRunTest, MaintenanceThatSomebodyEndedIsNotRelied) {
  options.maintenance = true;
  options.validate = {{"ended", [](Database& own) {
                         EXPECT_TRUE(Maintenance(own).off());
                         put(own, "counters", R"({"_id":100,"n":100})");
                         return std::string("is wrong");
                       }}};
  const auto report = safe_run(db, irreversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::failed) << report.json();
  EXPECT_FALSE(report.restore.has_value());
  EXPECT_EQ(count(db, "counters", R"({"_id":100})"), 1);
}

TEST_F(SafeRunTest, OneThatWasOnBeforeStaysOn) {
  const Maintenance maintenance(db, options.maintenance_options);
  const auto flag = maintenance.on("by hand");
  options.maintenance = true;
  options.validate = {invalid()};
  const auto report = safe_run(db, irreversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::restored) << report.json();
  EXPECT_TRUE(report.in_maintenance);
  EXPECT_EQ(maintenance.status().token, flag.token);
}

TEST_F(SafeRunTest, ABackupThatWasDamagedChangesNothing) {
  options.maintenance = true;
  options.validate = {{"damage", [&](Database&) {
                         for (const auto& file :
                              std::filesystem::recursive_directory_iterator(options.backup))
                           if (file.path().filename() == "counters.bson")
                             std::filesystem::resize_file(file.path(), 10);
                         return std::string("is wrong");
                       }}};
  const auto report = safe_run(db, irreversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::failed) << report.json();
  EXPECT_EQ(report.exit_code(), 31);
  EXPECT_EQ(count(db, "counters", R"({"n":1})"), 6);
  EXPECT_TRUE(report.in_maintenance);
  EXPECT_TRUE(Maintenance(db).status().on);
  EXPECT_FALSE(report.next.empty());
}

TEST_F(SafeRunTest, OnRequestAFailureIsLeft) {
  options.validate = {invalid()};
  options.roll_back = false;
  const auto report = safe_run(db, reversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::failed);
  EXPECT_EQ(report.exit_code(), 41);
  EXPECT_EQ(count(db, "counters", R"({"n":7})"), 6);
}

TEST_F(SafeRunTest, ModelsAndNumbersAreLookedAt) {
  options.models = {&model_of<Indexed>()};
  auto report = safe_run(db, reversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::rolled_back);
  ASSERT_EQ(report.problems.size(), 1U) << report.json();
  EXPECT_NE(report.problems[0].find("is missing"), std::string::npos) << report.problems[0];

  options.models.clear();
  options.maintenance = true;
  options.backup = folder / "second";
  options.validate = {{"a writer without hooks", [](Database& own) {
                         put(own, "counters", R"({"_id":100,"n":7})");
                         return std::string();
                       }}};
  report = safe_run(db, reversible_ones(), options);
  ASSERT_EQ(report.problems.size(), 1U) << report.json();
  EXPECT_NE(report.problems[0].find("6 documents"), std::string::npos) << report.problems[0];
}

TEST_F(SafeRunTest, ABusyLockAndAStopAreNoFailures) {
  std::stop_source stop;
  stop.request_stop();
  options.stop = stop.get_token();
  options.backup.clear();
  const auto report = safe_run(db, reversible_ones(), options);
  EXPECT_EQ(report.result, SafeRunResult::stopped) << report.json();
  EXPECT_EQ(report.exit_code(), 32);
  EXPECT_TRUE(report.rollbacks.empty());
}

}  // namespace
}  // namespace quire::migrate::test
