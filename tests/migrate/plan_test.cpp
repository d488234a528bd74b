// What plan() tells before a run.
#include <algorithm>
#include <set>

#include "counting_store.hpp"
#include "fixture.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/lint.hpp"
#include "quire/migrate/preflight.hpp"
#include "quire/model/model.hpp"
#include "quire/testing/database_image.hpp"

namespace quire::migrate::test::planning {
namespace {

struct Person {
  std::int64_t id = 0;
  std::string name = {};
};
struct PersonTwo {
  std::int64_t id = 0;
  std::string first = {};
  static auto model() { return quire::model<PersonTwo>("people").version(2); }
};

Migrations all_kinds() {
  Migrations all;
  all.app_level = 4;
  all.add({.id = "a", .up = add_field("counters", "colour", "red")});
  all.add({.id = "b", .up = each<Counter>("counters", [](Counter& one) { ++one.n; })});
  all.add(
      {.id = "c",
       .kind = MigrationKind::contract,
       .min_app = 3,
       .up = {unset_field("counters", "kept"),
              create_index("counters", bson::make_document("n", 1)),
              copy_documents("counters", "copies", bson::from_json(R"({"_id": {"$lt": 5}})"))}});
  all.add({.id = "d", .up = run(Atomicity::idempotent, [](Database&, Session&) {})});
  return all;
}

/// A store that keeps what is asked of it.
class Watched {
 public:
  explicit Watched(const Database& db)
      : store_(std::make_shared<quire::test::CountingStore>(
            db.shared_store(), [this](const char* what) { calls_.insert(what); })),
        db_(store_, db.name()) {}
  [[nodiscard]] Database db() const { return db_; }
  [[nodiscard]] std::string writes() const {
    std::string text;
    for (const char* one :
         {"insert", "update", "remove", "find_and_modify", "bulk_write", "create_indexes",
          "drop_index", "create_collection", "drop_collection", "drop_database",
          "start_transaction", "commit_transaction", "run_command"})
      if (calls_.contains(one)) text += std::string(one) + " ";
    return text;
  }
  [[nodiscard]] bool called(const std::string& what) const { return calls_.contains(what); }

 private:
  std::set<std::string> calls_;
  std::shared_ptr<quire::test::CountingStore> store_;
  Database db_;
};

TEST(Plan, CountsWithEachStepsOwnFilter) {
  Database db = empty_database();
  put_counters(db, 20);
  put(db, "counters", R"({"_id": 100, "n": 1, "colour": "blue"})");
  const auto plan = MigrationRunner{db, all_kinds()}.plan();
  ASSERT_EQ(plan.migrations.size(), 4U);
  EXPECT_EQ(plan.migrations[0].documents, 21);
  EXPECT_EQ(plan.migrations[0].matched, 20);
  EXPECT_EQ(plan.migrations[1].matched, 21);
  const auto& parts = plan.migrations[2].parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].matched, 20);
  EXPECT_EQ(parts[1].matched, 21);
  EXPECT_EQ(parts[2].matched, 5);
  EXPECT_EQ(parts[2].op, "copy_documents");
  EXPECT_EQ(plan.migrations[3].parts[0].matched, std::nullopt);
  for (const auto& one : plan.migrations) {
    EXPECT_EQ(one.parts.size(), one.steps.size());
    for (const auto& part : one.parts) EXPECT_FALSE(part.how.empty() || part.locks.empty());
  }
}

