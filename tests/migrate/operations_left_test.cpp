// A process dies while a server works for it outside of any transaction: the server goes on. Who
// takes over waits for it, or ends it, before it writes itself.
#include "migrate/operations_left.hpp"

#include <csignal>

#include "data_fixture.hpp"
#include "operations_proxy.hpp"
#include "quire/migrate/inspect.hpp"
#include "ten.hpp"
#include "testing/children.hpp"

namespace quire::migrate::test::left {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Which operations they are: documents as MongoDB's $currentOp gives them.

LeftBy tokens_below(std::int64_t token) {
  LeftBy by;
  by.below_token = token;
  return by;
}
LeftBy of_run(std::string run) {
  LeftBy by;
  by.run = std::move(run);
  return by;
}

struct Shown {
  const char* name;
  const char* json;
  const char* what;  ///< null: not ours, or not before
  bool is_build = false;
};
class Operations : public ::testing::TestWithParam<Shown> {};

TEST_P(Operations, AreToldByTheirCommentsAndDatabase) {
  const auto found = operation_left(bson::from_json(GetParam().json), "app", tokens_below(7));
  ASSERT_EQ(found.has_value(), GetParam().what != nullptr);
  if (!found) return;
  EXPECT_EQ(found->what, GetParam().what);
  EXPECT_EQ(found->is_build, GetParam().is_build);
}
INSTANTIATE_TEST_SUITE_P(
    Documents, Operations,
    ::testing::Values(
        Shown{"Update",
              R"({"type":"op","host":"a:27017","desc":"conn12","connectionId":12,"active":true,
              "opid":8811,"secs_running":{"$numberLong":"40"},"op":"update","ns":"app.users",
              "command":{"q":{"_id":{"$gte":1,"$lte":900}},"u":{"$set":{"s":1}},"multi":true,
              "upsert":false,"comment":"quire:6:2026_add_status"},"numYields":88})",
              "update on users, of 2026_add_status"},
        Shown{"OfAShard",
              R"({"shard":"s0","type":"op","active":true,"opid":"s0:8811","op":"insert",
              "ns":"app.copies","command":{"insert":"copies","$db":"app",
              "comment":"quire:6:2026_copy:of:users"}})",
              "insert on copies, of 2026_copy:of:users"},
        Shown{"AggregateWithMerge",
              R"({"type":"op","active":true,"opid":5,"op":"command","ns":"app.users",
              "command":{"aggregate":"users","pipeline":[{"$merge":{"into":"kept"}}],"cursor":{},
              "comment":"quire:1:a","$db":"app"}})",
              "aggregate on users, of a"},
        Shown{"GetMore",
              R"({"type":"op","active":true,"opid":6,"op":"getmore","ns":"app.users","command":
              {"getMore":{"$numberLong":"77"},"collection":"users","$db":"app"},
              "cursor":{"cursorId":{"$numberLong":"77"},"originatingCommand":{"find":"users",
              "comment":"quire:3:b","$db":"app"}}})",
              "getmore on users, of b"},
        Shown{"CreateIndexes",
              R"({"type":"op","active":true,"opid":7,"op":"command","ns":"app.users","command":
              {"createIndexes":"users","indexes":[{"key":{"a":1},"name":"a_1"}],"$db":"app",
              "comment":"quire:6:c"}})",
              "createIndexes on users, of c", true},
        Shown{"ThreadOfAnIndexBuild",
              R"({"type":"op","desc":"IndexBuildsCoordinatorMongod-2","active":true,"opid":8,
              "op":"command","ns":"app.users","command":{"createIndexes":"users","indexes":[],
              "comment":"quire:6:c"},"msg":"Index Build: scanning collection 12/900 1%",
              "progress":{"done":12,"total":900}})",
              "createIndexes on users, of c", true},
        Shown{"Truncated",
              R"({"type":"op","active":true,"opid":9,"op":"update","ns":"app.users","command":
              {"$truncated":"{ update: \"users\", updates: [ { q: {} ...","comment":"quire:2:d"}})",
              "update on users, of d"},
        Shown{"TruncatedAndOfNoCollection",
              R"({"type":"op","active":true,"opid":9,"op":"command","ns":"app.$cmd","command":
              {"$truncated":"{ dropDatabase ...","comment":"quire:2:d"}})",
              "command, of d"},
        Shown{"OnAdminAboutTheDatabase",
              R"({"type":"op","active":true,"opid":10,"op":"command","ns":"admin.$cmd","command":
              {"dropDatabase":1,"comment":"quire:2:d","$db":"app"}})",
              "dropDatabase, of d"},
        Shown{"OfTheSameToken",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"comment":"quire:7:a"}})",
              nullptr},
        Shown{"OfALaterToken",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"comment":"quire:10:a"}})",
              nullptr},
        Shown{"OfNoToken",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"comment":"quire:0:look"}})",
              nullptr},
        Shown{"OfANumberThatIsNone",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"comment":"quire:3x:a"}})",
              nullptr},
        Shown{"OfANegativeOne",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"comment":"quire:-3:a"}})",
              nullptr},
        Shown{"OfOneBeyondAllNumbers", R"({"opid":1,"op":"update","ns":"app.users",
              "command":{"comment":"quire:99999999999999999999:a"}})",
              nullptr},
        Shown{"OfADataJob",
              R"({"opid":1,"op":"insert","ns":"app.users","command":{"comment":
              "quire:3f1e6a52-1111-4222-8333-444455556666:copy"}})",
              nullptr},
        Shown{"OfAnotherDatabase",
              R"({"opid":1,"op":"update","ns":"app2.users","command":{"comment":"quire:3:a",
              "$db":"app2"}})",
              nullptr},
        Shown{"OfAnotherProgram",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"comment":"nightly"}})",
              nullptr},
        Shown{"OfAnotherProgramWithADocument",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"comment":{"quire":3}}})",
              nullptr},
        Shown{"WithoutComment",
              R"({"opid":1,"op":"update","ns":"app.users","command":{"update":"users"}})", nullptr},
        Shown{"WithoutCommand", R"({"opid":1,"op":"none","ns":"","desc":"clock"})", nullptr},
        Shown{"IdleCursor",
              R"({"type":"idleCursor","ns":"app.users","cursor":{"originatingCommand":
              {"find":"users","comment":"quire:3:b"}}})",
              nullptr}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(OperationsLeft, KeepTheIdsAsTheServerGivesThem) {
  const auto id = [](const char* opid) {
    const auto found = operation_left(
        bson::from_json(std::string(R"({"ns":"app.a","command":{"comment":"quire:1:a"},"opid":)") +
                        opid + "}"),
        "app", tokens_below(2));
    return found ? bson::to_json(found->id.view()) : "none";
  };
  EXPECT_EQ(id("8811"), "8811");
  EXPECT_EQ(id(R"("shard-0:-8811")"), R"("shard-0:-8811")");
}

