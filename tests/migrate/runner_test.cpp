#include "quire/migrate/runner.hpp"

#include <stdexcept>

#include "concerned_store.hpp"
#include "counting_store.hpp"
#include "fixture.hpp"

namespace quire::migrate::test::runner {

struct Row {
  bson::Value id;
  int n = 0;
};
struct Line {
  std::string sku;
};
struct Inner {
  int a = 0;
};
struct Outer {
  std::int64_t id = 0;
  Inner inner;
  std::vector<Line> lines;
};

struct UserEmail {
  ObjectId id;
  std::string email;
};
struct AddUserStatus : Migration {
  AddUserStatus() : Migration{{.id = "2026_02_01_user_status", .title = "Users have a status"}} {}
  void up(MigrationContext& m) override { m.add_field("users", "status", "active"); }
};
struct NormalizeEmails : Migration {
  NormalizeEmails()
      : Migration{{.id = "2026_02_10_normalize_emails",
                   .title = "Lower-case e-mail addresses",
                   .depends_on = {"2026_02_01_user_status"},
                   .touches = {"users.email"}}} {}
  void up(MigrationContext& m) override {
    m.each<UserEmail>("users", [](UserEmail& u) { to_lower(u.email); });
  }
  Undo undo() override { return irreversible("the original case is not kept"); }
};
struct UserV1 {
  ObjectId id;
  std::string name;
};
struct UserV2 {
  ObjectId id;
  std::string first;
  std::string last;
};

Migrations user_migrations() {
  Migrations all;
  all.add<AddUserStatus>().add<NormalizeEmails>();
  all.add({.id = "2026_03_01_split_name",
           .title = "full name → first, last",
           .up = transform<UserV1, UserV2>("users",
                                           [](const UserV1& u) {
                                             const auto space = u.name.find(' ');
                                             return UserV2{u.id, u.name.substr(0, space),
                                                           u.name.substr(space + 1)};
                                           }),
           .down = transform<UserV2, UserV1>(
               "users", [](const UserV2& u) { return UserV1{u.id, u.first + " " + u.last}; })});
  return all;
}

void put_users(Database& db) {
  put(db, "users",
      R"({"_id":{"$oid":"0000000000000000000000aa"},"email":"ADA@Example.org","name":"Ada Lovelace","extra":[1]})");
  put(db, "users",
      R"({"_id":{"$oid":"0000000000000000000000ab"},"email":"kurt@example.org","name":"Kurt G","status":"gone"})");
}

TEST(Runner, AppliesClassAndValueFormsInOrder) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put_users(db);
  const auto report = MigrationRunner{db, user_migrations()}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.exit_code(), 0);
  ASSERT_EQ(report.migrations.size(), 3U);
  EXPECT_EQ(report.migrations[0].atomicity, Atomicity::transactional);
  EXPECT_EQ(report.migrations[1].atomicity, Atomicity::resumable);
  EXPECT_EQ(report.migrations[1].matched, 2);
  EXPECT_EQ(report.migrations[1].changed, 1);
  EXPECT_EQ(
      all(db, "users"),
      (std::vector<std::string>{
          same(
              R"({"_id":{"$oid":"0000000000000000000000aa"},"email":"ada@example.org","extra":[1],"status":"active","first":"Ada","last":"Lovelace"})"),
          same(
              R"({"_id":{"$oid":"0000000000000000000000ab"},"email":"kurt@example.org","status":"gone","first":"Kurt","last":"G"})")}));
}

TEST(Runner, FindsNothingToDoInOneReadWithoutALock) {
  auto db = empty_database();
  put_users(db);
  ASSERT_TRUE((MigrationRunner{db, user_migrations()}.run().ok()));
  int calls = 0;
  Database counted{std::make_shared<quire::test::CountingStore>(db.shared_store(),
                                                                [&](const char*) { ++calls; }),
                   db.name()};
  const auto report = MigrationRunner{counted, user_migrations()}.run();
  EXPECT_EQ(report.result, MigrationResult::nothing);
  EXPECT_EQ(report.lock_token, 0);
  EXPECT_LE(calls, 2);
}

