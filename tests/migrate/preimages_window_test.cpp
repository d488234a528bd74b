// Which migrations keep old values, and until when: what is refused, forgotten or missed.
#include "kept.hpp"

namespace quire::migrate::test::kept {

class KeptWindow : public Kept {};

TEST_P(KeptWindow, AForgottenWindowIsRefused) {
  put_counters(db, 4);
  ASSERT_TRUE((MigrationRunner{db, counting()}.run().ok()));
  EXPECT_EQ(forget_preimages(db, "count"), 2);
  EXPECT_TRUE(preimages(db).empty());
  EXPECT_EQ(count(db, "_quire_events", R"({"what":"forget_preimages","migration":"count"})"), 1);
  const auto report = MigrationRunner{db, counting()}.rollback("count");
  EXPECT_EQ(report.result, MigrationResult::irreversible);
  EXPECT_NE(report.error->detail().find("forgotten"), std::string::npos);
  EXPECT_EQ(count(db, "counters", R"({"n":5})"), 2);
  EXPECT_EQ(forget_preimages(db, "unknown"), 0);
}

TEST_P(KeptWindow, ACollectionThatWasDroppedByHandIsMissed) {
  put_counters(db, 4);
  ASSERT_TRUE((MigrationRunner{db, counting()}.run().ok()));
  ASSERT_TRUE(db.drop_collection("_quire_undo_count"));
  const auto report = MigrationRunner{db, counting()}.rollback("count");
  EXPECT_EQ(report.result, MigrationResult::irreversible) << report.json();
  EXPECT_FALSE(report.next.empty());
}

INSTANTIATE_TEST_SUITE_P(Preimages, KeptWindow, ::testing::Bool(), way_of);

TEST(Preimages, AreRefusedWhereTheyCannotBeKept) {
  auto db = empty_database();
  const auto refused = [&](DeclaredMigration migration) -> std::string {
    migration.keep_preimages = true;
    Migrations list;
    list.add(std::move(migration));
    try {
      (void)MigrationRunner{db, list}.run();
    } catch (const MigrationError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_migration) << error.what();
      return error.detail();
    }
    return "not refused";
  };
  const auto nothing = each<Counter>("t", [](Counter&) {});
  EXPECT_NE(refused({.id = "a", .up = drop_collection("t")}).find("drop_collection"),
            std::string::npos);
  EXPECT_NE(refused({.id = "a", .up = run(Atomicity::idempotent, [](Database&, Session&) {})})
                .find("run"),
            std::string::npos);
  EXPECT_NE(refused({.id = "a", .repeatable = true, .up = nothing}).find("repeatable"),
            std::string::npos);
  EXPECT_NE(refused({.id = "a", .up = nothing, .down = irreversible("so it is")}).find("so it is"),
            std::string::npos);
  for (const char* id : {"a$b", "a..b", "a."})
    EXPECT_NE(refused({.id = id, .up = nothing}).find("collection"), std::string::npos) << id;
}

TEST(Preimages, OfADatabaseThatRanWithoutThemAreMissed) {
  auto db = empty_database();
  put_counters(db, 4);
  auto list = Migrations();
  list.add({.id = "count", .up = each<Counter>("counters", [](Counter& c) { c.n += 5; })});
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  const auto report = MigrationRunner{db, counting()}.rollback("count");
  EXPECT_EQ(report.result, MigrationResult::irreversible);
  EXPECT_NE(report.error->detail().find("before it kept"), std::string::npos) << report.json();
}

}  // namespace quire::migrate::test::kept
