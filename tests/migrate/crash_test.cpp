// A program that dies at any of its calls to the store, and the next one that goes on.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "fixture.hpp"
#include "migrate/process.hpp"
#include "quire/testing/testing.hpp"

namespace quire::migrate::test::crash {

struct CounterV2 {
  std::int64_t id = 0;
  std::int64_t twice = 0;
};

/// Steps of all classes; each() and the code count, so that work done twice shows.
Migrations steps() {
  Migrations all;
  all.add({.id = "a_declared",
           .up = {add_field("counters", "status", "new"), rename_field("counters", "kept", "held"),
                  create_index("counters", bson::make_document("status", 1, "n", 1))}});
  all.add({.id = "b_each",
           .depends_on = {"a_declared"},
           .up = {each<Counter>("counters", [](Counter& c) { c.n += c.id + 1; }),
                  copy_documents("counters", "copies", bson::make_document("_id", std::int64_t{3})),
                  run(Atomicity::transactional, [](Database& db, Session& session) {
                    store::UpdateOptions options;
                    options.session = &session;
                    options.multi = true;
                    const auto once = bson::from_json(R"({"$inc":{"runs":1}})");
                    (void)db.store().update(db.ns("counters"), {}, {once.view()}, options);
                  })}});
  all.add({.id = "c_transform",
           .depends_on = {"b_each"},
           .up = transform<Counter, CounterV2>("counters",
                                               [](const Counter& c) -> std::optional<CounterV2> {
                                                 if (c.id == 5) return std::nullopt;
                                                 return CounterV2{c.id, 2 * c.n};
                                               })});
  return all;
}

MigrationReport run_all(const std::shared_ptr<store::Store>& store) {
  return MigrationRunner{Database{store, store->default_database()}, steps()}.batch_size(3).run();
}

testing::Subject subject(Migrations migrations) {
  testing::Subject subject;
  subject.migrations = std::move(migrations);
  subject.prepare = [](Database& db) { put_counters(db, 10); };
  subject.configure = [](MigrationRunner& runner) { runner.batch_size(3); };
  return subject;
}

TEST(Crash, AtACallIsResumedToTheSameData) {
  if (quire::test::on_server())
    GTEST_SKIP() << "as Matrix does on servers; code of one migration needs transactions";
  testing::ScratchDatabases databases;
  testing::CrashOptions options;
  options.interruption = testing::Interruption::kill;
  options.every = 5;
  options.down = false;
  const auto outcome = testing::crash_matrix(databases, subject(steps()), options);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_GE(outcome.rounds, 12);
}

/// Steps with a way back.
Migrations ways_back() {
  Migrations all;
  all.add(
      {.id = "a_fields",
       .up = {add_field("counters", "status", "new"), rename_field("counters", "kept", "held")}});
  all.add({.id = "b_each",
           .depends_on = {"a_fields"},
           .up = each<Counter>("counters", [](Counter& c) { c.n += c.id + 1; }),
           .down = each<Counter>("counters", [](Counter& c) { c.n -= c.id + 1; })});
  all.add({.id = "c_index",
           .depends_on = {"b_each"},
           .up = create_index("counters", bson::make_document("n", 1))});
  return all;
}

TEST(Crash, OnTheWayBackIsFinishedToTheOldData) {
  if (quire::test::on_server()) GTEST_SKIP() << "as Matrix does on servers";
  testing::ScratchDatabases databases;
  testing::CrashOptions options;
  options.interruption = testing::Interruption::kill;
  options.every = 3;
  options.up = false;
  options.down_to = "a_fields";
  const auto outcome = testing::crash_matrix(databases, subject(ways_back()), options);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_GE(outcome.rounds, 8);
}

TEST(Crash, TwoProcessesAndManyThreadsApplyEachMigrationOnce) {
  const SharedStore file("many");
  {
    Database db = file.open();
    QUIRE_NEEDS_TRANSACTIONS(db);
    put_counters(db, 10);
    db.store().close();
  }
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto store = store::open(file.uri());
      std::atomic<int> bad{0};
      std::vector<std::thread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
          if (!run_all(store).ok()) ++bad;
        });
      }
      for (auto& thread : threads) thread.join();
      ::_exit(bad.load());
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  Database db = file.open();
  EXPECT_EQ(count(db, "_quire_events", R"({"to":"applied"})"), 3);
  EXPECT_EQ(count(db, "_quire_events", R"({"to":"running"})"), 3);
  EXPECT_EQ(count(db, "counters", R"({"runs":1})"), 9);
}

TEST(Lock, IsTakenOverWhenItsHolderStoppedBeating) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put_counters(db, 3);
  put(db, "_quire_lock",
      R"({"_id":"migrate","token":{"$numberLong":"7"},"beat":{"$numberLong":"9"},"holder":"elsewhere","lease_ms":{"$numberLong":"200"}})");
  auto report =
      MigrationRunner{db, steps()}.lease(std::chrono::milliseconds(100)).on_busy(Fail{}).run();
  EXPECT_EQ(report.result, MigrationResult::busy);
  EXPECT_EQ(report.exit_code(), 20);
  EXPECT_EQ(report.error->code(), ErrorCode::lock_busy);
  report = MigrationRunner{db, steps()}.on_busy(Skip{}).run();
  EXPECT_EQ(report.result, MigrationResult::skipped);
  report = MigrationRunner{db, steps()}.lease(std::chrono::milliseconds(100)).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.took_over);
  EXPECT_EQ(report.lock_token, 8);
  EXPECT_GE(report.waited_ms, 250);
}

