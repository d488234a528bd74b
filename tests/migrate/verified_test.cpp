// Verification as part of a run: a contract migration waits for it.
#include "fixture.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/data_migrator.hpp"
#include "quire/model/model.hpp"

namespace quire::migrate::test {
namespace {

struct Named {
  std::int64_t id = 0;
  std::string name;
};
struct Parted {
  std::int64_t id = 0;
  std::string first, last;
};

Parted part(const Named& old) {
  const auto space = old.name.find(' ');
  return {old.id, old.name.substr(0, space), old.name.substr(space + 1)};
}

Migrations split_then_contract(VerifyLevel level) {
  Migrations all;
  all.add({.id = "a_split",
           .verify = level,
           .up = transform<Named, Parted>("people", part),
           .down = irreversible("a test")});
  all.add({.id = "b_contract",
           .depends_on = {"a_split"},
           .kind = MigrationKind::contract,
           .up = unset_field("people", "nickname")});
  return all;
}

void put_people(Database& db) {
  put(db, "people", R"({"_id": 1, "name": "Ada Lovelace", "nickname": "a"})");
  put(db, "people", R"({"_id": 2, "name": "Grace Hopper", "nickname": "g"})");
}

/// As a database that nothing was done to.
void clear(Database& db) {
  store::RemoveOptions options;
  options.multi = true;
  for (const char* name : {"people", "others", "places", "_quire_history", "_quire_events"})
    (void)db.store().remove(db.ns(name), {}, options);
}

/// Puts a document there when the first migration has finished and is about to be verified.
auto once_finished(Database& db, std::string json) {
  return [&db, json = std::move(json), done = false](const MigrationEvent& event) mutable {
    if (event.kind != MigrationEvent::Kind::finished || std::exchange(done, true)) return;
    put(db, "people", json);
  };
}

TEST(Verified, IsRecordedAndContractsRunAfterIt) {
  for (const VerifyLevel level : {VerifyLevel::counts, VerifyLevel::sample, VerifyLevel::full}) {
    Database db = empty_database();
    put_people(db);
    MigrationRunner runner(db, split_then_contract(level));
    const auto report = runner.run();
    EXPECT_EQ(report.result, MigrationResult::applied) << report.json();
    const auto status = runner.status();
    EXPECT_EQ(status.migrations.at(0).verified, to_string(level));
    EXPECT_EQ(status.migrations.at(1).verified, "");
    EXPECT_TRUE(runner.is_complete("a_split"));
    EXPECT_EQ(count(db, "people", R"({"nickname": {"$exists": true}})"), 0);
    EXPECT_EQ(runner.run().result, MigrationResult::nothing);
    clear(db);
  }
}

TEST(Verified, ADocumentOfTheOldShapeHoldsBackWhatComesAfter) {
  Database db = empty_database();
  put_people(db);
  MigrationRunner runner(db, split_then_contract(VerifyLevel::full));
  runner.on_event(once_finished(db, R"({"_id": 3, "name": "Late Comer"})"));
  const auto report = runner.run();
  EXPECT_EQ(report.result, MigrationResult::unverified) << report.json();
  EXPECT_EQ(report.exit_code(), 41);
  EXPECT_FALSE(report.ok());
  ASSERT_TRUE(report.error.has_value());
  EXPECT_EQ(report.error->path().str(), "a_split");
  EXPECT_NE(report.error->detail().find("_id 3"), std::string::npos) << report.error->what();
  EXPECT_NE(report.error->detail().find("name"), std::string::npos) << report.error->what();
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(runner.status().migrations.at(0).state, MigrationState::applied);
  EXPECT_EQ(runner.status().migrations.at(0).verified, "");
  EXPECT_FALSE(runner.is_complete("a_split"));
  EXPECT_EQ(count(db, "people", R"({"nickname": {"$exists": true}})"), 2);

  // Asked again by each run, and the contract waits.
  EXPECT_EQ(runner.run().result, MigrationResult::unverified);
  EXPECT_EQ(count(db, "people", R"({"nickname": {"$exists": true}})"), 2);

  (void)db.store().remove(db.ns("people"), bson::make_document("_id", 3), {});
  const auto again = runner.run();
  EXPECT_EQ(again.result, MigrationResult::applied) << again.json();
  EXPECT_TRUE(runner.is_complete("a_split"));
  EXPECT_EQ(count(db, "people", R"({"nickname": {"$exists": true}})"), 0);
}

TEST(Verified, ASampleFindsADocumentThatDoesNotFitTheStruct) {
  Database db = empty_database();
  put_people(db);
  MigrationRunner runner(db, split_then_contract(VerifyLevel::sample));
  runner.on_event(once_finished(db, R"({"_id": 3, "first": 7, "last": "x"})"));
  const auto report = runner.run();
  EXPECT_EQ(report.result, MigrationResult::unverified) << report.json();
  EXPECT_NE(report.error->detail().find("first"), std::string::npos) << report.error->what();
}

TEST(Verified, CountsFindWhatDeclaredStepsLeft) {
  struct Case {
    const char* name;
    Step step;
    const char* before;
    const char* late;
  };
  const std::vector<Case> cases{
      {"add", add_field("people", "x", bson::Value(std::int32_t{1})), R"({"_id": 1})",
       R"({"_id": 3})"},
      {"rename", rename_field("people", "a", "b"), R"({"_id": 1, "a": 1})",
       R"({"_id": 3, "a": 1})"},
      {"unset", unset_field("people", "a"), R"({"_id": 1, "a": 1})", R"({"_id": 3, "a": 1})"},
      {"split", split_field("people", "name", {"first", "last"}), R"({"_id": 1, "name": "A B"})",
       R"({"_id": 3, "name": "C D"})"},
      {"merge", merge_fields("people", {"first", "last"}, "name"),
       R"({"_id": 1, "first": "A", "last": "B"})", R"({"_id": 3, "first": "C", "last": "D"})"},
      {"convert", convert_field("people", "n", bson::Type::int64), R"({"_id": 1, "n": "1"})",
       R"({"_id": 3, "n": "1"})"},
      {"keep",
       convert_field("people", "n", bson::Type::int64, {.unconvertible = Unconvertible::keep}),
       R"({"_id": 1, "n": "no number"})", R"({"_id": 3, "n": "1"})"},
      {"move", move_documents("people", "others"), R"({"_id": 1})", R"({"_id": 3})"},
      {"copy", copy_documents("people", "others"), R"({"_id": 1})", R"({"_id": 3})"},
      {"embed", embed("people", "at", "places", "place"), R"({"_id": 1, "at": 9})",
       R"({"_id": 3, "at": 9})"},
      {"extract", extract("people", "place", "places", "at"), R"({"_id": 1, "place": {"_id": 8}})",
       R"({"_id": 3, "place": {"_id": 8}})"}};
  for (const Case& one : cases) {
    Database db = empty_database();
    put(db, "places", R"({"_id": 9, "name": "here"})");
    put(db, "people", one.before);
    const std::string op(one.name);
    const auto level = op == "embed" || op == "extract" ? VerifyLevel::sample : VerifyLevel::counts;
    Migrations all;
    all.add({.id = "a", .verify = level, .up = one.step, .down = irreversible("a test")});
    MigrationRunner runner(db, all);
    const auto good = runner.run();
    EXPECT_EQ(good.result, MigrationResult::applied) << one.name << good.json();

    clear(db);
    put(db, "places", R"({"_id": 9, "name": "here"})");
    put(db, "people", one.before);
    MigrationRunner late(db, all);
    late.on_event(once_finished(db, one.late));
    const auto bad = late.run();
    EXPECT_EQ(bad.result, MigrationResult::unverified) << one.name << bad.json();
    clear(db);
  }
}

TEST(Verified, AStepThatALaterOneChangesIsNotAskedAbout) {
  Database db = empty_database();
  put(db, "people", R"({"_id": 1})");
  Migrations all;
  all.add({.id = "a",
           .verify = VerifyLevel::full,
           .up = Steps{add_field("people", "x", bson::Value(std::int32_t{1})),
                       rename_field("people", "x", "y")}});
  const auto report = MigrationRunner(db, all).run();
  EXPECT_EQ(report.result, MigrationResult::applied) << report.json();
}

TEST(Verified, AContractWaitsForADataJob) {
  Database db = empty_database();
  put_people(db);
  Migrations all;
  all.add({.id = "a_contract",
           .kind = MigrationKind::contract,
           .pre = {verified_job("copy")},
           .up = drop_collection("people")});
  auto report = MigrationRunner(db, all).run();
  EXPECT_EQ(report.result, MigrationResult::failed) << report.json();
  EXPECT_EQ(report.error->code(), ErrorCode::precondition_failed);

  const auto copy = [&](VerifyLevel level) {
    DataMigrator job(db, "people");
    job.to(db, "humans").name("copy").restart().existing(Existing::replace).verify(level);
    return job.run();
  };
  EXPECT_TRUE(copy(VerifyLevel::none).ok());
  EXPECT_FALSE(MigrationRunner(db, all).run().ok());
  EXPECT_TRUE(copy(VerifyLevel::digest).ok());
  report = MigrationRunner(db, all).run();
  EXPECT_TRUE(report.ok()) << report.json();
}

}  // namespace
}  // namespace quire::migrate::test
