// Each check holds for migrations that are right, and tells of those that are wrong.
#include <gtest/gtest.h>

#include <thread>

#include "quire/bson/json.hpp"
#include "quire/quire.hpp"
#include "quire/testing/testing.hpp"
#include "servers.hpp"

namespace quire::testing::test {
namespace {

struct Note {
  std::int64_t id = 0;
  std::int64_t stars = 0;
};
struct Named {
  std::int64_t id = 0;
  std::string name;
};
struct Split {
  std::int64_t id = 0;
  std::string first;
  std::string last;
};

bson::Document stars_index() { return bson::make_document("stars", 1); }

void fill(Database& db) {
  std::vector<bson::Document> documents;
  for (std::int64_t i = 0; i < 7; ++i) {
    documents.push_back(
        bson::make_document("_id", i, "stars", i, "name", "A" + std::to_string(i) + " B"));
  }
  const std::vector<bson::View> views(documents.begin(), documents.end());
  (void)db.store().insert(db.ns("notes"), views, {});
}

Step split() {
  return transform<Named, Split>("notes", [](const Named& n) {
    const auto space = n.name.find(' ');
    return Split{n.id, n.name.substr(0, space), n.name.substr(space + 1)};
  });
}
Step join() {
  return transform<Split, Named>(
      "notes", [](const Split& s) { return Named{s.id, s.first + " " + s.last}; });
}

Subject right() {
  Subject subject;
  subject.prepare = fill;
  subject.configure = [](MigrationRunner& runner) { runner.batch_size(3); };
  subject.migrations.add(
      {.id = "a",
       .up = {add_field("notes", "status", "new"), create_index("notes", stars_index())}});
  subject.migrations.add({.id = "b", .depends_on = {"a"}, .up = split(), .down = join()});
  return subject;
}

/// A counter that has no guard of its own: exactly once is for the runner to give.
Subject counting() {
  Subject subject = right();
  subject.migrations.add({.id = "c",
                          .depends_on = {"b"},
                          .up = each<Note>("notes", [](Note& n) { n.stars += 100; }),
                          .down = each<Note>("notes", [](Note& n) { n.stars -= 100; })});
  return subject;
}

class Helpers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (quire::test::on_server() && where().empty()) GTEST_SKIP() << "no server was started";
  }
  static std::string where() {
    return quire::test::on_server() ? quire::test::server(std::getenv("QUIRE_TEST_STORE"))
                                    : std::string();
  }
  ScratchDatabases databases{where()};
  /// At every call where time does not count: scripts/soak.sh.
  const int stride = std::getenv("QUIRE_MIGRATION_SOAK") != nullptr ? 1
                     : quire::test::on_server()                     ? 9
                                                                    : 5;
};

void expect_refuted(const Outcome& outcome, std::string_view text) {
  EXPECT_FALSE(outcome);
  EXPECT_NE(outcome.why.find(text), std::string::npos) << outcome.why;
}

TEST_F(Helpers, UpDownUpHoldsWhereTheWayBackIsRight) {
  const auto outcome = up_down_up(databases, counting());
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_EQ(outcome.rounds, 3);
  EXPECT_TRUE(outcome.notes.empty());
}

TEST_F(Helpers, UpDownUpTellsWhatAWayBackLeavesBehind) {
  auto subject = right();
  subject.migrations.add(
      {.id = "c",
       .depends_on = {"b"},
       .up = each<Note>("notes", [](Note& n) { n.stars += 100; }),
       .down = each<Note>("notes", [](Note& n) { n.stars -= n.id == 4 ? 99 : 100; })});
  expect_refuted(up_down_up(databases, subject),
                 "c: collection notes, _id {\"$numberLong\": \"4\"}");
}

TEST_F(Helpers, UpDownUpPassesOverWhatCannotGoBack) {
  auto subject = right();
  subject.migrations.add({.id = "c",
                          .depends_on = {"b"},
                          .up = unset_field("notes", "stars"),
                          .down = irreversible("the stars are not kept")});
  const auto outcome = up_down_up(databases, subject);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_EQ(outcome.rounds, 2);
  ASSERT_EQ(outcome.notes.size(), 1U);
  EXPECT_NE(outcome.notes[0].find("the stars are not kept"), std::string::npos);
}

TEST_F(Helpers, CrashMatrixHoldsInBothDirections) {
  CrashOptions options;
  options.every = stride;
  if (quire::test::on_server()) options.most = 2;
  const auto outcome = crash_matrix(databases, right(), options);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_GE(outcome.rounds, 4);
}

TEST_F(Helpers, CrashMatrixHoldsWithoutTransactions) {
  auto subject = right();
  subject.without_transactions = true;
  CrashOptions options;
  options.every = stride;
  if (quire::test::on_server()) options.most = 2;
  const auto outcome = crash_matrix(databases, subject, options);
  EXPECT_TRUE(outcome) << outcome.why;
}

TEST_F(Helpers, CrashMatrixHoldsForKilledProcesses) {
  CrashOptions options;
  options.interruption = Interruption::kill;
  options.every = 2 * stride;
  options.down = false;
  // What a killed client left open on a server is drained first: before the transactions.
  if (quire::test::on_server()) options.most = 1;
  const auto outcome = crash_matrix(databases, right(), options);
  EXPECT_TRUE(outcome) << outcome.why;
}

