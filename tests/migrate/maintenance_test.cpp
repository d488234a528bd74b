// A flag that keeps writers out, and reads alone.
#include "quire/migrate/maintenance.hpp"

#include <atomic>
#include <thread>

#include "fixture.hpp"
#include "quire/collection/collection.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::migrate::test {
namespace {

using std::chrono::milliseconds;

MaintenanceOptions quick(int ms = 30) {
  MaintenanceOptions options;
  options.ttl = milliseconds(ms);
  options.by = "tests";
  return options;
}

ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

TEST(MaintenanceMode, RefusesWritesAndLetsReadsGoOn) {
  Database db = empty_database();
  db.set_hooks(refuse_writes(db, nullptr, quick()));
  const auto people = db.collection<Person>("people");
  people.insert({1, "a@b"});
  const Maintenance maintenance(db, quick());
  EXPECT_FALSE(maintenance.status().on);
  const auto status = maintenance.on("moving the orders");
  EXPECT_TRUE(status.on);
  EXPECT_EQ(status.by, "tests");
  EXPECT_TRUE(status.since.has_value());
  EXPECT_EQ(maintenance.status().token, status.token);
  EXPECT_NE(status.json().find("\"reason\": \"moving the orders\""), std::string::npos);
  try {
    people.insert({2, "c@d"});
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::read_only);
    EXPECT_NE(error.detail().find("moving the orders (tests)"), std::string::npos);
    EXPECT_NE(error.detail().find("try again later"), std::string::npos);
  }
  const auto all_refused = [&] {
    EXPECT_EQ(code_of([&] { people.replace({1, "x"}); }), ErrorCode::read_only);
    EXPECT_EQ(code_of([&] { (void)people.remove_by_id(1); }), ErrorCode::read_only);
    EXPECT_EQ(code_of([&] { (void)people.insert_many(std::vector<Person>(2)); }),
              ErrorCode::read_only);
  };
  all_refused();
  EXPECT_EQ(people.get(1).email, "a@b");
  EXPECT_EQ(count(db, "people"), 1);
  {
    const MaintenancePass pass;
    people.insert({4, "by a tool"});
    std::thread([&] { all_refused(); }).join();
  }
  all_refused();
  EXPECT_TRUE(maintenance.off());
  EXPECT_FALSE(maintenance.off());
  std::this_thread::sleep_for(milliseconds(40));
  people.insert({2, "c@d"});
  EXPECT_EQ(count(db, "people"), 3);
}

TEST(MaintenanceMode, BelongsToWhoeverPutItOn) {
  Database db = empty_database();
  const Maintenance one(db, quick(1)), other(db, quick(1));
  const auto first = one.on("first");
  EXPECT_EQ(code_of([&] { (void)other.on("second"); }), ErrorCode::lock_busy);
  EXPECT_EQ(other.status().reason, "first");
  EXPECT_FALSE(other.off("another token"));
  EXPECT_TRUE(other.status().on);
  EXPECT_TRUE(one.off(first.token));
  EXPECT_NE(other.on("second").token, first.token);
  EXPECT_EQ(code_of([&] { (void)one.on(""); }), ErrorCode::invalid_migration);
  EXPECT_EQ(code_of([&] { (void)one.on("\xff"); }), ErrorCode::invalid_migration);
}

TEST(MaintenanceMode, OnReturnsWhenAllPollersKnow) {
  Database db = empty_database();
  const Maintenance writer(db, quick(60));
  std::atomic<bool> known{false}, late{false}, stop{false};
  std::thread poller([&] {
    while (!stop) {
      const bool is_known = known;
      if (is_known && !writer.is_on()) late = true;
    }
  });
  const Maintenance operator_(db, quick(60));
  EXPECT_FALSE(writer.is_on());
  (void)operator_.on("test");
  known = true;
  std::this_thread::sleep_for(milliseconds(50));
  stop = true;
  poller.join();
  EXPECT_FALSE(late);
}