TEST(Runner, ReadsByThePrimaryAndWritesToTheMajority) {
  for (const bool transactions : {true, false}) {
    auto db = empty_database();
    put_users(db);
    const auto store = std::make_shared<quire::test::ConcernedStore>(db.shared_store());
    store->without_transactions = !transactions;
    const Database watched{store, db.name()};
    ASSERT_TRUE((MigrationRunner{watched, user_migrations()}.run().ok()));
    EXPECT_GT(store->reads, 1);
    EXPECT_GE(store->writes, 2);  // taking the lock and letting it go
    // Whether there is anything to do is told without asking what the store can.
    store->asked = store->reads = store->writes = 0;
    EXPECT_EQ((MigrationRunner{watched, user_migrations()}.run().result), MigrationResult::nothing);
    EXPECT_EQ(store->asked, 0);
    EXPECT_EQ(store->reads, 1);
    EXPECT_EQ(store->writes, 0);
  }
}

TEST(Runner, KeepsHistoryEventsAndTheLockDocument) {
  auto db = empty_database();
  put_users(db);
  ASSERT_TRUE((MigrationRunner{db, user_migrations()}.run().ok()));
  const bool transactions = db.capabilities().transactions;
  EXPECT_EQ(
      count(db, "_quire_history",
            std::string(R"({"guarantee":)") + (transactions ? R"("txn")" : R"({"$ne":"txn"})") +
                R"(,"state":"applied","fence":1,"direction":"up",
                      "algorithm":"q1:sha256","started":{"$type":"date"},
                      "finished":{"$type":"date"},"host":{"$type":"string"},"error":{"$exists":false}})"),
      3);
  EXPECT_EQ(count(db, "_quire_events", R"({"from":"pending","to":"running"})"), 3);
  EXPECT_EQ(count(db, "_quire_events", R"({"from":"running","to":"applied"})"), 3);
  EXPECT_EQ(count(db, "_quire_lock", R"({"_id":"migrate","holder":null,"token":1})"), 1);
}

TEST(Runner, TransactionalFailureLeavesNothingBehind) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put_users(db);
  const auto before = all(db, "users");
  Migrations broken;
  broken.add(
      {.id = "m",
       .up = {add_field("users", "a", 1), run(Atomicity::transactional, [](Database&, Session&) {
                throw std::runtime_error("no");
              })}});
  const auto report = MigrationRunner{db, broken}.run();
  EXPECT_EQ(report.result, MigrationResult::failed);
  EXPECT_EQ(report.exit_code(), 30);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), ErrorCode::migration_failed);
  EXPECT_EQ(report.error->path().str(), "m");
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(all(db, "users"), before);
  EXPECT_EQ(state_of(db, broken, "m"), MigrationState::failed);
  EXPECT_THROW(report.or_throw(), MigrationError);
  EXPECT_EQ(count(db, "_quire_lock", R"({"holder":null})"), 1);
}

TEST(Runner, EachStopsAtItsLastBatchAndResumesThere) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put_counters(db, 25);
  int calls = 0;
  bool broken = true;
  Migrations migrations;
  migrations.add({.id = "count", .up = each<Counter>("counters", [&](Counter& c) {
                                   ++calls;
                                   if (broken && c.id == 17) throw std::runtime_error("bad row");
                                   ++c.n;
                                 })});
  auto report = MigrationRunner{db, migrations}.batch_size(5).run();
  EXPECT_EQ(report.result, MigrationResult::partial);
  EXPECT_EQ(report.exit_code(), 31);
  EXPECT_EQ(report.error->code(), ErrorCode::migration_partial);
  EXPECT_NE(report.error->detail().find("collection counters, _id 17: bad row"), std::string::npos)
      << report.error->detail();
  ASSERT_TRUE(report.migrations.at(0).cursor);
  EXPECT_EQ(*report.migrations.at(0).cursor, bson::Value(std::int64_t{14}));
  EXPECT_EQ(count(db, "counters", R"({"n":1})"), 15);
  EXPECT_EQ(state_of(db, migrations, "count"), MigrationState::partial);
  broken = false;
  calls = 0;
  report = MigrationRunner{db, migrations}.batch_size(5).run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(count(db, "counters", R"({"n":1,"kept":"x"})"), 25);
}

TEST(Runner, ReportsExceptionsThatAreNoStdException) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put_counters(db, 3);
  Migrations migrations;
  migrations.add({.id = "odd", .up = each<Counter>("counters", [](Counter&) { throw 42; })});
  const auto report = MigrationRunner{db, migrations}.run();
  // In its first batch: nothing was left behind.
  EXPECT_EQ(report.result, MigrationResult::failed);
  EXPECT_EQ(report.error->code(), ErrorCode::migration_failed);
  EXPECT_EQ(count(db, "_quire_history", R"({"state":"failed"})"), 1);
}

