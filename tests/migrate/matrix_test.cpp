// Ten migrations of all kinds, interrupted before a call to the store, and gone on with. A slice;
// all of it where QUIRE_MIGRATION_SOAK is set (scripts/soak.sh).
#include <thread>

#include "own_server.hpp"
#include "ten.hpp"

namespace quire::migrate::test::matrix {

using testing::CrashOptions;
using testing::Interruption;

class Matrix : public ::testing::Test {
 protected:
  void SetUp() override { QUIRE_NEEDS_BED(); }
  testing::ScratchDatabases databases{ten::bed()};
  testing::Subject subject = ten::subject();

  /// On servers a slice is a few calls of one direction: each round is a thousand commands.
  void holds(Interruption interruption, int slice) {
    CrashOptions options;
    options.interruption = interruption;
    options.every = ten::soak_every();
    options.limit = ten::limit;
    if (!ten::soak()) {
      const bool kills = interruption == Interruption::kill;
      options.first = kills ? 41 : 23;
      options.every = quire::test::on_server() ? 90 : slice;
      if (quire::test::on_server()) {
        options.most = kills ? 1 : 2;
        options.up = !kills;
        options.down = kills;
      }
    }
    options.check = [](Database& db, const testing::DatabaseImage& straight) {
      auto wrong = ten::allow_replays(db, 1);
      if (wrong.empty())
        wrong = straight.difference(testing::DatabaseImage(db), "a straight run", "this one");
      return wrong;
    };
    const auto outcome = testing::crash_matrix(databases, subject, options);
    EXPECT_TRUE(outcome) << outcome.why;
    RecordProperty("interruptions", std::to_string(outcome.rounds));
    if (ten::soak()) std::printf("%lld interruptions\n", static_cast<long long>(outcome.rounds));
    EXPECT_GE(outcome.rounds, options.most == 0 ? 4 : options.most);
  }
};

TEST_F(Matrix, RunsGoOnAfterAnExceptionAtACall) { holds(Interruption::exception, 61); }

TEST_F(Matrix, RunsGoOnAfterAnExceptionAtACallWithoutTransactions) {
  if (quire::test::on_server() && !ten::soak())
    GTEST_SKIP() << "a standalone server has none: with QUIRE_MIGRATION_SOAK only";
  subject.without_transactions = true;
  holds(Interruption::exception, 61);
}

/// At every call, the last ones of a step too: what marks documents as done goes after their
/// cursor.
TEST_F(Matrix, DocumentsAreDoneOnceWithoutTransactions) {
  if (quire::test::on_server()) GTEST_SKIP() << "the same on each store, and long on servers";
  subject.without_transactions = true;
  Migrations few;
  few.add({.id = "a", .up = each<Counter>("counters", [](Counter& c) { c.n += c.id + 1; })});
  few.add({.id = "b", .up = copy_documents("people", "copies")});
  few.add({.id = "c", .up = move_documents("waste", "archive")});
  subject.migrations = few;
  subject.configure = [](MigrationRunner& runner) { runner.batch_size(8); };
  CrashOptions options;
  options.down = false;
  const auto outcome = testing::crash_matrix(databases, subject, options);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_GE(outcome.rounds, 25);
}

TEST_F(Matrix, RunsGoOnAfterTheirProcessWasKilled) { holds(Interruption::kill, 61); }

TEST_F(Matrix, RunsGoOnAfterTheirProcessWasKilledWithoutTransactions) {
  if (quire::test::on_server() && !ten::soak())
    GTEST_SKIP() << "a standalone server has none: with QUIRE_MIGRATION_SOAK only";
  subject.without_transactions = true;
  holds(Interruption::kill, 61);
}

auto of(std::string_view id) {
  return [id](const auto& one) { return one->info().id == id; };
}

TEST_F(Matrix, GoesForthAndBack) {
  // Counting is in the way of going back to the same.
  subject.migrations.items.erase(subject.migrations.items.begin() + 3,
                                 subject.migrations.items.begin() + 5);
  std::erase_if(subject.migrations.items, of("h_move"));
  const auto outcome = testing::up_down_up(databases, subject);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_EQ(outcome.rounds, 7);
}

TEST_F(Matrix, ManyProcessesRunEachOnce) {
  testing::SingleRunOptions options;
  options.lease = std::chrono::seconds(1);
  options.limit = ten::limit;
  const auto outcome = testing::single_run(databases, subject, options);
  EXPECT_TRUE(outcome) << outcome.why;
}

TEST_F(Matrix, AStoppedHolderChangesNothingAfterwards) {
  testing::PausedHolderOptions options;
  options.limit = ten::limit;
  options.lease = std::chrono::milliseconds(100);
  options.first = 3;
  options.every = ten::soak() ? ten::soak_every() : 9;
  options.most = ten::soak() ? 1000 : quire::test::on_server() ? 1 : 2;
  const auto outcome = testing::paused_holder(databases, subject, options);
  EXPECT_TRUE(outcome) << outcome.why;
  if (ten::soak()) std::printf("%lld pauses\n", static_cast<long long>(outcome.rounds));
}

TEST_F(Matrix, AStoppedHolderChangesNothingAfterwardsWithoutTransactions) {
  if (quire::test::on_server() && !ten::soak())
    GTEST_SKIP() << "a standalone server has none: with QUIRE_MIGRATION_SOAK only";
  subject.without_transactions = true;
  testing::PausedHolderOptions options;
  options.limit = ten::limit;
  options.lease = std::chrono::milliseconds(100);
  options.first = 3;
  options.every = ten::soak() ? ten::soak_every() : 13;
  options.most = ten::soak() ? 1000 : 2;
  const auto outcome = testing::paused_holder(databases, subject, options);
  EXPECT_TRUE(outcome) << outcome.why;
  if (ten::soak()) std::printf("%lld pauses\n", static_cast<long long>(outcome.rounds));
}

/// A call before which it is killed and started again may be one of the lock's heartbeat, whose
/// thread ends with the run.
TEST(ServerKill, AServerOutlivesTheThreadThatStartedIt) {
  const std::string program = ten::server_program();
  if (program.empty()) GTEST_SKIP() << "kills a server of its own";
  quire::test::OwnServer server(program);
  std::thread([&] {
    server.kill_now();
    server.start();
  }).join();
  auto db = quire::open(server.uri("data"));
  put(db, "c", R"({"_id":1})");
  EXPECT_EQ(count(db, "c"), 1);
}

/// The server is killed before a call, and started again on its files.
TEST(ServerKill, RunsGoOnWithWhatTheServerKept) {
  const std::string program = ten::server_program();
  if (program.empty()) GTEST_SKIP() << "kills a server of its own";
  // SecantusDB writes what it acknowledged to the disk at once when told so.
  std::vector<std::string> options{"--sync-on-commit"};
  if (!ten::on_replica_set()) options.emplace_back("--standalone");
  quire::test::OwnServer server(program, options);
  auto subject = ten::subject();
  testing::DatabaseImage straight;
  {
    auto db = quire::open(server.uri("straight"));
    ten::prepare(db);
    auto runner = MigrationRunner{db, subject.migrations};
    ASSERT_TRUE(runner.batch_size(ten::batch).run().ok());
    straight = testing::DatabaseImage(db);
  }
  const int step = ten::soak() ? 7 : 60;
  const int most = ten::soak() ? 1000 : 1;
  int kills = 0;
  for (int at = 31; kills < most; at += step) {
    SCOPED_TRACE(at);
    const auto store = store::open(server.uri("round_" + std::to_string(at)));
    std::atomic<int> calls{0};
    std::atomic<bool> killed{false};
    Database db{std::make_shared<testing::HookedStore>(store,
                                                       [&](const testing::StoreCall& call) {
                                                         if (call.returned || ++calls != at) return;
                                                         killed = true;
                                                         server.kill_now();
                                                         server.start();
                                                       }),
                store->default_database()};
    Database plain{store, store->default_database()};
    ten::prepare(plain);
    const auto run = [&] {
      return MigrationRunner{db, subject.migrations}
          .batch_size(ten::batch)
          .lease(std::chrono::milliseconds(300))
          .run();
    };
    int failures = 0;
    for (; failures < 5; ++failures) {
      try {
        const auto report = run();
        if (report.ok()) break;
        EXPECT_FALSE(report.next.empty()) << report.json();
        EXPECT_NE(report.exit_code(), 0);
      } catch (const StoreError& error) {
        EXPECT_EQ(error.code(), ErrorCode::network_error) << error.what();
      }
    }
    ASSERT_LT(failures, 5);
    if (!killed) break;
    ++kills;
    EXPECT_EQ(ten::allow_replays(plain, 1 + failures), "");
    EXPECT_EQ(straight.difference(testing::DatabaseImage(plain), "a straight run", "this one"), "");
    EXPECT_EQ(count(plain, "_quire_history", R"({"state":"applied"})"), 10);
  }
  if (ten::soak()) std::printf("%d kills\n", kills);
  EXPECT_GE(kills, 1);
}

}  // namespace quire::migrate::test::matrix
