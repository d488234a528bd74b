// Who dies, or is slow, while a later pass of an import begins.
#include <utility>

#include "dying_store.hpp"
#include "fixture.hpp"

namespace quire::importer::test {
namespace {

using migrate::DataResult;
using migrate::VerifyLevel;

/// A pass over rows of which one is refused was made; then others are there, and another is.
class LaterPass : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (quire::test::on_server() && GetParam()) GTEST_SKIP() << "a standalone server has none";
  }
  ImportReport run(const testing::HookedStore::Hook& hook = [](const testing::StoreCall&) {}) {
    const auto store = std::make_shared<testing::HookedStore>(db.shared_store(), hook);
    store->without_transactions = GetParam();
    const auto source = legacy.open();
    auto options = small();
    options.workers = 1;
    options.reject_limits.percent = 100;
    return Importer(*source, {store, db.name()}, one(users_mapping()), options).run();
  }
  void first_pass() {
    db = empty_database();
    legacy.run(
        "DROP TABLE IF EXISTS users; CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25)"
        " INSERT INTO users SELECT i, nullif('n' || i, 'n7') FROM n");
    ASSERT_TRUE(run().ok());
    ASSERT_EQ(count(db, "_quire_rejects", R"({"key": 7})"), 1);
    legacy.run(
        "INSERT INTO users SELECT -id, 'new' FROM users;"
        "UPDATE users SET name = 'good' WHERE id = 7; UPDATE users SET name = NULL WHERE id = -8");
  }
  void expect_only(std::int64_t epoch) {
    const std::string of = R"({"epoch": )" + std::to_string(epoch) + "}";
    EXPECT_EQ(count(db, "_quire_chunks"), 3);
    EXPECT_EQ(count(db, "_quire_chunks", of), 3);
    EXPECT_EQ(count(db, "_quire_rejects"), 1);
    EXPECT_EQ(count(db, "_quire_rejects", R"({"key": -8})"), 1);
    EXPECT_EQ(count(db, "people"), 49);
    const auto source = legacy.open();
    const auto proof =
        Importer(*source, db, one(users_mapping()), small()).verify(VerifyLevel::full);
    EXPECT_TRUE(proof.ok()) << proof.json();
  }
  Legacy legacy;
  Database db = empty_database();
};

TEST_P(LaterPass, GoesOnAfterADeathAtAnyWriteOfItsBegin) {
  const int every = quire::test::on_server() ? 3 : 1;
  int rounds = 0;
  for (int at = 2;; at += every) {
    SCOPED_TRACE("died in front of write " + std::to_string(at));
    first_pass();
    quire::test::Dies dies{.at = at};
    ASSERT_FALSE(run(std::ref(dies)).ok());
    if (dies.has_taken_a_partition) break;
    const ImportReport report = run();
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(report.parts[0].data.counts.read, 50);
    expect_only(2);
    if (HasFailure()) return;
    ++rounds;
  }
  EXPECT_GE(rounds, 2);
}

/// Two processes begin it at once; the slower one finds it begun, or over.
TEST_P(LaterPass, IsJoinedAndNotBegunAgain) {
  for (const int others : {1, 2}) {
    SCOPED_TRACE(std::to_string(others) + " passes meanwhile");
    first_pass();
    bool once = false;
    const ImportReport slow = run([&](const testing::StoreCall& call) {
      if (!quire::test::is_call(call, "bulk_write", "_quire_jobs") || std::exchange(once, true))
        return;
      for (int i = 0; i < others; ++i) EXPECT_TRUE(run().ok());
    });
    ASSERT_TRUE(once);
    if (others == 1) {
      EXPECT_TRUE(slow.ok()) << slow.json();
      EXPECT_EQ(slow.parts[0].data.result, DataResult::nothing);
    } else {  // what it read is of another pass
      ASSERT_TRUE(slow.error) << slow.json();
      EXPECT_EQ(slow.error->code(), ErrorCode::lock_lost);
    }
    expect_only(1 + others);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, LaterPass, ::testing::Bool(), [](const auto& row) {
  return std::string(row.param ? "WithoutTransactions" : "AsTheyAre");
});

}  // namespace
}  // namespace quire::importer::test