TEST(OperationsLeft, AreOfTheRunOfADataJob) {
  const bson::Document one = bson::from_json(
      R"({"opid":1,"op":"insert","ns":"app.users","command":{"comment":"quire:3f1e-5:copy:a"}})");
  const auto found = operation_left(one, "app", of_run("3f1e-5"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->what, "insert on users, of copy:a");
  EXPECT_FALSE(operation_left(one, "app", of_run("3f1e-6")));
  EXPECT_FALSE(operation_left(one, "app", of_run("")));
  EXPECT_FALSE(operation_left(one, "app", tokens_below(9)));
}

TEST(OperationsLeft, AreNoneOfAFile) {
  Database db = open(":memory:");
  const Drained drained =
      drain_operations(db, "quire:2:lock", tokens_below(2), milliseconds(0), Clock::system());
  EXPECT_TRUE(drained.done.empty() && drained.failed.empty()) << drained.failed;
  EXPECT_EQ(drain_hindrance(db), "");
}

// A process is killed while the server works for it, as MongoDB shows that.

Migrations counting() {
  Migrations all;
  all.add({.id = "a_count", .up = run(Atomicity::idempotent, [](Database& db, Session&) {
                              store::UpdateOptions options;
                              options.multi = true;
                              const auto more = bson::from_json(R"({"$inc":{"n":1}})");
                              (void)db.store().update(db.ns("counters"), {}, {more.view()},
                                                      options);
                            })});
  return all;
}
Migrations indexing() {
  Migrations all;
  all.add({.id = "a_index", .up = create_index("counters", bson::make_document("n", 1))});
  return all;
}

class LeftRunning : public ::testing::Test {
 protected:
  void SetUp() override {
    QUIRE_NEEDS_BED();
    if (!quire::test::on_server()) GTEST_SKIP() << "a file's operations end with their process";
    name = quire::test::fresh_database();
    server.emplace(quire::test::port_of(ten::bed() + "/"));
    db.emplace(open(server->uri(name)));
    put_counters(*db, 6);
  }
  void TearDown() override {
    if (db) db->store().drop_database(name);
  }

  /// A process that is killed while the server holds that command of its.
  void dies_in(const std::string& command, const std::string& collection,
               const std::function<void(Database)>& run) {
    server->hold(command, collection);
    testing::Child child([&](std::string& text) {
      run(open(server->uri(name)));
      text = "it came to an end";
      return 0;
    });
    ASSERT_TRUE(server->wait_held());
    child.send(SIGKILL);
    const auto end = child.wait(seconds(60));
    ASSERT_EQ(end.signal, SIGKILL) << end.text;
  }
  void dies_counting() {
    dies_in("update", "counters",
            [](Database own) { (void)MigrationRunner(own, counting()).run(); });
  }
  MigrationReport goes_on(milliseconds wait, const Migrations& all = counting()) {
    const auto report = MigrationRunner(*db, all).drain_wait(wait).run();
    EXPECT_TRUE(report.ok()) << report.json();
    EXPECT_TRUE(report.took_over) << report.json();
    return report;
  }
  /// How often each counter was counted, where that is the same for all.
  std::int64_t counted() {
    for (std::int64_t n = 0; n < 3; ++n)
      if (db->store().count(db->ns("counters"), bson::make_document("n", n), {}) == 6) return n;
    return -1;
  }
  /// The whole of a warning that says `why`.
  void expect_warned(const MigrationReport& report, std::string_view why) {
    ASSERT_EQ(report.warnings.size(), 1U) << report.json();
    EXPECT_NE(report.warnings[0].find(why), std::string::npos) << report.warnings[0];
    EXPECT_NE(report.warnings[0].find("relies on its fence"), std::string::npos);
  }

  using Lines = std::vector<std::string>;
  std::string name;
  std::optional<quire::test::OperationsProxy> server;
  std::optional<Database> db;
};

TEST_F(LeftRunning, IsEndedBeforeTheNextOneWrites) {
  dies_counting();
  std::vector<std::string> told;
  const auto report = MigrationRunner(*db, counting())
                          .drain_wait(milliseconds(0))
                          .on_event([&](const MigrationEvent& event) {
                            if (event.kind == MigrationEvent::Kind::took_over)
                              told.emplace_back(event.text);
                          })
                          .run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.drained, Lines{"ended update on counters, of a_count"});
  EXPECT_EQ(told, report.drained);
  EXPECT_TRUE(report.warnings.empty()) << report.json();
  EXPECT_EQ(counted(), 1);
  EXPECT_NE(report.json().find(R"("drained": ["ended update)"), std::string::npos) << report.json();
}

TEST_F(LeftRunning, IsWaitedForWhenItEndsInTime) {
  dies_counting();
  server->let_go_at_look(server->looks() + 2);
  const auto report = goes_on(seconds(60));
  EXPECT_EQ(report.drained, Lines{"waited for update on counters, of a_count"});
  EXPECT_EQ(counted(), 2);  // by both, one after the other
  std::vector<bool> updates;
  for (const auto& one : server->seen())
    if (one.command == "update" && one.collection == "counters") updates.push_back(one.forwarded);
  EXPECT_EQ(updates, (std::vector<bool>{false, true, false}));  // held, done, then the next one's
}

TEST_F(LeftRunning, IsFoundWhereTheLockWasReleasedByHand) {
  dies_counting();
  const auto seen = lock_info(*db);
  ASSERT_TRUE(seen && seen->held);
  unlock(*db, seen->token, "its machine is gone");
  const auto report = MigrationRunner(*db, counting()).drain_wait(milliseconds(0)).run();
  EXPECT_EQ(report.drained, Lines{"ended update on counters, of a_count"}) << report.json();
  EXPECT_EQ(counted(), 1);
  EXPECT_EQ(count(*db, "_quire_lock", R"({"undrained":{"$exists":true}})"), 0);
}

/// MongoDB's manual says not to end them by killOp. The same index is waited for by createIndexes.
TEST_F(LeftRunning, GoesOnWhereItBuildsAnIndex) {
  dies_in("createIndexes", "counters",
          [](Database own) { (void)MigrationRunner(own, indexing()).run(); });
  const auto report = goes_on(milliseconds(0), indexing());
  EXPECT_EQ(report.drained, Lines{"left to go on: createIndexes on counters, of a_index"});
  EXPECT_TRUE(report.warnings.empty()) << report.json();
  server->let_go();
  EXPECT_EQ(db->store().list_indexes(db->ns("counters")).size(), 2U);
}

TEST_F(LeftRunning, IsFoundAmongTheOwnUsersWhereOthersMayNotBeSeen) {
  dies_counting();
  server->refuse("currentOp", 13);
  const auto report = goes_on(milliseconds(0));
  EXPECT_EQ(report.drained, Lines{"ended update on counters, of a_count"});
  EXPECT_TRUE(report.warnings.empty()) << report.json();
}

TEST_F(LeftRunning, IsWarnedOfWhereNobodyMayLook) {
  dies_counting();
  server->refuse("currentOp", 13);
  server->refuse("ownOps", 13);
  Database watched = *db;
  EXPECT_NE(drain_hindrance(watched).find("not authorized"), std::string::npos);
  const auto report = goes_on(milliseconds(0));
  EXPECT_TRUE(report.drained.empty());
  expect_warned(report, "could not be found out");
  server->let_go();
}

/// killOp is not for this user, or there is no such command.
class MayNotBeEnded : public LeftRunning, public ::testing::WithParamInterface<int> {};
TEST_P(MayNotBeEnded, IsWarnedOf) {
  dies_counting();
  server->refuse("killOp", GetParam());
  const auto report = goes_on(milliseconds(0));
  EXPECT_TRUE(report.drained.empty()) << report.json();
  expect_warned(report, "still runs update on counters, of a_count");
  EXPECT_EQ(counted(), 1);
}
INSTANTIATE_TEST_SUITE_P(Numbers, MayNotBeEnded, ::testing::Values(13, 59));

TEST_F(LeftRunning, MayComeToItsEndWhileItIsEnded) {
  dies_counting();
  server->ends_before_kill(true);
  const auto report = goes_on(milliseconds(0));
  EXPECT_EQ(report.drained, Lines{"waited for update on counters, of a_count"});
  EXPECT_TRUE(report.warnings.empty()) << report.json();
  EXPECT_EQ(counted(), 2);
}

TEST_F(LeftRunning, IsOfThisDatabaseAlone) {
  dies_counting();
  Database other = open(server->uri(quire::test::fresh_database()));
  const Drained drained =
      drain_operations(other, "quire:9:lock", tokens_below(9), milliseconds(0), Clock::system());
  EXPECT_TRUE(drained.done.empty() && drained.failed.empty()) << drained.failed;
  EXPECT_EQ(goes_on(milliseconds(0)).drained.size(), 1U);
}

TEST_F(LeftRunning, IsEndedOfADataJob) {
  put_people(*db, 12);
  const auto job = [](const Database& on) {
    auto one = small_job(on, on);
    one.workers(1).lease(milliseconds(300));
    return one;
  };
  const bool transactions = db->capabilities().transactions;
  const std::string writes = transactions ? "insert" : "update";
  dies_in(writes, "users", [&](const Database& own) { (void)job(own).run(); });
  const auto report = job(*db).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.warnings.empty()) << report.json();
  ASSERT_FALSE(report.drained.empty()) << report.json();
  EXPECT_TRUE(report.drained[0].starts_with("ended " + writes + " on users, of "))
      << report.drained[0];
  EXPECT_EQ(count(*db, "users"), 12);
}

