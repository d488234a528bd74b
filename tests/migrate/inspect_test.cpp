#include "quire/migrate/inspect.hpp"

#include <thread>

#include "fixture.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using namespace test;

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

TEST(Inspect, ReadsWhatRunsLeft) {
  Database db = empty_database();
  EXPECT_FALSE(lock_info(db));
  EXPECT_TRUE(history(db).empty());
  EXPECT_TRUE(events(db).empty());
  put_counters(db, 10);
  Migrations migrations;
  migrations.add({.id = "b", .title = "first", .up = add_field("counters", "x", 1)});
  migrations.add({.id = "a", .up = each<Counter>("counters", [](Counter& one) { ++one.n; })});
  ASSERT_TRUE((MigrationRunner{db, migrations}.application("shop 2").run().ok()));
  const auto lock = lock_info(db);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(lock->held);
  EXPECT_GT(lock->token, 0);
  EXPECT_EQ(lock->application, "shop 2");
  const auto rows = history(db);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, "b");
  EXPECT_EQ(rows[0].title, "first");
  EXPECT_EQ(rows[1].state, "applied");
  EXPECT_EQ(rows[1].changed, 10);
  EXPECT_TRUE(rows[1].finished);
  const auto edges = events(db);
  ASSERT_EQ(edges.size(), 4U);
  EXPECT_EQ(edges[0].migration, "b");
  EXPECT_EQ(edges[0].from, "pending");
  EXPECT_EQ(events(db, {.most = 1}).size(), 1U);
  EXPECT_EQ(events(db, {.most = 0, .migration = "a"}).size(), 2U);
  const auto steps = jobs(db);
  ASSERT_FALSE(steps.empty());
  EXPECT_EQ(steps.front().migration, "a");
  EXPECT_EQ(steps.front().state, "complete");
}

TEST(Inspect, ShowsRowsThatSomebodyEdited) {
  Database db = empty_database();
  put(db, "_quire_history", R"({"_id": 7, "state": "strange", "seq": "x", "error": {"a": 1}})");
  put(db, "_quire_lock", R"({"_id": "migrate", "holder": null, "token": "many"})");
  const auto rows = history(db);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, "strange");
  EXPECT_EQ(rows[0].sequence, 0);
  EXPECT_EQ(rows[0].error, R"({"a": 1})");
  EXPECT_EQ(lock_info(db)->token, 0);
}

void put_lock(Database& db, std::int64_t lease_ms) {
  const auto document = bson::make_document("_id", "migrate", "holder", Uuid::generate(), "token",
                                            std::int64_t{5}, "beat", std::int64_t{9}, "lease_ms",
                                            lease_ms, "host", "elsewhere", "pid", std::int64_t{4});
  const bson::View view = document;
  ASSERT_TRUE(db.store().insert(db.ns("_quire_lock"), {&view, 1}, {}).errors.empty());
}

TEST(Unlock, FreesALockThatStoodStillAndSaysWhy) {
  Database db = empty_database();
  put_lock(db, 100);
  EXPECT_EQ(code_of([&] { unlock(db, 5, ""); }), ErrorCode::invalid_migration);
  EXPECT_EQ(code_of([&] { unlock(db, 4, "it is gone"); }), ErrorCode::lock_busy);
  std::chrono::milliseconds watched{0};
  unlock(db, 5, "it is gone", {.watching = [&](auto time) { watched = time; }});
  EXPECT_EQ(watched.count(), 125);
  const auto lock = lock_info(db);
  EXPECT_FALSE(lock->held);
  EXPECT_EQ(lock->token, 6);
  const auto list = events(db);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].what, "unlock");
  EXPECT_EQ(list[0].note, "it is gone");
  EXPECT_EQ(list[0].fence, 5);
  EXPECT_EQ(code_of([&] { unlock(db, 6, "it is gone"); }), ErrorCode::lock_busy);
}

TEST(Unlock, LeavesAHolderThatBeatsAlone) {
  Database db = empty_database();
  put_lock(db, 400);
  std::jthread beats([db](const std::stop_token& stop) mutable {
    const auto update = bson::from_json(R"({"$inc": {"beat": {"$numberLong": "1"}}})");
    while (!stop.stop_requested()) {
      (void)db.store().update(db.ns("_quire_lock"), bson::make_document("_id", "migrate"),
                              {update.view()}, {});
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
  });
  EXPECT_EQ(code_of([&] { unlock(db, 5, "it hangs"); }), ErrorCode::lock_busy);
  EXPECT_TRUE(lock_info(db)->held);
  unlock(db, 5, "it hangs", {.force = true});
  EXPECT_FALSE(lock_info(db)->held);
}

TEST(Unlock, IsStoppedWhileItWatches) {
  Database db = empty_database();
  put_lock(db, 60'000);
  std::stop_source stop;
  UnlockOptions options;
  options.stop = stop.get_token();
  options.watching = [&](auto) { stop.request_stop(); };
  EXPECT_EQ(code_of([&] { unlock(db, 5, "it is gone", options); }), ErrorCode::migration_partial);
  EXPECT_TRUE(lock_info(db)->held);
}

}  // namespace
}  // namespace quire::migrate