TEST(Plan, SaysHowStepsRunAndWhoMayStillRun) {
  Database db = empty_database();
  put_counters(db, 3);
  const auto can = db.capabilities();
  const auto plan = MigrationRunner{db, all_kinds()}.plan();
  EXPECT_EQ(plan.app_level, 4);
  EXPECT_EQ(plan.migrations[0].parts[0].how,
            can.transactions ? "in the migration's transaction" : "one update");
  EXPECT_NE(plan.migrations[1].parts[0].how.find("in batches of 1000 documents"),
            std::string::npos);
  EXPECT_EQ(plan.migrations[2].parts[1].how, can.transactional_catalog
                                                 ? "in a transaction of its own"
                                                 : "by itself, outside of transactions");
  EXPECT_EQ(plan.migrations[3].parts[0].how, "code that is run again after a crash");
  EXPECT_EQ(plan.migrations[1].min_app, 0);
  EXPECT_EQ(plan.migrations[2].min_app, 3);
  EXPECT_EQ(plan.migrations[3].min_app, 3);
  // What is applied counts.
  ASSERT_TRUE((MigrationRunner{db, all_kinds()}.target("c").run().ok()));
  EXPECT_EQ((MigrationRunner{db, all_kinds()}.plan().migrations.at(0).min_app), 3);
}

TEST(Plan, MeasuresASample) {
  Database db = empty_database();
  put_counters(db, 300);
  const auto plan = MigrationRunner{db, all_kinds()}.plan();
  const auto& each_part = plan.migrations[1].parts[0];
  EXPECT_EQ(each_part.sampled, 100);
  EXPECT_EQ(each_part.measured, "functions");
  EXPECT_GT(each_part.seconds.value_or(0), 0);
  EXPECT_EQ(plan.migrations[0].parts[0].measured, "reads");
  EXPECT_EQ(plan.migrations[0].parts[0].sampled, 100);
  EXPECT_EQ(plan.migrations[2].parts[2].sampled, 5);
  EXPECT_EQ(plan.migrations[2].unmeasured, 1);  // the index
  EXPECT_EQ(plan.migrations[3].seconds, std::nullopt);
  EXPECT_GT(plan.seconds.value_or(0), 0);
  PlanOptions none;
  none.sample = 0;
  EXPECT_EQ((MigrationRunner{db, all_kinds()}.plan(none).seconds), std::nullopt);
  PlanOptions late;
  late.limit = std::chrono::milliseconds(-1);
  EXPECT_EQ((MigrationRunner{db, all_kinds()}.plan(late).seconds), std::nullopt);
  // The first and the last by _id, each once.
  std::set<std::int64_t> seen;
  Migrations some;
  some.add({.id = "a", .up = each<Counter>("counters", [&](Counter& one) {
                         EXPECT_TRUE(seen.insert(one.id).second);
                       })});
  PlanOptions four;
  four.sample = 4;
  (void)MigrationRunner{db, some}.plan(four);
  EXPECT_EQ(seen, (std::set<std::int64_t>{0, 1, 298, 299}));
}

TEST(Plan, MeasuresInATransactionThatIsRolledBack) {
  Database db = empty_database();
  put_counters(db, 50);
  const auto before = testing::DatabaseImage(db);
  PlanOptions options;
  options.in_transactions = true;
  options.lint = false;
  const Watched watched(db);
  const auto plan = MigrationRunner{watched.db(), all_kinds()}.plan(options);
  const char* how = db.capabilities().transactions ? "transaction" : "reads";
  EXPECT_EQ(plan.migrations[0].parts[0].measured, how);
  EXPECT_EQ(plan.migrations[0].parts[0].sampled, 50);
  EXPECT_EQ(plan.migrations[1].parts[0].measured,
            db.capabilities().transactions ? "transaction" : "functions");
  EXPECT_EQ(plan.migrations[1].parts[0].sampled, 50);
  EXPECT_EQ(plan.migrations[2].parts[2].measured, how);
  EXPECT_FALSE(watched.called("commit_transaction"));
  EXPECT_EQ(testing::DatabaseImage(db).difference(before, "after", "before"), "");
}

TEST(Plan, TellsOfFunctionsThatFailOnTheSample) {
  Database db = empty_database();
  put_counters(db, 10);
  Migrations all;
  all.add({.id = "a", .up = each<Counter>("counters", [](Counter& one) {
                        if (one.id == 9) throw std::runtime_error("nine is too much");
                      })});
  const auto plan = MigrationRunner{db, all}.plan();
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_NE(plan.warnings[0].find("a step 1: fails on the document with _id 9 of counters: "),
            std::string::npos)
      << plan.warnings[0];
  EXPECT_NE(plan.warnings[0].find("nine is too much"), std::string::npos);
}