TEST(MaintenanceMode, PollingReadsOncePerTtl) {
  Database plain = empty_database();
  std::atomic<int> calls{0};
  Database db{std::make_shared<testing::HookedStore>(plain.shared_store(),
                                                     [&](const testing::StoreCall& call) {
                                                       if (!call.returned) ++calls;
                                                     }),
              plain.name()};
  const Maintenance maintenance(db, quick(60'000));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(maintenance.is_on());
  std::thread([&] { EXPECT_FALSE(maintenance.is_on()); }).join();
  EXPECT_EQ(calls, 1);
}

TEST(MaintenanceMode, MigrationsWriteAllTheSame) {
  Database db = empty_database();
  put_counters(db, 4);
  const Maintenance maintenance(db, quick());
  db.set_hooks(refuse_writes(db, nullptr, quick()));
  (void)maintenance.on("migrations");
  Migrations list;
  list.add({.id = "a", .up = each<Counter>("counters", [](Counter& c) { c.n = 1; })});
  list.add({.id = "b", .up = run(Atomicity::idempotent, [](Database& own, Session&) {
                         own.collection<Person>("people").save({1, "by the migration"});
                       })});
  const auto report = MigrationRunner{db, list}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "counters", R"({"n":1})"), 4);
  EXPECT_EQ(count(db, "people"), 1);
  EXPECT_EQ(code_of([&] { db.collection<Person>("people").insert({2, "x"}); }),
            ErrorCode::read_only);
}

TEST(MaintenanceMode, WorksWithinTransactionsOfTheApplication) {
  Database db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  db.create_collection("people");
  db.set_hooks(refuse_writes(db, nullptr, quick(1)));
  const auto people = db.collection<Person>("people");
  db.transaction([&](Session& session) {
    std::this_thread::sleep_for(milliseconds(3));  // the flag is read within it
    people.insert({1, "a"}, {.session = session});
    std::this_thread::sleep_for(milliseconds(3));
    people.insert({2, "b"}, {.session = session});
  });
  EXPECT_EQ(count(db, "people"), 2);
  (void)Maintenance(db, quick(1)).on("test");
  EXPECT_EQ(
      code_of([&] {
        db.transaction([&](Session& session) { people.insert({3, "c"}, {.session = session}); });
      }),
      ErrorCode::read_only);
  EXPECT_EQ(count(db, "people"), 2);
}

struct New {
  std::int64_t id = 0;
  std::string mail;
  static auto model() { return quire::model<New>("people").version(2); }
};

TEST(MaintenanceMode, GoesTogetherWithUpgradesOnRead) {
  Database db = empty_database();
  put(db, "people", R"({"_id":1,"email":"a@b"})");
  Migrations list;
  list.add({.id = "m", .up = transform<Person, New>("people", [](const Person& old) {
                         return New{old.id, old.email};
                       })});
  db.set_hooks(refuse_writes(db, upgrade_on_read(list), quick()));
  (void)Maintenance(db, quick()).on("test");
  const auto people = db.collection<New>();
  EXPECT_EQ(people.get(1).mail, "a@b");
  EXPECT_EQ(code_of([&] { people.insert({2, "x"}); }), ErrorCode::read_only);
}

TEST(MaintenanceMode, IsOfOneDatabase) {
  Database db = empty_database();
  const Database tenant = db.with_name(db.name() + "_other");
  db.set_hooks(refuse_writes(db, nullptr, quick()));
  (void)Maintenance(db, quick()).on("test");
  tenant.collection<Person>("people").insert({1, "a"});
  EXPECT_EQ(code_of([&] { db.collection<Person>("people").insert({1, "a"}); }),
            ErrorCode::read_only);
  tenant.store().drop_database(tenant.name());
}

TEST(MaintenanceMode, IsNoLockOfMigrations) {
  Database db = empty_database();
  const Maintenance maintenance(db, quick(1));
  (void)maintenance.on("test");
  Migrations list;
  list.add({.id = "a", .up = create_collection("x")});
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  EXPECT_TRUE(maintenance.status().on);
  // Edited by hand: what is no flag is off.
  const auto nonsense = bson::from_json(R"({"$set":{"on":"yes"}})");
  (void)db.store().update(db.ns("_quire_lock"), bson::make_document("_id", "maintenance"),
                          {nonsense.view()}, {});
  EXPECT_FALSE(maintenance.status().on);
}

}  // namespace
}  // namespace quire::migrate::test