/// All that a run writes: else nobody would find it.
TEST_F(LeftRunning, CarriesTheTokenAndTheMigration) {
  ten::prepare(*db);
  const auto before = server->seen().size();
  const auto report = MigrationRunner(*db, ten::all()).batch_size(3).run();
  ASSERT_TRUE(report.ok()) << report.json();
  const std::string token = "quire:" + std::to_string(report.lock_token) + ":";
  std::set<std::string> migrations;
  const auto all = server->seen();
  for (std::size_t i = before; i < all.size(); ++i) {
    const auto& one = all[i];
    if (one.collection.empty() || one.collection.starts_with("_quire_")) continue;
    static const std::set<std::string> writes{"insert",        "update",    "delete",
                                              "findAndModify", "aggregate", "createIndexes",
                                              "create",        "collMod",   "drop"};
    if (!writes.contains(one.command)) continue;
    EXPECT_TRUE(one.comment.starts_with(token)) << one.command << " " << one.collection;
    if (one.comment.starts_with(token)) migrations.insert(one.comment.substr(token.size()));
  }
  std::set<std::string> expected;
  for (const auto& one : report.migrations) expected.insert(one.id);
  EXPECT_EQ(migrations, expected);
}

/// What code keeps of its database outlives the run, and is not of it any more.
TEST_F(LeftRunning, IsNothingThatCodeDoesAfterTheRun) {
  std::optional<Database> kept;
  Migrations all;
  all.add({.id = "a", .up = run(Atomicity::idempotent, [&](Database& own, Session&) {
                        kept = own;
                        put_people(own, 1, "first");
                      })});
  ASSERT_TRUE(MigrationRunner(*db, all).run().ok());
  ASSERT_TRUE(kept);
  const auto before = server->seen().size();
  put_people(*kept, 1, "second");
  const auto seen = server->seen();
  ASSERT_GT(seen.size(), before);
  for (std::size_t i = before; i < seen.size(); ++i) EXPECT_EQ(seen[i].comment, "");
}

