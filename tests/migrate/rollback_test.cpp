#include <stdexcept>

#include "fixture.hpp"
#include "quire/core/error.hpp"
#include "quire/testing/testing.hpp"

namespace quire::migrate::test::rollback {

Migrations declared() {
  Migrations all;
  all.add({.id = "a",
           .up = {add_field("t", "status", "new"), rename_field("t", "x", "y"),
                  create_index("t", bson::make_document("y", 1))}});
  all.add({.id = "b",
           .depends_on = {"a"},
           .up = move_documents("t", "archive", bson::make_document("old", true))});
  return all;
}

void put_rows(Database& db) {
  put(db, "t", R"({"_id":1,"x":1,"old":true})");
  put(db, "t", R"({"_id":2,"x":2,"old":false})");
}

TEST(Rollback, DeclaredStepsComeBackByTheirInverses) {
  auto db = empty_database();
  put_rows(db);
  const auto before = all(db, "t");
  ASSERT_TRUE((MigrationRunner{db, declared()}.run().ok()));
  EXPECT_EQ(count(db, "t"), 1);
  EXPECT_EQ(count(db, "archive", R"({"y":1,"status":"new"})"), 1);
  auto report = MigrationRunner{db, declared()}.rollback("a");  // takes b along, first
  ASSERT_TRUE(report.ok()) << report.json();
  ASSERT_EQ(report.migrations.size(), 2U);
  EXPECT_EQ(report.migrations[0].id, "b");
  EXPECT_EQ(report.migrations[0].state, MigrationState::reverted);
  // The order of fields may differ; the values may not.
  EXPECT_EQ(
      count(db, "t", R"({"x":{"$exists":true},"y":{"$exists":false},"status":{"$exists":false}})"),
      2);
  EXPECT_EQ(count(db, "archive"), 0);
  EXPECT_EQ(db.store().list_indexes(db.ns("t")).size(), 1U);
  EXPECT_EQ(state_of(db, declared(), "a"), MigrationState::reverted);
  ASSERT_TRUE((MigrationRunner{db, declared()}.run().ok()));
  EXPECT_EQ(count(db, "archive", R"({"y":1,"status":"new"})"), 1);
}

TEST(Rollback, TakesTheLastOnesByCount) {
  auto db = empty_database();
  put_rows(db);
  ASSERT_TRUE((MigrationRunner{db, declared()}.run().ok()));
  const auto report = MigrationRunner{db, declared()}.rollback(1);
  ASSERT_EQ(report.migrations.size(), 1U);
  EXPECT_EQ(report.migrations[0].id, "b");
  EXPECT_EQ((MigrationRunner{db, declared()}.rollback(0).result), MigrationResult::nothing);
}

TEST(Rollback, AnIrreversibleOneRefusesTheWhole) {
  auto db = empty_database();
  put_rows(db);
  auto list = declared();
  list.add({.id = "c",
            .depends_on = {"b"},
            .up = add_field("t", "z", 1),
            .down = irreversible("because")});
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  const auto before = all(db, "t");
  const auto report = MigrationRunner{db, list}.rollback("a");
  EXPECT_EQ(report.result, MigrationResult::irreversible);
  EXPECT_EQ(report.error->code(), ErrorCode::irreversible);
  EXPECT_EQ(report.error->path().str(), "c");
  EXPECT_EQ(report.error->detail(), "because");
  EXPECT_TRUE(report.migrations.empty());
  EXPECT_EQ(all(db, "t"), before);
}

TEST(Rollback, AFailureLeavesTheMigrationApplied) {
  auto db = empty_database();
  Migrations list;
  list.add({.id = "a", .up = create_collection("fresh")});
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  put(db, "fresh", R"({"_id":1})");
  const auto report = MigrationRunner{db, list}.rollback("a");
  EXPECT_EQ(report.result, MigrationResult::failed) << report.json();
  EXPECT_EQ(count(db, "fresh"), 1);
  EXPECT_EQ(state_of(db, list, "a"), MigrationState::applied);
}

TEST(Rollback, UnknownIdsAreRefused) {
  try {
    (void)MigrationRunner{empty_database(), declared()}.rollback("nowhere");
    FAIL();
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unknown_migration);
  }
}

TEST(Rollback, AHalfDoneTransformGoesBackExactlyAsFarAsItCame) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put_counters(db, 20);
  const auto before = all(db, "counters");
  Migrations list;
  list.add({.id = "m",
            .up = each<Counter>("counters",
                                [](Counter& c) {
                                  if (c.id == 13) throw std::runtime_error("bad");
                                  c.n += 5;
                                }),
            .down = each<Counter>("counters", [](Counter& c) { c.n -= 5; })});
  EXPECT_EQ((MigrationRunner{db, list}.batch_size(4).run().result), MigrationResult::partial);
  EXPECT_EQ(count(db, "counters", R"({"n":5})"), 12);
  const auto report = MigrationRunner{db, list}.batch_size(5).rollback("m");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "counters"), before);
}

TEST(Rollback, TakesBackABatchWhoseCursorWasNotSaved) {
  for (const int fatal : {1, 2}) {  // the first batch, and one behind a cursor
    auto plain = empty_database();
    put_counters(plain, 20);
    const auto before = all(plain, "counters");
    int bulks = 0;
    auto store = std::make_shared<testing::HookedStore>(
        plain.shared_store(), [&](const testing::StoreCall& call) {
          if (call.operation == "bulk_write" && call.returned && ++bulks == fatal)
            throw StoreError(ErrorCode::network_error, "the answer was lost");
        });
    store->without_transactions = true;
    Database db(store, plain.name());
    Migrations list;
    list.add({.id = "m",
              .up = each<Counter>("counters", [](Counter& c) { c.n += 5; }),
              .down = each<Counter>("counters", [](Counter& c) { c.n -= 5; })});
    const auto up = MigrationRunner(db, list).batch_size(4).run();
    EXPECT_EQ(up.result, MigrationResult::partial) << up.json();
    EXPECT_EQ(count(plain, "counters", R"({"n":5})"), 4 * fatal);
    const auto down = MigrationRunner(db, list).batch_size(3).rollback("m");
    ASSERT_TRUE(down.ok()) << down.json();
    EXPECT_EQ(all(plain, "counters"), before);
    // Nothing is taken for done when it goes forth again.
    ASSERT_TRUE(MigrationRunner(db, list).run().ok());
    EXPECT_EQ(count(plain, "counters", R"({"n":5})"), 20);
    store::RemoveOptions options;
    options.multi = true;
    for (const char* name : {"counters", "_quire_history", "_quire_events", "_quire_jobs"})
      (void)plain.store().remove(plain.ns(name), {}, options);
  }
}

TEST(Rollback, RenameDoesNotOverwriteAField) {
  auto db = empty_database();
  put(db, "t", R"({"_id":1,"x":1,"y":2})");
  Migrations list;
  list.add({.id = "m", .up = rename_field("t", "x", "y")});
  const auto report = MigrationRunner{db, list}.run();
  EXPECT_EQ(report.result, MigrationResult::failed);
  EXPECT_EQ(all(db, "t")[0], same(R"({"_id":1,"x":1,"y":2})"));
}

}  // namespace quire::migrate::test::rollback
