// A later pass begins, whoever dies or is slow meanwhile: nothing of the pass before stays, and
// nothing of this one goes.
#include <utility>

#include "data_fixture.hpp"
#include "dying_store.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate::test::data_pass {

using Hook = testing::HookedStore::Hook;
using quire::test::Dies;
using quire::test::is_call;
using testing::StoreCall;

std::optional<bson::Document> strict(bson::View document) {
  if (document["name"].as_string() == "bad")
    throw MappingError(ErrorCode::check_failed, FieldPath("name"), "bad name");
  return bson::Document(document);
}

/// With transactions and without.
class LaterPass : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (quire::test::on_server() && GetParam()) GTEST_SKIP() << "a standalone server has none";
  }
  DataReport run(const Hook& hook = [](const StoreCall&) {}, bool again = false) {
    auto store = std::make_shared<testing::HookedStore>(db.shared_store(), hook);
    store->without_transactions = GetParam();
    DataMigrator job(db, "people");
    job.to({store, db.name()}, "users").map(strict).partition(10).batch(20).workers(1);
    job.remove_gone().rejects(RejectPolicy::reject, {.most = 100, .percent = 100});
    if (again) job.restart();
    return job.run();
  }
  DataReport again(const Hook& hook = [](const StoreCall&) {}) { return run(hook, true); }

  void first_pass() {
    db = empty_database();
    put_people(db, 25);
    set(db, "people", R"({"_id":7})", R"({"$set":{"name":"bad"}})");
    ASSERT_TRUE(run().ok());
    ASSERT_EQ(count(db, "_quire_rejects"), 1);
    // Other rows, other bounds, another reject.
    set(db, "people", R"({"_id":7})", R"({"$set":{"name":"good"}})");
    set(db, "people", R"({"_id":8})", R"({"$set":{"name":"bad"}})");
    for (int i = -20; i < 0; ++i)
      put(db, "people", R"({"_id":{"$numberLong":")" + std::to_string(i) + R"("},"name":"new"})");
  }
  void expect_only(std::int64_t epoch) {
    const std::string one = R"({"epoch":)" + std::to_string(epoch) + "}";
    EXPECT_EQ(count(db, "_quire_chunks"), 5);
    EXPECT_EQ(count(db, "_quire_chunks", one), 5);
    EXPECT_EQ(count(db, "_quire_rejects"), 1);
    EXPECT_EQ(count(db, "_quire_rejects", R"({"key":8})"), 1);
    // What was refused is not written over, and is the source's still.
    EXPECT_EQ(count(db, "users", R"({"name":"new"})"), 20);
    EXPECT_EQ(count(db, "users", R"({"_id":7,"name":"good"})"), 1);
    EXPECT_EQ(count(db, "users"), 45);
  }

  Database db = empty_database();
};

TEST_P(LaterPass, GoesOnAfterADeathAtAnyWriteOfItsBegin) {
  const int every = quire::test::on_server() ? 3 : 1;
  int rounds = 0;
  for (int at = 2;; at += every) {
    SCOPED_TRACE("died in front of write " + std::to_string(at));
    first_pass();
    Dies dies{.at = at};
    const auto broken = again(std::ref(dies));
    ASSERT_FALSE(broken.ok()) << broken.json();
    if (dies.has_taken_a_partition) break;
    // Who comes next may find nothing begun, or goes on.
    const bool begun = count(db, "_quire_jobs", R"({"kind":"data","epoch":2})") == 1;
    const auto report = run([](const StoreCall&) {}, !begun);
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(report.counts.read, 45);
    expect_only(2);
    if (HasFailure()) return;
    ++rounds;
  }
  EXPECT_GE(rounds, 2);
}

TEST_P(LaterPass, WhoRemovesLateTakesNothingOutOfIt) {
  for (const char* collection : {"_quire_chunks", "_quire_rejects"}) {
    SCOPED_TRACE(collection);
    first_pass();
    bool once = false;
    const auto slow = again([&](const StoreCall& call) {
      if (!is_call(call, "remove", collection) || std::exchange(once, true)) return;
      const auto report = run();  // another process goes on with the pass that this one began
      EXPECT_TRUE(report.ok()) << report.json();
    });
    ASSERT_TRUE(once);
    EXPECT_EQ(slow.result, DataResult::nothing) << slow.json();
    expect_only(2);
  }
}

TEST_P(LaterPass, BoundsAreThoseOfItsOwnPlan) {
  first_pass();
  int updates = 0;
  // Slow in front of its plan, while another process begins once more, and dies at its own plan.
  const auto slow = again([&](const StoreCall& call) {
    if (!is_call(call, "update", "_quire_jobs") || ++updates != 2) return;
    int others = 0;
    const auto died = again([&](const StoreCall& other) {
      if (others == 2) throw StoreError(ErrorCode::network_error, "the process is gone");
      if (!is_call(other, "update", "_quire_jobs") || ++others != 2) return;
      throw StoreError(ErrorCode::network_error, "the process is gone");
    });
    EXPECT_FALSE(died.ok());
  });
  EXPECT_GE(updates, 2);
  ASSERT_TRUE(slow.error) << slow.json();
  EXPECT_EQ(slow.error->code(), ErrorCode::lock_lost);
  EXPECT_EQ(count(db, "_quire_chunks", R"({"epoch":3})"), 0);
  const auto report = run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.read, 45);
  expect_only(3);
}

INSTANTIATE_TEST_SUITE_P(Stores, LaterPass, ::testing::Bool(), [](const auto& row) {
  return std::string(row.param ? "WithoutTransactions" : "AsTheyAre");
});

}  // namespace quire::migrate::test::data_pass
