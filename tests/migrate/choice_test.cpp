// Which migrations run: targets, tags, checks, squashes, repeatable ones, baselines, acceptance.
#include "fixture.hpp"

namespace quire::migrate::test {
namespace {

DeclaredMigration adds(std::string id, std::string field = {}) {
  if (field.empty()) field = id;
  return {.id = std::move(id), .up = add_field("c", field, std::int32_t{1})};
}

std::vector<std::string> ran(const MigrationReport& report) {
  std::vector<std::string> ids;
  for (const auto& entry : report.migrations)
    ids.push_back(entry.id + (entry.state == MigrationState::applied
                                  ? ""
                                  : ":" + std::string(to_string(entry.state))));
  return ids;
}

using Ids = std::vector<std::string>;

TEST(Target, RunsUpToItAndNoFurther) {
  Database db = empty_database();
  Migrations all;
  for (const char* id : {"a", "b", "c"}) all.add(adds(id));
  EXPECT_EQ(ran(MigrationRunner(db, all).target("b").run().or_throw()), (Ids{"a", "b"}));
  EXPECT_EQ(MigrationRunner(db, all).target("b").run().result, MigrationResult::nothing);
  EXPECT_EQ(ran(MigrationRunner(db, all).run().or_throw()), (Ids{"c"}));
  EXPECT_THROW((void)(MigrationRunner(db, all).target("x").run()), MigrationError);
}

TEST(Tags, PullWhatTheyDependOn) {
  Database db = empty_database();
  Migrations all;
  all.add(adds("a"));
  all.add(adds("b"));
  auto tagged = adds("c");
  tagged.tags = {"night", "big"};
  tagged.depends_on = {"b"};
  all.add(std::move(tagged));
  EXPECT_EQ(MigrationRunner(db, all).tags({"none"}).plan().migrations.size(), 0U);
  EXPECT_EQ(ran(MigrationRunner(db, all).tags({"big"}).run().or_throw()), (Ids{"b", "c"}));
  EXPECT_EQ(ran(MigrationRunner(db, all).run().or_throw()), (Ids{"a"}));
}

TEST(Checks, ThatDoNotHoldBeforeBeginNothing) {
  Database db = empty_database();
  bool holds = false;
  Migrations all;
  auto one = adds("a");
  one.pre = {require("the queue is empty", [&](Database&, Session&) { return holds; })};
  all.add(std::move(one));
  const auto report = MigrationRunner(db, all).run();
  EXPECT_EQ(report.result, MigrationResult::failed);
  EXPECT_EQ(report.error->code(), ErrorCode::precondition_failed);
  EXPECT_NE(report.json().find("the queue is empty"), std::string::npos);
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(count(db, "_quire_history"), 0);
  holds = true;
  EXPECT_EQ(ran(MigrationRunner(db, all).run().or_throw()), (Ids{"a"}));
}

TEST(Checks, MaySkip) {
  Database db = empty_database();
  put(db, "c", R"({"_id":1})");
  Migrations all;
  auto one = adds("a");
  one.pre = {skip_if("nobody uses it", [](Database&, Session&) { return true; })};
  all.add(std::move(one));
  all.add(adds("b"));
  EXPECT_EQ(ran(MigrationRunner(db, all).run().or_throw()), (Ids{"a:skipped", "b"}));
  EXPECT_EQ(test::all(db, "c"), (Ids{same(R"({"_id":1,"b":1})")}));
  EXPECT_EQ(state_of(db, all, "a"), MigrationState::skipped);
  EXPECT_EQ(MigrationRunner(db, all).run().result, MigrationResult::nothing);
}

TEST(Checks, ThatDoNotHoldAfterwardsFailIt) {
  Database db = empty_database();
  put(db, "c", R"({"_id":1})");
  Migrations all;
  auto one = adds("a");
  one.post = {require("there are two", [](Database& d, Session& session) {
    store::CountOptions options;
    options.session = &session;
    const auto filter = bson::from_json(R"({"a":1})");
    return d.store().count(d.ns("c"), filter, options) == 2;
  })};
  all.add(std::move(one));
  const auto report = MigrationRunner(db, all).run();
  EXPECT_FALSE(report.ok());
  EXPECT_NE(report.json().find("there are two"), std::string::npos) << report.json();
  if (db.capabilities().transactions) {
    EXPECT_EQ(report.result, MigrationResult::failed);
    EXPECT_EQ(count(db, "c", R"({"a":1})"), 0);  // nothing was left behind
  }
  put(db, "c", R"({"_id":2,"a":1})");
  EXPECT_TRUE(MigrationRunner(db, all).run().ok());
}

/// A squash of a and b, with or without those.
Migrations squashed(bool with_originals, bool with_later = true) {
  Migrations all;
  if (with_originals) {
    all.add(adds("a"));
    all.add(adds("b"));
  }
  all.add({.id = "s",
           .replaces = {"a", "b"},
           .up = {add_field("c", "a", std::int32_t{1}), add_field("c", "b", std::int32_t{1})}});
  if (with_later) {
    auto later = adds("z");
    later.depends_on = {"b"};
    all.add(std::move(later));
  }
  return all;
}

Migrations originals(int count = 2) {
  Migrations all;
  all.add(adds("a"));
  if (count > 1) all.add(adds("b"));
  return all;
}

TEST(Squash, RunsInTheirPlaceWhereNoneIsApplied) {
  for (const bool with_originals : {true, false}) {
    Database db = empty_database();
    put(db, "c", R"({"_id":1})");
    const Migrations all = squashed(with_originals);
    EXPECT_EQ(ran(MigrationRunner(db, all).run().or_throw()), (Ids{"s", "z"}));
    EXPECT_EQ(test::all(db, "c"), (Ids{same(R"({"_id":1,"a":1,"b":1,"z":1})")}));
    EXPECT_EQ(count(db, "_quire_history", R"({"state":"superseded","replaced_by":"s"})"), 2);
    // A program from before the squash does not run them.
    EXPECT_EQ(MigrationRunner(db, originals()).run().result, MigrationResult::nothing);
  }
}

TEST(Squash, IsAdoptedWhereAllAreApplied) {
  for (const bool with_originals : {true, false}) {
    Database db = empty_database();
    put(db, "c", R"({"_id":1})");
    MigrationRunner(db, originals()).run().or_throw();
    const auto filter = bson::from_json(R"({"_id":1})");
    db.store().update(db.ns("c"), filter, {bson::from_json(R"({"$unset":{"a":1}})")}, {});
    const Migrations all = squashed(with_originals, false);
    EXPECT_EQ(ran(MigrationRunner(db, all).run().or_throw()), (Ids{"s"}));
    EXPECT_EQ(test::all(db, "c"), (Ids{same(R"({"_id":1,"b":1})")}));  // not run
    EXPECT_EQ(state_of(db, all, "s"), MigrationState::applied);
    EXPECT_EQ(count(db, "_quire_history", R"({"state":"superseded"})"), 2);
    EXPECT_EQ(MigrationRunner(db, all).run().result, MigrationResult::nothing);
  }
}

TEST(Squash, FinishesTheOriginalsFirstWhereSomeAreApplied) {
  Database db = empty_database();
  put(db, "c", R"({"_id":1})");
  MigrationRunner(db, originals(1)).run().or_throw();
  EXPECT_EQ(ran(MigrationRunner(db, squashed(true)).run().or_throw()), (Ids{"b", "s", "z"}));
  EXPECT_EQ(test::all(db, "c"), (Ids{same(R"({"_id":1,"a":1,"b":1,"z":1})")}));
}

TEST(Squash, IsRefusedWhereSomeAreAppliedAndTheOthersGone) {
  Database db = empty_database();
  MigrationRunner(db, originals(1)).run().or_throw();
  const auto report = MigrationRunner(db, squashed(false)).run();
  ASSERT_TRUE(report.error.has_value());
  EXPECT_EQ(report.error->code(), ErrorCode::squash_incomplete);
  EXPECT_EQ(report.exit_code(), 11);
  EXPECT_FALSE(report.next.empty());
  EXPECT_NE(MigrationRunner(db, squashed(false)).plan().json().find("squash"), std::string::npos);
}

TEST(Squash, GoesBackAndForthAsOne) {
  Database db = empty_database();
  put(db, "c", R"({"_id":1})");
  const Migrations all = squashed(false, false);
  MigrationRunner(db, originals()).run().or_throw();
  MigrationRunner(db, all).run().or_throw();
  MigrationRunner(db, all).rollback("s").or_throw();
  EXPECT_EQ(test::all(db, "c"), (Ids{same(R"({"_id":1})")}));
  MigrationRunner(db, all).run().or_throw();
  EXPECT_EQ(test::all(db, "c"), (Ids{same(R"({"_id":1,"a":1,"b":1})")}));
}

TEST(Repeatable, RunsAgainWhenItChangesAndAfterAllOthers) {
  Database db = empty_database();
  int runs = 0;
  const auto program = [&](int revision, bool more) {
    Migrations all;
    all.add({.id = "views",
             .revision = revision,
             .repeatable = true,
             .up = run(Atomicity::idempotent, [&](Database&, Session&) { ++runs; }),
             .down = irreversible("made anew each time")});
    all.add(adds("a"));
    if (more) all.add(adds("b"));
    return all;
  };
  EXPECT_EQ(ran(MigrationRunner(db, program(1, false)).run().or_throw()), (Ids{"a", "views"}));
  EXPECT_EQ(MigrationRunner(db, program(1, false)).run().result, MigrationResult::nothing);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(state_of(db, program(2, true), "views"), MigrationState::pending);
  EXPECT_EQ(ran(MigrationRunner(db, program(2, true)).run().or_throw()), (Ids{"b", "views"}));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(MigrationRunner(db, program(2, true)).run().result, MigrationResult::nothing);
}

TEST(Accept, SettlesAChangeAndKeepsTheOldChecksum) {
  Database db = empty_database();
  MigrationRunner(db, originals(1)).run().or_throw();
  Migrations changed;
  changed.add(adds("a", "another"));
  EXPECT_EQ(MigrationRunner(db, changed).run().error->code(), ErrorCode::checksum_mismatch);
  EXPECT_THROW(MigrationRunner(db, changed).accept("a", ""), MigrationError);
  EXPECT_THROW(MigrationRunner(db, changed).accept("x", "why"), MigrationError);
  MigrationRunner(db, changed).accept("a", "a comment only");
  EXPECT_EQ(MigrationRunner(db, changed).run().result, MigrationResult::nothing);
  EXPECT_EQ(state_of(db, changed, "a"), MigrationState::applied);
  EXPECT_EQ(MigrationRunner(db, originals(1)).run().result, MigrationResult::nothing);
  EXPECT_THROW(MigrationRunner(db, changed).accept("a", "again"), MigrationError);
  EXPECT_EQ(
      count(db, "_quire_events", R"({"what":"accept","note":"a comment only","migration":"a"})"),
      1);
  Migrations third;
  third.add(adds("a", "third"));
  EXPECT_EQ(MigrationRunner(db, third).run().error->code(), ErrorCode::checksum_mismatch);
}

TEST(Baseline, RecordsWhatWasMadeByOtherMeans) {
  Database db = empty_database();
  Migrations all;
  all.add(
      {.id = "1",
       .up = {create_collection("users"), create_index("users", bson::make_document("email", 1))}});
  all.add(adds("2"));
  all.add(adds("3"));
  try {
    MigrationRunner(db, all).baseline("2");
    FAIL();
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::baseline_refused);
    EXPECT_NE(std::string(error.what()).find("index email_1 of users"), std::string::npos)
        << error.what();
  }
  const auto index = bson::make_document("key", bson::make_document("email", 1), "name", "email_1");
  const bson::View view = index;
  db.store().create_indexes(db.ns("users"), {&view, 1}, {});
  MigrationRunner(db, all).baseline("2", {.reason = "made by hand"});
  EXPECT_EQ(state_of(db, all, "1"), MigrationState::baselined);
  EXPECT_EQ(ran(MigrationRunner(db, all).run().or_throw()), (Ids{"3"}));
  EXPECT_THROW(MigrationRunner(db, all).baseline("3"), MigrationError);
  EXPECT_THROW(MigrationRunner(db, all).baseline("x"), MigrationError);
  EXPECT_EQ(count(db, "_quire_events", R"({"to":"baselined","note":"made by hand"})"), 2);
  EXPECT_EQ(MigrationRunner(db, all).rollback("1").result, MigrationResult::irreversible);
}

TEST(Baseline, MayBeForced) {
  Database db = empty_database();
  Migrations all;
  all.add({.id = "1", .up = create_collection("users")});
  MigrationRunner(db, all).baseline("1", {.force = true});
  EXPECT_EQ(MigrationRunner(db, all).run().result, MigrationResult::nothing);
}

TEST(Graph, RefusesSquashesThatMakeNoSense) {
  Migrations all;
  EXPECT_THROW(all.add({.id = "s", .replaces = {"s"}, .up = add_field("c", "x", 1)}),
               MigrationError);
  EXPECT_THROW(
      all.add({.id = "s", .replaces = {"a"}, .repeatable = true, .up = add_field("c", "x", 1)}),
      MigrationError);
  EXPECT_THROW((void)require("", [](Database&, Session&) { return true; }), MigrationError);
  EXPECT_THROW((void)skip_if("x", nullptr), MigrationError);
}

}  // namespace
}  // namespace quire::migrate::test
