// The start-up budget, the background run, control, health and the clock seam.
#include <csignal>

#include "fixture.hpp"
#include "quire/core/error.hpp"
#include "quire/testing/testing.hpp"

namespace quire::migrate::test {
namespace {

using namespace std::chrono_literals;

/// Adds one to each counter; slowly where asked.
DeclaredMigration count_up(std::string id, std::chrono::milliseconds pause = 0ms) {
  return {.id = std::move(id),
          .revision = 1,
          .up = each<Counter>("counters",
                              [pause](Counter& counter) {
                                if (pause.count() > 0) std::this_thread::sleep_for(pause);
                                counter.n += 1;
                              }),
          .down = irreversible("a test")};
}

Migrations three() {
  Migrations all;
  all.add({.id = "a_index",
           .kind = MigrationKind::schema,
           .up = create_index("people", bson::make_document("email", 1))});
  all.add(count_up("b_count"));
  all.add({.id = "c_drop",
           .depends_on = {"b_count"},
           .kind = MigrationKind::contract,
           .up = unset_field("counters", "kept")});
  return all;
}

std::int64_t counted(Database& db, int n) {
  return count(db, "counters", "{\"n\": " + std::to_string(n) + "}");
}

TEST(Budget, OfNothingDoesSchemaAndLeavesTheRest) {
  Database db = empty_database();
  put_counters(db, 30);
  MigrationRunner runner(db, three());
  const auto report = runner.budget(0ms).run();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.result, MigrationResult::deferred) << report.json();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(report.deferred, (std::vector<std::string>{"b_count", "c_drop"}));
  ASSERT_EQ(report.migrations.size(), 1U);
  EXPECT_EQ(report.migrations[0].id, "a_index");
  EXPECT_TRUE(runner.is_complete("a_index"));
  EXPECT_FALSE(runner.is_complete("b_count"));
  EXPECT_EQ(counted(db, 0), 30);
  EXPECT_FALSE(report.next.empty());

  const auto health = runner.health();
  EXPECT_TRUE(health.ready);
  EXPECT_TRUE(health.alive);
  EXPECT_EQ(health.state, RunState::deferred);
  EXPECT_EQ(health.left, report.deferred);