TEST(Plan, CountsOnlyOlderVersions) {
  Database db = empty_database();
  put(db, "people", R"({"_id": 1, "name": "a"})");
  put(db, "people", R"({"_id": 2, "first": "b", "_v": 2})");
  Migrations all;
  all.add({.id = "a", .up = transform<Person, PersonTwo>("people", [](const Person& one) {
                        return PersonTwo{one.id, one.name};
                      })});
  EXPECT_EQ((MigrationRunner{db, all}.plan().migrations.at(0).matched), 1);
}

TEST(Plan, HasTheWarningsOfLint) {
  Database db = empty_database();
  Migrations all;
  all.add({.id = "a", .up = create_collection("a")});
  all.add({.id = "b", .up = drop_collection("b")});
  const auto plan = MigrationRunner{db, all}.plan();
  ASSERT_FALSE(plan.findings.empty());
  EXPECT_EQ(plan.findings[0].code, "Q101");
  EXPECT_TRUE((MigrationRunner{db, all}.target("a").plan().findings.empty()));
  PlanOptions plain;
  plain.lint = false;
  EXPECT_TRUE((MigrationRunner{db, all}.plan(plain).findings.empty()));
  const auto json = bson::from_json(plan.json());
  EXPECT_EQ(json["findings"].as_array()["0"].as_document()["code"].as_string(), "Q101");
  EXPECT_EQ(json["migrations"]
                .as_array()["1"]
                .as_document()["parts"]
                .as_array()["0"]
                .as_document()["op"]
                .as_string(),
            "drop_collection");
}

TEST(Plan, WritesNothingAsLintDoesNot) {
  Database db = empty_database();
  put_counters(db, 5);
  const auto before = testing::DatabaseImage(db);
  const Watched watched(db);
  Migrations all = all_kinds();
  all.add({.id = "e",
           .up = create_index("counters", bson::make_document("n", 1, "x", 1),
                              {.name = {}, .unique = true})});
  EXPECT_EQ((MigrationRunner{watched.db(), all}.plan().migrations.size()), 5U);
  (void)lint(watched.db(), all);
  EXPECT_EQ(watched.writes(), "");
  EXPECT_TRUE(watched.called("count"));  // it was asked at all
  EXPECT_EQ(testing::DatabaseImage(db).difference(before, "after", "before"), "");
  EXPECT_EQ(db.store().list_collections(db.name()).size(), 1U);
}

TEST(RollbackTo, GoesBackBehindLaterOnesOrNotAtAll) {
  Database db = empty_database();
  put_counters(db, 2);
  Migrations all;
  all.add({.id = "a", .up = add_field("counters", "a", 1)});
  all.add({.id = "b", .up = add_field("counters", "b", 1)});
  all.add({.id = "c", .up = add_field("counters", "c", 1)});
  ASSERT_TRUE((MigrationRunner{db, all}.run().ok()));
  EXPECT_THROW((void)(MigrationRunner{db, all}.rollback_to("x")), MigrationError);
  EXPECT_EQ((MigrationRunner{db, all}.rollback_to("c").result), MigrationResult::nothing);
  const auto report = MigrationRunner{db, all}.rollback_to("a");
  EXPECT_TRUE(report.ok());
  ASSERT_EQ(report.migrations.size(), 2U);
  EXPECT_EQ(report.migrations[0].id, "c");
  EXPECT_EQ(state_of(db, all, "a"), MigrationState::applied);
  EXPECT_EQ(state_of(db, all, "b"), MigrationState::reverted);
  all.add({.id = "d", .up = drop_collection("x")});
  ASSERT_TRUE((MigrationRunner{db, all}.run().ok()));
  EXPECT_EQ((MigrationRunner{db, all}.rollback_to("a").result), MigrationResult::irreversible);
  EXPECT_EQ(state_of(db, all, "c"), MigrationState::applied);
}

}  // namespace
}  // namespace quire::migrate::test::planning