/// A transaction within the run's is refused, though it comes through the program's own database.
TEST_F(LeftRunning, SignsNothingThatLooksLikeAnotherStore) {
  QUIRE_NEEDS_TRANSACTIONS(*db);
  Migrations all;
  all.add({.id = "a", .up = run(Atomicity::transactional, [&](Database&, Session&) {
                        db->transaction([](Session&) {});
                      })});
  const auto report = MigrationRunner(*db, all).run();
  ASSERT_TRUE(report.error) << report.json();
  EXPECT_NE(report.error->detail().find("inside of another one"), std::string::npos)
      << report.json();
}

// On the suite's server itself, which shows no operations of others: the run says so.

TEST_F(LeftRunning, IsWarnedOfWhereTheServerShowsNoOperations) {
  Database direct = open(quire::test::with_database(ten::bed(), name));
  EXPECT_NE(drain_hindrance(direct).find("$currentOp does not tell"), std::string::npos);
  testing::Child child([&](std::string&) {
    auto own = open(quire::test::with_database(ten::bed(), name));
    Migrations all;
    all.add({.id = "a_count", .up = run(Atomicity::idempotent, [](Database&, Session&) {
                                ::kill(::getpid(), SIGKILL);
                              })});
    (void)MigrationRunner(own, all).run();
    return 0;
  });
  ASSERT_EQ(child.wait(seconds(60)).signal, SIGKILL);
  const auto report = MigrationRunner(direct, counting()).run();
  EXPECT_TRUE(report.ok() && report.took_over) << report.json();
  expect_warned(report, "$currentOp does not tell");
}

}  // namespace quire::migrate::test::left
