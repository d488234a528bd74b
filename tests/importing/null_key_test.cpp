// Rows whose key has a null: the database promises nothing that would tell them apart.
#include "dying_store.hpp"
#include "fixture.hpp"

namespace quire::importer::test {
namespace {

/// levels(member, guild, xp): 30 that their key tells; between them 10 rows without a guild, and at
/// the end 25 without either, of which 5 are alike in all. No order tells these.
class NullKeys : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (quire::test::on_server() && GetParam()) GTEST_SKIP() << "a standalone server has none";
  }
  static constexpr std::int64_t told = 30, refused = 35;

  NullKeys() {
    legacy.run(
        "CREATE TABLE levels(member INTEGER, guild INTEGER, xp INTEGER, UNIQUE(member, guild));"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 65)"
        " INSERT INTO levels SELECT CASE WHEN i <= 40 THEN i / 20 END,"
        " CASE WHEN i % 4 > 0 AND i <= 40 THEN i END, CASE WHEN i <= 60 THEN i END FROM n");
    table.table = table.into = "levels";
    table.key = {"member", "guild"};
    options.workers = 1;
    options.lease = std::chrono::milliseconds(50);
    options.reject_limits = {.most = 1000, .percent = 100};
  }
  ImportReport run(const testing::HookedStore::Hook& hook = [](const testing::StoreCall&) {}) {
    const auto store = std::make_shared<testing::HookedStore>(db.shared_store(), hook);
    store->without_transactions = GetParam();
    const auto source = legacy.open();
    return Importer(*source, {store, db.name()}, one(table), options).run();
  }
  void expect_all_once(const ImportReport& report) {
    ASSERT_TRUE(report.ok()) << report.json();
    const auto& counts = report.parts[0].data.counts;
    EXPECT_EQ(counts.read, told + refused);
    EXPECT_EQ(counts.written, told);
    EXPECT_EQ(counts.rejected, refused);
    EXPECT_EQ(count(db, "levels"), told);
    EXPECT_EQ(count(db, "_quire_rejects"), refused);
    EXPECT_EQ(count(db, "_quire_rejects", R"({"document.xp": null})"), 5);
    const auto source = legacy.open();
    const auto proof =
        Importer(*source, db, one(table), options).verify(migrate::VerifyLevel::digest);
    EXPECT_TRUE(proof.ok()) << proof.json();
  }
  Legacy legacy;
  Database db = empty_database();
  TableMapping table;
  ImportOptions options = small();
};

TEST_P(NullKeys, AreEachPutAsideOnceWhereverTheWorkIsBrokenOff) {
  expect_all_once(run());
  const int every = quire::test::on_server() ? 40 : 11;
  int rounds = 0;
  for (int at = 12;; at += every) {
    SCOPED_TRACE("died in front of write " + std::to_string(at));
    db = empty_database();
    quire::test::Dies dies{.at = at};
    if (run(std::ref(dies)).ok()) break;
    expect_all_once(run());
    if (HasFailure()) return;
    ++rounds;
  }
  EXPECT_GE(rounds, 2);
}

TEST_P(NullKeys, AreTriedAgainEachByWhatItHolds) {
  expect_all_once(run());
  const auto retried = [&] {
    const auto source = legacy.open();
    return Importer(*source, db, one(table), options).retry_rejects().parts[0].data.counts;
  };
  {
    const auto source = legacy.open();
    const auto dry = Importer(*source, db, one(table), options).dry_run();
    EXPECT_EQ(dry.parts[0].data.counts.read, told + refused);
    EXPECT_EQ(dry.parts[0].data.counts.rejected, refused);
  }
  EXPECT_EQ(retried().rejected, refused);
  EXPECT_EQ(count(db, "_quire_rejects"), refused);
  legacy.run(
      "DELETE FROM levels WHERE rowid IN (SELECT rowid FROM levels WHERE xp IS NULL LIMIT 2)");
  EXPECT_EQ(retried().dropped, 2);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"document.xp": null})"), 3);
  EXPECT_EQ(count(db, "_quire_rejects"), refused - 2);
}

INSTANTIATE_TEST_SUITE_P(Stores, NullKeys, ::testing::Bool(), [](const auto& row) {
  return std::string(row.param ? "WithoutTransactions" : "AsTheyAre");
});

}  // namespace
}  // namespace quire::importer::test
