// A process dies with a transaction open that has written: who takes over ends it at the
// server, instead of waiting for the minute that the server gives it.
#include <unistd.h>

#include <csignal>

#include "data_fixture.hpp"
#include "quire/migrate/inspect.hpp"
#include "ten.hpp"
#include "testing/children.hpp"

namespace quire::migrate::test::drain {

using std::chrono::seconds;

/// A server's transactions live for a minute; what is measured here takes less than a second.
constexpr seconds far_below_a_minute{40};

/// The suite's server shows no operations of others, so that runs which take over say so, and no
/// more.
void expect_unseen_only(const std::vector<std::string>& warnings) {
  for (const auto& one : warnings)
    EXPECT_TRUE(one.starts_with("whether the server still runs operations")) << one;
}

class Drain : public ::testing::Test {
 protected:
  void SetUp() override {
    QUIRE_NEEDS_BED();
    if (!quire::test::on_server()) GTEST_SKIP() << "a file's transaction ends with its process";
    db.emplace(databases.open(uri()));
    QUIRE_NEEDS_TRANSACTIONS(*db);
    put_counters(*db, 6);
  }
  const std::string& uri() {
    if (uri_.empty()) uri_ = databases.make();
    return uri_;
  }

  /// `run` in a process of its own, which kills itself.
  void dies(const std::function<void(Database&)>& run) {
    testing::Child child([&](std::string&) {
      auto own = databases.open(uri());
      run(own);
      return 0;
    });
    const auto end = child.wait(seconds(60));
    ASSERT_TRUE(end.finished);
    ASSERT_EQ(end.signal, SIGKILL) << end.code << " " << end.text;
  }

  /// Expects of a run that it takes over, and that it need not wait.
  template <class F>
  void takes_over(F run) {
    const auto start = std::chrono::steady_clock::now();
    const MigrationReport report = run();
    EXPECT_LT(std::chrono::steady_clock::now() - start, far_below_a_minute);
    EXPECT_TRUE(report.ok()) << report.json();
    EXPECT_TRUE(report.took_over) << report.json();
    expect_unseen_only(report.warnings);
    // Nothing is left to the next one.
    EXPECT_EQ(count(*db, "_quire_lock", R"({"holder":null,"session":null})"), 1);
    EXPECT_EQ(count(*db, "_quire_lock", R"({"undrained":{"$exists":true}})"), 0);
  }

  testing::ScratchDatabases databases{ten::bed()};
  std::string uri_;
  std::optional<Database> db;
};

void add_one(Database& db, Session* session) {
  store::UpdateOptions options;
  options.session = session;
  options.multi = true;
  const auto more = bson::from_json(R"({"$inc":{"n":1}})");
  (void)db.store().update(db.ns("counters"), {}, {more.view()}, options);
}

/// Kills its process once it has written, where `fatal`.
Code counts(bool fatal) {
  return [fatal](Database& db, Session& session) {
    add_one(db, &session);
    if (fatal) ::kill(::getpid(), SIGKILL);
  };
}

Migrations forth(bool fatal) {
  Migrations all;
  all.add({.id = "a", .up = run(Atomicity::transactional, counts(fatal))});
  return all;
}

TEST_F(Drain, EndsWhatARunForwardLeftOpen) {
  dies([](Database& own) { (void)MigrationRunner(own, forth(true)).run(); });
  takes_over([&] { return MigrationRunner(*db, forth(false)).run(); });
  EXPECT_EQ(count(*db, "counters", R"({"n":1})"), 6);
}

TEST_F(Drain, EndsWhatARunBackLeftOpen) {
  const auto both = [](bool fatal) {
    Migrations all;
    all.add({.id = "a",
             .up = run(Atomicity::transactional, counts(false)),
             .down = run(Atomicity::transactional, counts(fatal))});
    return all;
  };
  ASSERT_TRUE(MigrationRunner(*db, both(false)).run().ok());
  dies([&](Database& own) { (void)MigrationRunner(own, both(true)).rollback("a"); });
  takes_over([&] { return MigrationRunner(*db, both(false)).rollback("a"); });
  EXPECT_EQ(count(*db, "counters", R"({"n":2})"), 6);
}

/// Through a store that watches the calls, as the checks of quire::testing open it.
TEST_F(Drain, EndsTheBatchOfAStepOverDocuments) {
  Migrations all;
  all.add({.id = "a", .up = each<Counter>("counters", [](Counter& c) { ++c.n; })});
  dies([&](Database& own) {
    bool written = false;
    const Database hooked{
        std::make_shared<testing::HookedStore>(own.shared_store(),
                                               [&](const testing::StoreCall& call) {
                                                 written |= call.returned && call.in_transaction &&
                                                            call.ns.collection == "counters" &&
                                                            call.operation == "bulk_write";
                                                 if (written && !call.returned)
                                                   ::kill(::getpid(), SIGKILL);
                                               }),
        own.name()};
    (void)MigrationRunner(hooked, all).batch_size(3).run();
  });
  takes_over([&] { return MigrationRunner(*db, all).batch_size(3).run(); });
  EXPECT_EQ(count(*db, "counters", R"({"n":1})"), 6);
}

/// Code that is no transaction of the run's, and begins its own on the session that it is given.
Migrations own_transaction(bool fatal) {
  Migrations all;
  all.add({.id = "a", .up = run(Atomicity::idempotent, [fatal](Database& db, Session& session) {
                        session.start_transaction();
                        counts(fatal)(db, session);
                        session.commit_transaction();
                      })});
  return all;
}

TEST_F(Drain, EndsATransactionThatCodeBeganItself) {
  dies([](Database& own) { (void)MigrationRunner(own, own_transaction(true)).run(); });
  takes_over([&] { return MigrationRunner(*db, own_transaction(false)).run(); });
  EXPECT_EQ(count(*db, "counters", R"({"n":1})"), 6);
}

TEST_F(Drain, RollsBackWhatCodeForgot) {
  Migrations all;
  all.add({.id = "a", .up = run(Atomicity::idempotent, [](Database& own, Session& session) {
                        session.start_transaction();
                        add_one(own, &session);
                      })});
  const auto report = MigrationRunner(*db, all).run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(*db, "counters", R"({"n":0})"), 6);
}