TEST(Runner, TransformMayRemoveDocuments) {
  auto db = empty_database();
  put_counters(db, 10);
  Migrations migrations;
  migrations.add({.id = "drop_odd",
                  .up = transform<Counter, Counter>("counters",
                                                    [](const Counter& c) -> std::optional<Counter> {
                                                      if (c.id % 2 == 1) return std::nullopt;
                                                      return c;
                                                    })});
  const auto report = MigrationRunner{db, migrations}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations[0].removed, 5);
  EXPECT_EQ(count(db, "counters"), 5);
}

TEST(Runner, WalksIdsOfAllTypes) {
  auto db = empty_database();
  if (quire::test::on_server())
    GTEST_SKIP() << "the test server refuses to update a document whose _id is NaN";
  for (const char* id :
       {"null", "1", "2.5", R"("a")", R"({"k":1})", "true",
        R"({"$oid":"0000000000000000000000aa"})", R"({"$date":"2026-01-01T00:00:00Z"})",
        R"({"$minKey":1})", R"({"$maxKey":1})", R"({"$numberDouble":"NaN"})"}) {
    put(db, "mixed", std::string(R"({"_id":)") + id + R"(,"n":0})");
  }
  Migrations migrations;
  migrations.add({.id = "all", .up = each<Row>("mixed", [](Row& row) { ++row.n; })});
  const auto report = MigrationRunner{db, migrations}.batch_size(1).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations[0].matched, 11);
  EXPECT_EQ(count(db, "mixed", R"({"n":1})"), 11);
}

TEST(Runner, UnknownFieldsSurviveAtEveryLevel) {
  auto db = empty_database();
  put(db, "t", R"({"_id":1,"inner":{"a":1,"b":2},"lines":[{"sku":"x","qty":5}],"z":null})");
  Migrations migrations;
  migrations.add({.id = "m", .up = each<Outer>("t", [](Outer& o) {
                               o.inner.a = 9;
                               o.lines[0].sku = "y";
                             })});
  const auto report = MigrationRunner{db, migrations}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "t")[0],
            same(R"({"_id":1,"inner":{"a":9,"b":2},"lines":[{"sku":"y","qty":5}],"z":null})"));
}

TEST(Runner, RefusesAChangedMigration) {
  auto db = empty_database();
  Migrations first, second;
  first.add({.id = "m", .up = add_field("users", "a", 1)});
  second.add({.id = "m", .up = add_field("users", "a", 2)});
  ASSERT_TRUE((MigrationRunner{db, first}.run().ok()));
  const auto report = MigrationRunner{db, second}.run();
  EXPECT_EQ(report.result, MigrationResult::drifted);
  EXPECT_EQ(report.exit_code(), 11);
  EXPECT_EQ(report.error->code(), ErrorCode::checksum_mismatch);
  EXPECT_EQ(report.error->path().str(), "m");
  EXPECT_EQ(state_of(db, second, "m"), MigrationState::drifted);
  const auto warned = MigrationRunner{db, second}.on_checksum_mismatch(ChecksumPolicy::warn).run();
  EXPECT_TRUE(warned.ok());
  EXPECT_EQ(warned.warnings.size(), 1U);
}

TEST(Runner, RevisionIsPartOfTheChecksum) {
  auto db = empty_database();
  const auto nothing = each<Counter>("counters", [](Counter&) {});
  Migrations first, second;
  first.add({.id = "m", .revision = 1, .up = nothing});
  second.add({.id = "m", .revision = 2, .up = nothing});
  ASSERT_TRUE((MigrationRunner{db, first}.run().ok()));
  EXPECT_EQ((MigrationRunner{db, second}.run().result), MigrationResult::drifted);
}

TEST(Runner, AppliesALateMigrationOnlyWhenItIsIndependent) {
  const auto with = [](bool first, const char* field) {
    Migrations list;
    if (first) list.add({.id = "a", .up = add_field("users", field, 1)});
    list.add({.id = "b", .up = add_field("users", "b", 1)});
    return list;
  };
  auto db = empty_database();
  ASSERT_TRUE((MigrationRunner{db, with(false, "")}.run().ok()));
  auto report = MigrationRunner{db, with(true, "b.c")}.run();
  EXPECT_EQ(report.result, MigrationResult::drifted);
  EXPECT_EQ(report.error->code(), ErrorCode::out_of_order);
  EXPECT_EQ((MigrationRunner{db, with(true, "x")}.order(OutOfOrder::reject).run().result),
            MigrationResult::drifted);
  report = MigrationRunner{db, with(true, "x")}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.migrations.at(0).out_of_order);
  EXPECT_EQ(count(db, "_quire_history", R"({"_id":"a","out_of_order":true})"), 1);
}