  runner.background().start();
  ASSERT_TRUE(runner.background().wait(60s));
  ASSERT_TRUE(runner.background().report().has_value());
  EXPECT_EQ(runner.background().report()->result, MigrationResult::applied)
      << runner.background().report()->json();
  EXPECT_TRUE(runner.is_complete("b_count"));
  EXPECT_TRUE(runner.is_complete("c_drop"));
  EXPECT_EQ(counted(db, 1), 30);
  EXPECT_EQ(runner.health().state, RunState::complete);
  EXPECT_TRUE(runner.health().left.empty());
}

TEST(Budget, StopsADataMigrationAtABatchEdgeAndGoesOnLater) {
  Database db = empty_database();
  put_counters(db, 100);
  testing::FakeClock clock;
  int batches = 0;
  MigrationRunner runner(db, three());
  runner.clock(clock).budget(20s).batch_size(10).on_event([&](const MigrationEvent& event) {
    if (event.kind == MigrationEvent::Kind::batch && ++batches == 3) clock.advance(21s);
  });
  auto report = runner.run();
  EXPECT_EQ(report.result, MigrationResult::deferred) << report.json();
  EXPECT_FALSE(report.error.has_value());
  ASSERT_EQ(report.migrations.size(), 2U);
  EXPECT_EQ(report.migrations[1].state, MigrationState::paused);
  EXPECT_EQ(counted(db, 1), 30);
  EXPECT_TRUE(runner.health().ready);

  runner.background().start();
  ASSERT_TRUE(runner.background().wait(60s));
  EXPECT_EQ(runner.background().report()->result, MigrationResult::applied);
  EXPECT_EQ(counted(db, 1), 100);
  EXPECT_EQ(count(db, "counters", R"({"kept": {"$exists": true}})"), 0);
}

TEST(Budget, ADataMigrationThatASchemaOneNeedsIsNotLeft) {
  Database db = empty_database();
  put_counters(db, 5);
  Migrations all;
  all.add(count_up("a_needed"));
  all.add({.id = "b_schema",
           .depends_on = {"a_needed"},
           .kind = MigrationKind::schema,
           .up = create_index("people", bson::make_document("email", 1))});
  all.add({.id = "c_meets", .up = add_field("people", "x", bson::Value(std::int32_t{1}))});
  all.add({.id = "d_schema",
           .kind = MigrationKind::schema,
           .up = create_index("people", bson::make_document("x", 1))});
  all.add({.id = "e_left", .up = add_field("others", "x", bson::Value(std::int32_t{1}))});
  MigrationRunner runner(db, all);
  const auto report = runner.budget(0ms).run();
  EXPECT_EQ(report.result, MigrationResult::deferred) << report.json();
  EXPECT_EQ(report.deferred, std::vector<std::string>{"e_left"});
  EXPECT_EQ(report.migrations.size(), 4U);
}

TEST(Budget, DoesNotWaitForAProcessThatIsAtTheData) {
  SharedStore shared("budget");
  Database db = shared.open();
  put_counters(db, 200);
  Migrations slow;
  slow.add(count_up("slow", 2ms));
  MigrationRunner first(db, slow);
  first.batch_size(10).background().start();
  while (first.health().progress.done == 0 && first.background().is_running())
    std::this_thread::sleep_for(2ms);

  Database other = shared.open();
  MigrationRunner second(other, slow);
  const auto start = std::chrono::steady_clock::now();
  const auto report = second.budget(10s).run();
  EXPECT_EQ(report.result, MigrationResult::deferred) << report.json();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  ASSERT_TRUE(first.background().wait(180s));
  EXPECT_EQ(first.background().report()->result, MigrationResult::applied);
  second.background().start();
  ASSERT_TRUE(second.background().wait(60s));
  EXPECT_EQ(counted(db, 1), 200);
}

TEST(Background, GivesWayToAStartThatCannotWait) {
  SharedStore shared("yields");
  Database db = shared.open();
  const int people = quire::test::on_server() ? 500 : 2000;  // servers take longest
  put_counters(db, people);
  Migrations slow;
  slow.add(count_up("slow", 1ms));
  MigrationRunner first(db, slow);
  first.batch_size(20).lease(600ms).background().start();
  while (first.health().progress.done == 0 && first.background().is_running())
    std::this_thread::sleep_for(2ms);

  // A newer program, with a schema migration that it needs to start.
  Migrations newer = slow;
  newer.add({.id = "z_schema",
             .kind = MigrationKind::schema,
             .up = create_index("people", bson::make_document("email", 1))});
  Database other = shared.open();
  MigrationRunner second(other, newer);
  std::string waited;
  second.on_event([&](const MigrationEvent& event) {
    if (event.kind == MigrationEvent::Kind::waiting) waited = event.text;
  });
  const auto report = second.budget(0ms).run();
  EXPECT_EQ(report.result, MigrationResult::deferred) << report.json();
  EXPECT_NE(waited.find("process "), std::string::npos) << waited;
  EXPECT_TRUE(second.is_complete("z_schema"));
  EXPECT_FALSE(second.is_complete("slow"));

  ASSERT_TRUE(first.background().wait(180s));
  EXPECT_EQ(first.background().report()->result, MigrationResult::applied)
      << first.background().report()->json();
  EXPECT_EQ(counted(db, 1), people);
}

TEST(Background, StopsAtABatchEdgeWithTheLockFree) {
  SharedStore shared("stops");
  Database db = shared.open();
  put_counters(db, 1000);
  Migrations slow;
  slow.add(count_up("slow", 1ms));
  {
    MigrationRunner runner(db, slow);
    runner.batch_size(10).background().start();
    while (runner.health().progress.done == 0) std::this_thread::sleep_for(2ms);
    runner.background().stop();
    EXPECT_FALSE(runner.background().is_running());
    const auto report = runner.background().report();
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->result, MigrationResult::paused);
    EXPECT_EQ(report->exit_code(), 32);
    EXPECT_TRUE(runner.health().alive);
  }
  const auto done = counted(db, 1);
  EXPECT_GT(done, 0);
  EXPECT_LT(done, 1000);
  const auto report = MigrationRunner(db, slow).on_busy(Fail{}).run();
  EXPECT_EQ(report.result, MigrationResult::applied) << report.json();
  EXPECT_EQ(counted(db, 1), 1000);
}

TEST(Background, TellsAFailureAndMayBeStartedAgain) {
  Database db = empty_database();
  put_counters(db, 3);
  bool fails = true;
  Migrations all;
  all.add({.id = "a",
           .revision = 1,
           .up = each<Counter>("counters",
                               [&fails](Counter& counter) {
                                 if (fails) throw std::runtime_error("no way");
                                 counter.n += 1;
                               }),
           .down = irreversible("a test")});
  MigrationRunner runner(db, all);
  runner.background().start();
  ASSERT_TRUE(runner.background().wait(60s));
  const auto health = runner.health();
  EXPECT_FALSE(health.alive);
  EXPECT_EQ(health.state, RunState::failed);
  EXPECT_NE(health.reason.find("no way"), std::string::npos) << health.json();
  fails = false;
  runner.background().start();
  ASSERT_TRUE(runner.background().wait(60s));
  EXPECT_EQ(runner.background().report()->result, MigrationResult::applied);
  EXPECT_TRUE(runner.health().alive);
  EXPECT_EQ(counted(db, 1), 3);
}