/// Who took over died before it could end anything: the next one ends both.
TEST_F(Drain, EndsWhatTheOneBeforeTheLastLeftOpen) {
  dies([](Database& own) { (void)MigrationRunner(own, forth(true)).run(); });
  dies([](Database& own) {
    const Database hooked{std::make_shared<testing::HookedStore>(
                              own.shared_store(),
                              [](const testing::StoreCall& call) {
                                if (call.returned && call.operation == "find_and_modify")
                                  ::kill(::getpid(), SIGKILL);
                              }),
                          own.name()};
    (void)MigrationRunner(hooked, forth(false)).run();
  });
  takes_over([&] { return MigrationRunner(*db, forth(false)).run(); });
  EXPECT_EQ(count(*db, "counters", R"({"n":1})"), 6);
}

/// Where somebody released the lock of a process that is gone, its transaction is there all the
/// same.
TEST_F(Drain, EndsWhatWasOpenWhenTheLockWasReleasedByHand) {
  dies([](Database& own) { (void)MigrationRunner(own, forth(true)).run(); });
  const auto seen = lock_info(*db);
  ASSERT_TRUE(seen && seen->held);
  unlock(*db, seen->token, "its machine is gone");
  const auto start = std::chrono::steady_clock::now();
  const auto report = MigrationRunner(*db, forth(false)).run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, far_below_a_minute);
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(*db, "counters", R"({"n":1})"), 6);
}

// What follows are the workers of a data job: their sessions are named by the job.

/// Calls `die` when a call like that one is done, within a transaction.
Database dying(Database& own, std::string_view operation, std::string_view collection,
               std::function<void()> die) {
  auto hook = [=](const testing::StoreCall& call) {
    if (call.returned && call.in_transaction && call.operation == operation &&
        call.ns.collection == collection)
      die();
  };
  return {std::make_shared<testing::HookedStore>(own.shared_store(), hook), own.name()};
}
void kill_me() { ::kill(::getpid(), SIGKILL); }

DataMigrator job_over(const Database& db, bool move) {
  auto job = small_job(db, db);
  if (move) job.move();
  job.workers(1).lease(std::chrono::milliseconds(300));
  return job;
}