TEST_F(Helpers, CrashMatrixTellsOfAStepThatIsDoneTwice) {
  if (quire::test::on_server()) GTEST_SKIP() << "the same on each store, and long on servers";
  Subject subject;
  subject.prepare = fill;
  subject.migrations.add(
      {.id = "a", .up = migrate::run(Atomicity::idempotent, [](Database& db, Session&) {
                    store::UpdateOptions all;
                    all.multi = true;
                    const auto body = bson::from_json(R"({"$inc":{"stars":1}})");
                    (void)db.store().update(db.ns("notes"), {}, {body.view()}, all);
                  })});
  CrashOptions options;
  options.down = false;
  const auto outcome = crash_matrix(databases, subject, options);
  expect_refuted(outcome, "collection notes, _id {\"$numberLong\": \"0\"} differs");
  // Unless it is said what such a step may do.
  options.check = [](Database& db, const DatabaseImage&) {
    const auto more = bson::from_json(R"({"$expr":{"$gt":["$stars",{"$add":["$_id",2]}]}})");
    return db.store().count(db.ns("notes"), more, {}) == 0 ? "" : "counted three times";
  };
  const auto allowed = crash_matrix(databases, subject, options);
  EXPECT_TRUE(allowed) << allowed.why;
}

TEST_F(Helpers, CrashMatrixOfNothingIsNoProof) {
  CrashOptions options;
  options.first = 100000;
  expect_refuted(crash_matrix(databases, right(), options), "no run was interrupted");
}

TEST_F(Helpers, SingleRunHoldsForManyProcesses) {
  SingleRunOptions options;
  options.processes = 3;
  options.threads = 2;
  options.lease = std::chrono::seconds(1);
  const auto outcome = single_run(databases, counting(), options);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_EQ(outcome.rounds, 6);
}

TEST_F(Helpers, SingleRunTellsWhyAStartFailed) {
  auto subject = right();
  subject.prepare = [](Database& db) {
    fill(db);
    const auto both = bson::make_document("_id", std::int64_t{50}, "name", std::int64_t{1});
    const bson::View view = both;
    (void)db.store().insert(db.ns("notes"), {&view, 1}, {});
  };
  expect_refuted(single_run(databases, subject), "_id 50");
}

TEST_F(Helpers, PausedHolderChangesNothingAfterwards) {
  auto subject = right();
  PausedHolderOptions options;
  options.lease = std::chrono::milliseconds(100);
  options.first = 2;
  options.every = 2;
  options.most = 2;
  const auto outcome = paused_holder(databases, subject, options);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_EQ(outcome.rounds, 2);
}

/// A heartbeat whose write takes about as long as it waits: stopped in the middle of one, the
/// process would keep the second one from a file for ever.
TEST_F(Helpers, PausedHolderStopsBetweenTheWritesOfItsHeartbeat) {
  Subject subject;
  subject.without_transactions = true;
  subject.configure = [](migrate::MigrationRunner& runner) {
    runner.application(std::string(std::size_t{3} << 20, 'a'));
  };
  subject.migrations.add(
      {.id = "slow", .up = migrate::run(Atomicity::idempotent, [](Database& db, Session&) {
                       for (std::int64_t id = 0; id < 6; ++id) {
                         std::this_thread::sleep_for(std::chrono::milliseconds(13));
                         const auto filter = bson::make_document("_id", id);
                         const auto change =
                             bson::make_document("$set", bson::make_document("done", true));
                         store::UpdateOptions options;
                         options.upsert = true;
                         (void)db.store().update(db.ns("notes"), filter, {change.view()}, options);
                       }
                     })});
  PausedHolderOptions options;
  options.lease = std::chrono::milliseconds(50);
  options.most = 6;
  options.limit = std::chrono::seconds(30);
  const auto outcome = paused_holder(databases, subject, options);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_EQ(outcome.rounds, 6);
}

TEST_F(Helpers, PausedHolderNeedsAMomentToStop) {
  PausedHolderOptions options;
  options.first = 100000;
  expect_refuted(paused_holder(databases, right(), options), "ended before a moment");
}

TEST_F(Helpers, FreshEqualsUpgradedComparesIndexes) {
  const auto fresh = [](Database& db) {
    const auto spec = bson::make_document("key", stars_index(), "name", "stars_1");
    const bson::View view = spec;
    db.store().create_indexes(db.ns("notes"), {&view, 1}, {});
  };
  const auto outcome = fresh_equals_upgraded(databases, right(), fresh);
  EXPECT_TRUE(outcome) << outcome.why;
  expect_refuted(fresh_equals_upgraded(databases, right(), [](Database& db) { fill(db); }),
                 "collection notes is missing or empty in a new database");
  expect_refuted(fresh_equals_upgraded(databases, right(), fresh, true),
                 "_id {\"$numberLong\": \"0\"} is missing in a new database");
}

TEST_F(Helpers, SquashEqualsOriginalsComparesData) {
  migrate::Migrations squashed;
  squashed.add(
      {.id = "s",
       .up = {add_field("notes", "status", "new"), create_index("notes", stars_index()), split()}});
  const auto outcome = squash_equals_originals(databases, right(), squashed);
  EXPECT_TRUE(outcome) << outcome.why;
  EXPECT_EQ(outcome.rounds, 2);
  migrate::Migrations wrong;
  wrong.add(
      {.id = "s",
       .up = {add_field("notes", "status", "old"), create_index("notes", stars_index()), split()}});
  expect_refuted(squash_equals_originals(databases, right(), wrong),
                 "from the prepared database: collection notes, _id");
}

}  // namespace
}  // namespace quire::testing::test