TEST(Background, WaitsOnRequestOfTheControlDocument) {
  Database db = empty_database();
  put_counters(db, 100);
  MigrationRunner::control(db, Desired::pause, "the shop is full");
  Migrations all;
  all.add(count_up("a"));
  MigrationRunner runner(db, all);
  runner.batch_size(10).background().start();
  while (runner.health().state != RunState::paused) std::this_thread::sleep_for(2ms);
  EXPECT_NE(runner.health().reason.find("the shop is full"), std::string::npos);
  EXPECT_TRUE(runner.health().alive);
  EXPECT_EQ(counted(db, 1), 0);
  MigrationRunner::control(db, Desired::run);
  ASSERT_TRUE(runner.background().wait(60s));
  EXPECT_EQ(counted(db, 1), 100);

  MigrationRunner::control(db, Desired::stop, "not today");
  Migrations more = all;
  more.add(count_up("b"));
  MigrationRunner again(db, more);
  const auto report = again.run();
  EXPECT_EQ(report.result, MigrationResult::paused) << report.json();
  EXPECT_NE(report.json().find("not today"), std::string::npos) << report.json();
  EXPECT_EQ(counted(db, 2), 0);
  MigrationRunner::control(db, Desired::run);
  EXPECT_EQ(again.run().result, MigrationResult::applied);
  EXPECT_EQ(counted(db, 2), 100);
}

TEST(Background, GoesNoFasterThanItsThrottle) {
  Database db = empty_database();
  put_counters(db, 60);
  Migrations all;
  all.add(count_up("a"));
  MigrationRunner runner(db, all);
  const auto start = std::chrono::steady_clock::now();
  runner.batch_size(10).throttle({.rate = 100, .nice = 0, .wait = {}});
  EXPECT_EQ(runner.run().result, MigrationResult::applied);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 450ms);
}

TEST(Background, SaysWhatIsWrongWithAnId) {
  Database db = empty_database();
  MigrationRunner runner(db, three());
  EXPECT_THROW((void)runner.is_complete("nobody"), MigrationError);
  EXPECT_THROW(MigrationRunner::control(db, Desired::run, "", -1), MigrationError);
  EXPECT_TRUE(runner.background().wait(0ms));
  EXPECT_FALSE(runner.background().report().has_value());
  EXPECT_EQ(runner.health().state, RunState::idle);
  EXPECT_FALSE(runner.health().ready);
}

TEST(SignalStop, EndsARunAtABatchEdge) {
  Database db = empty_database();
  put_counters(db, 100);
  Migrations all;
  all.add(count_up("a"));
  int batches = 0;
  const SignalStop stop;
  MigrationRunner runner(db, all);
  runner.batch_size(10).stop_token(stop.token()).on_event([&](const MigrationEvent& event) {
    if (event.kind != MigrationEvent::Kind::batch || ++batches != 3) return;
    ::raise(SIGTERM);
    while (!stop.token().stop_requested()) std::this_thread::sleep_for(1ms);
  });
  const auto report = runner.run();
  EXPECT_EQ(report.exit_code(), 32) << report.json();
  EXPECT_EQ(counted(db, 1), 30);
}

TEST(LockClock, IsTakenOverAfterFiveQuartersOfALeaseWithoutABeat) {
  SharedStore shared("clock");
  Database db = shared.open();
  // Somebody on another machine, who does not beat any more.
  put(db, "_quire_lock",
      R"({"_id": "migrate", "token": 7, "beat": 9, "holder": "x", "lease_ms": 10000,
          "host": "elsewhere", "pid": 1, "process": "", "app": "old"})");
  testing::FakeClock clock;
  Migrations all;
  all.add({.id = "a", .up = add_field("people", "x", bson::Value(std::int32_t{1}))});
  MigrationRunner runner(db, all);
  runner.clock(clock);
  std::optional<MigrationReport> report;
  std::thread waiter([&] { report = runner.run(); });
  const auto waits = [&] {
    while (clock.sleepers() == 0) std::this_thread::sleep_for(1ms);
  };
  waits();
  clock.advance(12'400ms);
  std::this_thread::sleep_for(50ms);
  waits();
  EXPECT_EQ(runner.health().state, RunState::waiting);
  clock.advance(600ms);
  waiter.join();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->result, MigrationResult::applied) << report->json();
  EXPECT_TRUE(report->took_over);
  EXPECT_EQ(report->lock_token, 8);
}

TEST(LockClock, NoBatchBeginsWhenNoBeatCameThroughForSixTenthsOfALease) {
  SharedStore shared("silent");
  Database db = shared.open();
  put_counters(db, 40);
  testing::FakeClock clock;
  Migrations all;
  all.add(count_up("a"));
  int batches = 0;
  MigrationRunner runner(db, all);
  runner.clock(clock).lease(10s).batch_size(10).on_event([&](const MigrationEvent& event) {
    if (event.kind != MigrationEvent::Kind::batch || ++batches != 2) return;
    // Another process took over while this one saw nothing, as after a suspend.
    Database other = shared.open();
    (void)other.store().update(other.ns("_quire_lock"), bson::make_document("_id", "migrate"),
                               {bson::from_json(R"({"$inc": {"token": 1, "beat": 1}})").view()},
                               {});
    clock.advance(6'100ms);
  });
  const auto report = runner.run();
  EXPECT_EQ(report.result, MigrationResult::lock_lost) << report.json();
  EXPECT_EQ(report.exit_code(), 21);
  EXPECT_EQ(counted(db, 1), 20);
}

}  // namespace
}  // namespace quire::migrate::test