TEST(Runner, StartsOnANewerDatabaseUnlessItSaysNo) {
  auto db = empty_database();
  Migrations newer{.app_level = 7};
  newer.add({.id = "a", .up = add_field("users", "a", 1)});
  newer.add({.id = "b", .up = add_field("users", "b", 1)});
  ASSERT_TRUE((MigrationRunner{db, newer}.run().ok()));
  Migrations older;
  older.add({.id = "a", .up = add_field("users", "a", 1)});
  EXPECT_EQ((MigrationRunner{db, older}.run().result), MigrationResult::nothing);
  EXPECT_EQ(state_of(db, older, "b"), MigrationState::future);
  EXPECT_THROW((void)(MigrationRunner{db, older}.rollback("b")), MigrationError);

  newer.add(
      {.id = "c", .kind = MigrationKind::contract, .min_app = 7, .up = unset_field("users", "a")});
  ASSERT_TRUE((MigrationRunner{db, newer}.run().ok()));
  const auto report = MigrationRunner{db, older}.run();
  EXPECT_EQ(report.result, MigrationResult::too_new);
  EXPECT_EQ(report.exit_code(), 13);
  EXPECT_EQ(report.error->code(), ErrorCode::database_too_new);
}

TEST(Runner, StopsAtABatchEdgeAndGoesOn) {
  auto db = empty_database();
  put_counters(db, 20);
  std::stop_source stop;
  Migrations migrations;
  migrations.add({.id = "m", .up = each<Counter>("counters", [&](Counter& c) {
                               ++c.n;
                               if (c.id == 7) stop.request_stop();
                             })});
  const auto report =
      MigrationRunner{db, migrations}.batch_size(5).stop_token(stop.get_token()).run();
  EXPECT_EQ(report.result, MigrationResult::paused);
  EXPECT_EQ(report.exit_code(), 32);
  EXPECT_EQ(count(db, "counters", R"({"n":1})"), 10);
  EXPECT_TRUE((MigrationRunner{db, migrations}.run().ok()));
  EXPECT_EQ(count(db, "counters", R"({"n":1})"), 20);
}

TEST(Runner, ManualCodeOfUnknownOutcomeWaitsForAPerson) {
  auto db = empty_database();
  int calls = 0;
  Migrations migrations;
  migrations.add({.id = "m", .up = run(Atomicity::manual, [&](Database&, Session&) {
                               if (++calls == 1) throw std::runtime_error("half way");
                             })});
  auto report = MigrationRunner{db, migrations}.run();
  EXPECT_EQ(report.result, MigrationResult::attention);
  EXPECT_EQ(report.exit_code(), 31);
  report = MigrationRunner{db, migrations}.run();
  EXPECT_EQ(report.error->code(), ErrorCode::needs_attention);
  EXPECT_EQ(calls, 1);
  EXPECT_THROW((MigrationRunner{db, migrations}.mark("m", MigrationState::applied, "")),
               MigrationError);
  MigrationRunner{db, migrations}.mark("m", MigrationState::failed, "looked: nothing was done");
  EXPECT_TRUE((MigrationRunner{db, migrations}.run().ok()));
  EXPECT_EQ(calls, 2);
}

TEST(Runner, PlanAndStatusWriteNothing) {
  auto db = empty_database();
  put_users(db);
  const MigrationPlan plan = MigrationRunner{db, user_migrations()}.plan();
  ASSERT_EQ(plan.migrations.size(), 3U);
  EXPECT_EQ(plan.migrations[0].steps.at(0),
            same(R"({"op":"add_field","collection":"users","field":"status","value":"active"})"));
  EXPECT_EQ(plan.migrations[0].documents, 2);
  EXPECT_EQ(plan.migrations[1].reversible, "the original case is not kept");
  EXPECT_EQ((MigrationRunner{db, user_migrations()}.status().pending()), 3U);
  EXPECT_EQ(db.store().list_collections(db.name()).size(), 1U);
  EXPECT_NE(plan.json().find("quire.migrate/1"), std::string::npos);
}

}  // namespace quire::migrate::test::runner
