// Migrations that keep old values, interrupted at a call.
#include "kept.hpp"
#include "ten.hpp"

namespace quire::migrate::test::kept {

/// Interrupted at a call, in both directions, and gone on with.
class KeptMatrix : public ::testing::Test {
 protected:
  void SetUp() override { QUIRE_NEEDS_BED(); }
  testing::ScratchDatabases databases{ten::bed()};

  void holds(testing::Interruption interruption, bool without_transactions) {
    if (without_transactions && quire::test::on_server() && !ten::soak())
      GTEST_SKIP() << "a standalone server has none: with QUIRE_MIGRATION_SOAK only";
    const bool kills = interruption == testing::Interruption::kill;
    testing::Subject subject;
    subject.without_transactions = without_transactions;
    subject.prepare = [](Database& db) {
      put_counters(db, 10);
      put_people(db);
    };
    subject.configure = [](MigrationRunner& runner) { runner.batch_size(3); };
    subject.migrations = counting();
    subject.migrations.add(
        {.id = "fields",
         .keep_preimages = true,
         .up = {add_field("counters", "status", "new"), unset_field("counters", "kept")}});
    subject.migrations.add_one(transforming().items.front());
    testing::CrashOptions options;
    options.interruption = interruption;
    options.limit = ten::limit;
    options.first = 7;
    options.every = kills ? 41 : 23;
    if (quire::test::on_server()) {
      options.first = 17;
      options.every = 29;
      options.most = 1;
    }
    if (ten::soak()) {
      options.first = 1;
      options.every = ten::soak_every();
      options.most = 0;
    }
    const auto outcome = testing::crash_matrix(databases, subject, options);
    EXPECT_TRUE(outcome) << outcome.why;
    EXPECT_GE(outcome.rounds, 2);
  }
};

TEST_F(KeptMatrix, GoesOnAfterAnExceptionAtACall) {
  holds(testing::Interruption::exception, false);
}
TEST_F(KeptMatrix, GoesOnAfterAnExceptionAtACallWithoutTransactions) {
  holds(testing::Interruption::exception, true);
}
TEST_F(KeptMatrix, GoesOnAfterAKill) { holds(testing::Interruption::kill, false); }
TEST_F(KeptMatrix, GoesOnAfterAKillWithoutTransactions) {
  holds(testing::Interruption::kill, true);
}

}  // namespace quire::migrate::test::kept
