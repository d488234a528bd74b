// Killed at any time, an import goes on and ends as one that was not.
#include <sys/wait.h>

#include <csignal>
#include <random>
#include <thread>

#include "fixture.hpp"
#include "migrate/data/presence.hpp"
#include "open_ranges.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/step.hpp"
#include "quire/migrate/migrate.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::importer::test {
namespace {

Mapping with_orders() {
  auto table = users_mapping();
  ChildRule orders;
  orders.to = "orders";
  orders.table = "orders";
  orders.columns = {"user_id"};
  orders.order = {{"id"}};
  table.children = {orders};
  TableMapping flat;
  flat.table = "orders";
  flat.into = "sales";
  Mapping mapping;
  mapping.tables = {table, flat};
  return mapping;
}

/// A database that several processes open one after the other.
class Shared {
 public:
  explicit Shared(const std::string& name) {
    if (quire::test::on_server()) {
      uri_ = quire::test::store_uri();
      return;
    }
    path_ = std::filesystem::temp_directory_path() /
            ("quire-import-" + std::to_string(::getpid()) + "-" + name + ".quire");
    std::filesystem::remove(path_);
    uri_ = "quire:" + path_.string() + "?durability=normal";
  }
  ~Shared() {
    std::error_code ignored;
    if (path_.empty()) return;
    for (const char* end : {"", "-wal", "-shm"})
      std::filesystem::remove(path_.string() + end, ignored);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  [[nodiscard]] Database open() const { return quire::open(uri_); }

 private:
  std::filesystem::path path_;
  std::string uri_;
};

/// Runs the import in a child that is killed after `rows` rows were asked about.
bool killed_after(const Legacy& legacy, const Shared& shared, int batches, bool back) {
  const pid_t child = ::fork();
  if (child == 0) {
    Database db = shared.open();
    const auto source = legacy.open();
    auto options = small();
    std::atomic<int> seen{0};
    options.throttle.wait = [&]() -> std::string {
      if (++seen > batches) ::kill(::getpid(), SIGKILL);
      return {};
    };
    std::jthread later;
    if (back) {  // going back asks nobody: by time
      later = std::jthread([batches] {
        std::this_thread::sleep_for(std::chrono::milliseconds(batches));
        ::kill(::getpid(), SIGKILL);
      });
      (void)Importer(*source, db, with_orders(), options).rollback();
    } else {
      (void)Importer(*source, db, with_orders(), options).run();
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

TEST(ImportCrash, GoesOnAfterAKillAndEndsAsOneThatWasNotKilled) {
  Legacy legacy("crash");
  legacy.put_users(150);
  legacy.put_orders(2);
  Shared straight("straight"), shared("killed");
  std::vector<std::string> people, sales;
  {
    Database db = straight.open();
    const auto source = legacy.open();
    ASSERT_TRUE(Importer(*source, db, with_orders(), small()).run().ok());
    people = all(db, "people");
    sales = all(db, "sales");
  }
  std::mt19937 random(7);
  int kills = 0;
  for (int i = 0; i < 6; ++i)
    kills += killed_after(legacy, shared, static_cast<int>(random() % 12), false) ? 1 : 0;
  EXPECT_GT(kills, 0);
  {
    Database db = shared.open();
    const auto source = legacy.open();
    const auto report = Importer(*source, db, with_orders(), small()).run();
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(all(db, "people"), people);
    EXPECT_EQ(all(db, "sales"), sales);
    const auto proof =
        Importer(*source, db, with_orders(), small()).verify(migrate::VerifyLevel::full);
    EXPECT_TRUE(proof.ok()) << proof.json();
  }
  for (int i = 0; i < 3; ++i) (void)killed_after(legacy, shared, 3 + i * 20, true);
  Database db = shared.open();
  const auto source = legacy.open();
  const auto back = Importer(*source, db, with_orders(), small()).rollback();
  ASSERT_TRUE(back.ok()) << back.json();
  EXPECT_EQ(count(db, "people"), 0);
  EXPECT_EQ(count(db, "sales"), 0);
}

/// A server keeps a dead client's transaction for a minute: who goes on ends it.
TEST(ImportCrash, WhoGoesOnEndsTheTransactionOfADeadWorker) {
  if (!quire::test::on_server()) GTEST_SKIP() << "a file's transaction ends with its process";
  Legacy legacy("drain");
  legacy.put_users(40);
  legacy.put_orders(1);
  Shared shared("drain");
  if (!shared.open().capabilities().transactions) GTEST_SKIP() << "this server has none";
  const auto dies_in_a_batch = [&](auto act) {
    const pid_t child = ::fork();
    if (child == 0) {
      Database own = shared.open();
      const Database db{std::make_shared<testing::HookedStore>(
                            own.shared_store(),
                            [](const testing::StoreCall& call) {
                              if (call.returned && call.in_transaction &&
                                  call.operation == "bulk_write" && call.ns.collection == "people")
                                ::kill(::getpid(), SIGKILL);
                            }),
                        own.name()};
      const auto source = legacy.open();
      Importer import(*source, db, with_orders(), small());
      act(import);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  };
  constexpr std::chrono::seconds far_below_a_minute{40};
  Database db = shared.open();
  const auto source = legacy.open();
  dies_in_a_batch([](Importer& import) { (void)import.run(); });
  auto start = std::chrono::steady_clock::now();
  const auto report = Importer(*source, db, with_orders(), small()).run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, far_below_a_minute);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "people"), 40);
  dies_in_a_batch([](Importer& import) { (void)import.rollback(); });
  start = std::chrono::steady_clock::now();
  const auto back = Importer(*source, db, with_orders(), small()).rollback();
  EXPECT_LT(std::chrono::steady_clock::now() - start, far_below_a_minute);
  ASSERT_TRUE(back.ok()) << back.json();
  EXPECT_EQ(count(db, "people"), 0);
  EXPECT_EQ(count(db, "_quire_jobs", R"({"kind":"run"})"), 0);
}

/// A process that died in an import of `people` left sessions, and the server refuses to end them.
class Undrained {
 public:
  explicit Undrained(const std::string& name) : legacy(name), shared(name) {
    legacy.put_users(10);
    std::string job;
    {
      const auto source = legacy.open();
      const auto report = Importer(*source, shared.open(), one(users_mapping()), small()).run();
      EXPECT_TRUE(report.ok()) << report.json();
      job = report.parts.at(0).data.job;
    }
    const pid_t child = ::fork();
    if (child == 0) {
      const migrate::data::Presence alive(shared.open(), job, std::chrono::seconds(15), 1);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    db.emplace(shared.open());
    set(*db, "_quire_jobs", R"({"kind":"run"})",
        R"({"$set":{"sessions":[{"id":{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAA==","subType":"04"}}}]}})");
    refusing.emplace(std::make_shared<testing::HookedStore>(
                         db->shared_store(),
                         [](const testing::StoreCall& call) {
                           if (call.operation == "run_command" && call.ns.database == "admin")
                             throw StoreError(ErrorCode::unauthorized,
                                              "killSessions is not allowed");
                         }),
                     db->name());
  }
  static void expect_told(const std::vector<std::string>& warnings) {
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("killSessions is not allowed"), std::string::npos) << warnings[0];
  }

  Legacy legacy;
  Shared shared;
  std::optional<Database> db;
  std::optional<Database> refusing;
};

