#pragma once

#include "quire/core/error.hpp"
#include "ten.hpp"

namespace quire::migrate::test::faults {

/// Something goes wrong in a run of the ten migrations; the next run, without the fault, has to
/// come to what a straight run comes to.
class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    QUIRE_NEEDS_BED();
    auto db = prepared();
    EXPECT_EQ(run(db).exit_code(), 0);
    straight = testing::DatabaseImage(db);
  }
  Database prepared() {
    auto db = databases.open(databases.make());
    ten::prepare(db);
    return db;
  }
  static MigrationReport run(const Database& db, const Migrations& migrations = ten::all()) {
    return MigrationRunner{db, migrations}
        .batch_size(ten::batch)
        .lease(std::chrono::milliseconds(100))
        .run();
  }
  /// A run that did not end well says by number and by word what that means.
  static void expect_told(const MigrationReport& report) {
    EXPECT_TRUE(report.error.has_value());
    EXPECT_FALSE(report.next.empty()) << report.json();
    EXPECT_TRUE(report.exit_code() == 21 || report.exit_code() == 30 || report.exit_code() == 31)
        << report.json();
    if (report.exit_code() != 30) return;
    EXPECT_EQ(report.result, MigrationResult::failed);
  }
  void expect_done(Database& db, int crashes) {
    const auto report = run(db);
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(ten::allow_replays(db, crashes), "");
    EXPECT_EQ(straight.difference(testing::DatabaseImage(db), "a straight run", "this one"), "");
    EXPECT_EQ(count(db, "_quire_history", R"({"state":"applied"})"), 10);
  }
  testing::ScratchDatabases databases{ten::bed()};
  testing::DatabaseImage straight;
};

}  // namespace quire::migrate::test::faults