class DrainOfAJob : public Drain {
 protected:
  void SetUp() override {
    Drain::SetUp();
    if (!IsSkipped()) put_people(*db, people);
  }
  /// A worker dies after that call, another one goes on.
  void goes_on(std::string_view operation, std::string_view collection, bool move) {
    dies([&](Database& own) {
      auto job = job_over(dying(own, operation, collection, kill_me), move);
      (void)job.run();
    });
    const auto start = std::chrono::steady_clock::now();
    const auto report = job_over(*db, move).run();
    EXPECT_LT(std::chrono::steady_clock::now() - start, far_below_a_minute);
    expect_copied(report);
    EXPECT_EQ(count(*db, "people"), move ? 0 : people);
    // Nothing is left of the dead one.
    EXPECT_EQ(count(*db, "_quire_jobs", R"({"kind":"run"})"), 0);
  }
  void expect_copied(const DataReport& report) {
    ASSERT_TRUE(report.ok()) << report.json();
    expect_unseen_only(report.warnings);
    EXPECT_EQ(report.counts.written, people);
    EXPECT_EQ(count(*db, "users"), people);
  }
  static constexpr int people = 12;
};

TEST_F(DrainOfAJob, EndsABatchThatWasWrittenAndNotSaved) { goes_on("bulk_write", "users", false); }
TEST_F(DrainOfAJob, EndsABatchThatWasSavedAndNotCommitted) {
  goes_on("update", "_quire_chunks", true);
}
/// Its owner is not known to anybody yet.
TEST_F(DrainOfAJob, EndsTheTakingOfAPartition) {
  goes_on("find_and_modify", "_quire_chunks", false);
}

/// A process dies while it tries again what was put aside, and another one does so. `elsewhere`:
/// nobody can know at once that it is gone.
class DrainOfARetry : public DrainOfAJob, public ::testing::WithParamInterface<bool> {};

TEST_P(DrainOfARetry, EndsWhatWasWrittenAndNotCommitted) {
  const auto job = [](const Database& on) {
    auto one = job_over(on, false);
    one.transform<OldPerson, NewPerson>(split).rejects(RejectPolicy::reject);
    return one;
  };
  set(*db, "people", R"({"_id":3})", R"({"$set":{"name":7}})");
  ASSERT_EQ(job(*db).run().counts.rejected, 1);
  set(*db, "people", R"({"_id":3})", R"({"$set":{"name":"A B"}})");
  dies([&](Database& own) {
    auto one = job(dying(own, "bulk_write", "users", kill_me));
    (void)one.retry_rejects();
  });
  if (GetParam()) set(*db, "_quire_jobs", R"({"kind":"run"})", R"({"$set":{"process":""}})");
  const auto start = std::chrono::steady_clock::now();
  const auto report = job(*db).retry_rejects();
  EXPECT_LT(std::chrono::steady_clock::now() - start, far_below_a_minute);
  ASSERT_TRUE(report.ok()) << report.json();
  expect_unseen_only(report.warnings);
  EXPECT_EQ(report.counts.written, 1);
  EXPECT_EQ(count(*db, "users", R"({"_id":3,"last":"B"})"), 1);
  EXPECT_EQ(count(*db, "_quire_rejects"), 0);
}
INSTANTIATE_TEST_SUITE_P(Processes, DrainOfARetry, ::testing::Bool(), [](const auto& row) {
  return std::string(row.param ? "OfAnotherMachine" : "OfThisMachine");
});

/// It lives, but was stopped within a batch for longer than its lease.
TEST_F(DrainOfAJob, EndsTheBatchOfOneThatStandsStill) {
  testing::Child stopped([&](std::string& text) {
    auto own = databases.open(uri());
    bool once = false;
    auto job = job_over(dying(own, "bulk_write", "users",
                              [&] {
                                if (!std::exchange(once, true)) ::kill(::getpid(), SIGSTOP);
                              }),
                        false);
    const auto report = job.run();
    text = report.json();
    return report.ok() && report.lost == 1 ? 0 : 1;
  });
  ASSERT_TRUE(stopped.wait_stopped(seconds(60)));
  const auto start = std::chrono::steady_clock::now();
  const auto report = job_over(*db, false).run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, far_below_a_minute);
  EXPECT_EQ(report.taken_over, 1) << report.json();
  expect_copied(report);
  stopped.send(SIGCONT);
  const auto end = stopped.wait(seconds(60));
  EXPECT_TRUE(end.finished && end.signal == 0 && end.code == 0) << end.text;
  expect_copied(job_over(*db, false).status());
}

}  // namespace quire::migrate::test::drain