TEST(ImportCrash, AWayBackTellsWhatItCouldNotEndAtTheServer) {
  Undrained dead("undrained");
  const auto source = dead.legacy.open();
  const auto back = Importer(*source, *dead.refusing, one(users_mapping()), small()).rollback();
  ASSERT_TRUE(back.ok()) << back.json();
  dead.expect_told(back.warnings);
  EXPECT_EQ(count(*dead.db, "people"), 0);
}

TEST(ImportCrash, TheEndOfTheWindowTellsWhatItCouldNotEndAtTheServer) {
  Undrained dead("unfinished");
  const auto source = dead.legacy.open();
  const auto end = Importer(*source, *dead.refusing, one(users_mapping()), small()).finish();
  ASSERT_TRUE(end.ok()) << end.json();
  ASSERT_EQ(end.parts.size(), 1U);
  dead.expect_told(end.parts[0].data.warnings);
  EXPECT_EQ(count(*dead.db, "people", R"({"_q":{"$exists":true}})"), 0);
  EXPECT_EQ(count(*dead.db, "people"), 10);
}

/// A page behind an _id may cost a server all that lies behind.
TEST(ImportCrash, AWayBackReadsBetweenTwoIds) {
  if (!quire::test::on_server()) GTEST_SKIP() << "a file reads what it is asked for";
  Legacy legacy("ranges");
  legacy.put_users(2600);
  Database db = empty_database();
  if (!db.capabilities().transactions) GTEST_SKIP() << "read as on a replica set, and longest";
  const auto source = legacy.open();
  ImportOptions options;
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), options).run().ok());
  const auto open = quire::test::OpenRanges::of(db, "people");
  options.remove_gone = true;
  const auto later = Importer(*source, db, one(users_mapping()), options).run();
  ASSERT_TRUE(later.ok()) << later.json();
  // Each that goes back costs this server a look at all: more than a page of them.
  store::RemoveOptions many;
  many.multi = true;
  (void)db.store().remove(db.ns("people"), bson::from_json(R"({"_id": {"$gt": 1150}})"), many);
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), options).rollback().ok());
  EXPECT_LE(open->count, 2);
  EXPECT_GE(open->closed, 2);  // of the pass and of the way back
  EXPECT_EQ(count(db, "people"), 0);
}

TEST(ImportStep, RunsAtStartUpAndGoesBack) {
  Legacy legacy("step");
  legacy.put_users(30);
  legacy.put_orders(1);
  Database db = empty_database();
  migrate::Migrations migrations;
  ImportOptions options = small();
  options.name = "legacy";
  // [step]
  migrations.add({.id = "2026_05_01_from_sqlite",
                  .title = "users and orders out of SQLite",
                  .up = import_step([&] { return legacy.open(); }, with_orders(), options)});
  // [/step]
  const auto up = migrate::MigrationRunner{db, migrations}.run();
  ASSERT_TRUE(up.ok()) << up.json();
  EXPECT_EQ(count(db, "people"), 30);
  EXPECT_EQ(count(db, "sales"), 30);
  const auto again = migrate::MigrationRunner{db, migrations}.run();
  EXPECT_TRUE(again.ok()) << again.json();
  const auto down = migrate::MigrationRunner{db, migrations}.rollback(1);
  ASSERT_TRUE(down.ok()) << down.json();
  EXPECT_EQ(count(db, "people"), 0);
}

}  // namespace
}  // namespace quire::importer::test