TEST(Lock, ThrowsAtOnceWhatWaitingDoesNotCure) {
  if (quire::test::on_server()) GTEST_SKIP() << "a file is opened for reading only";
  SharedStore file("read_only");
  {
    auto db = file.open();
    put_counters(db, 3);
    ASSERT_TRUE((MigrationRunner{db, steps()}.run().ok()));
  }
  auto more = steps();
  more.add({.id = "zz", .up = add_field("counters", "late", 1)});
  const auto db = quire::open(file.uri() + "&read_only=true");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(MigrationRunner(db, steps()).run().result, MigrationResult::nothing);
  try {
    const auto report = MigrationRunner{db, more}.run();
    EXPECT_EQ(report.result, MigrationResult::failed) << report.json();
    ASSERT_TRUE(report.error.has_value());
    EXPECT_EQ(report.error->code(), ErrorCode::read_only) << report.json();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::read_only) << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Lock, AProcessThatProcDoesNotShowMayStillRun) {
  const std::string me = process_name();
  ASSERT_FALSE(me.empty());
  EXPECT_FALSE(process_is_gone(me));
  // Another start time: a later process with the number.
  EXPECT_TRUE(process_is_gone(me.substr(0, me.rfind('/') + 1) + "1"));
  // A number that no process can have.
  const auto machine = me.substr(0, me.rfind('/', me.rfind('/') - 1) + 1);
  EXPECT_TRUE(process_is_gone(machine + "2147483646/1"));
  EXPECT_FALSE(process_is_gone(machine + "0/1"));
  EXPECT_FALSE(process_is_gone(machine + "x/1"));
  EXPECT_FALSE(process_is_gone("elsewhere/1/1"));
}

TEST(Lock, TokenRisesAboveHistoryWhenItsDocumentWasLost) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put(db, "_quire_history", R"({"_id":"x","state":"applied","fence":{"$numberLong":"41"}})");
  const auto report = MigrationRunner{db, steps()}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.lock_token, 42);
}

TEST(Lock, ARunThatLostItWritesNothingMore) {
  auto db = empty_database();
  QUIRE_NEEDS_TRANSACTIONS(db);
  put_counters(db, 10);
  Migrations migrations;
  migrations.add({.id = "m", .up = each<Counter>("counters", [&](Counter& c) {
                               ++c.n;
                               if (c.id != 5) return;
                               // Somebody takes over while this batch is computed, through another
                               // session.
                             })});
  const auto stolen = bson::from_json(R"({"$set":{"holder":"thief"},"$inc":{"token":1}})");
  const auto key = bson::from_json(R"({"_id":"migrate"})");
  int batches = 0;
  const auto report =
      MigrationRunner{db, migrations}
          .batch_size(2)
          .on_event([&](const MigrationEvent& event) {
            if (event.kind == MigrationEvent::Kind::batch && ++batches == 2)
              (void)db.store().update(db.ns("_quire_lock"), key, {stolen.view()}, {});
          })
          .run();
  EXPECT_EQ(report.result, MigrationResult::lock_lost);
  EXPECT_EQ(report.exit_code(), 21);
  EXPECT_EQ(count(db, "counters", R"({"n":1})"), 4);
}

TEST(Lock, CodeWithoutATransactionWritesNothingMoreOnceItIsLost) {
  auto db = empty_database();
  put_counters(db, 1);
  int writes = 0;
  std::optional<Database> kept;
  Migrations migrations;
  migrations.add({.id = "m", .up = run(Atomicity::idempotent, [&](Database& own, Session&) {
                               kept = own;
                               const auto stolen = bson::from_json(
                                   R"({"$set":{"holder":"thief"},"$inc":{"token":1}})");
                               (void)db.store().update(db.ns("_quire_lock"),
                                                       bson::make_document("_id", "migrate"),
                                                       {stolen.view()}, {});
                               const auto add = bson::from_json(R"({"$inc":{"n":1}})");
                               for (; writes < 1000; ++writes) {
                                 (void)own.store().update(own.ns("counters"), {}, {add.view()}, {});
                                 std::this_thread::sleep_for(std::chrono::milliseconds(20));
                               }
                             })});
  const auto report = MigrationRunner{db, migrations}.lease(std::chrono::milliseconds(600)).run();
  EXPECT_EQ(report.result, MigrationResult::lock_lost) << report.json();
  EXPECT_LT(writes, 1000);
  EXPECT_EQ(count(db, "counters", R"({"n":)" + std::to_string(writes) + "}"), 1);
  // What code kept of its database is not the run's any more.
  EXPECT_EQ(kept->store().count(kept->ns("counters"), {}, {}), 1);
}

}  // namespace quire::migrate::test::crash
