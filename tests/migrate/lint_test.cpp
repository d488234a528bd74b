#include "quire/migrate/lint.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "fixture.hpp"
#include "quire/backup/backup.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/duplicates.hpp"
#include "quire/migrate/inspect.hpp"
#include "quire/model/model.hpp"

namespace quire::migrate::test::linting {
namespace {

struct Address {
  std::string city = {};
};
struct User {
  std::int64_t id = 0;
  std::string email = {};
  Address address = {};
  static auto model() { return quire::model<User>("users"); }
};
struct Old {
  std::int64_t id = 0;
  std::string name = {};
};
struct New {
  std::int64_t id = 0;
  std::string title = {};
};
struct NewVersion {
  std::int64_t id = 0;
  std::string title = {};
  static auto model() { return quire::model<NewVersion>("things").version(2); }
};

bson::Document keys(std::string_view field) { return bson::make_document(field, 1); }

Migrations one(Steps steps, Assurance assurance = {}, MigrationKind kind = MigrationKind::data) {
  Migrations all;
  DeclaredMigration migration;
  migration.id = "m";
  migration.kind = kind;
  migration.assured = std::move(assurance);
  migration.up = std::move(steps);
  all.add(std::move(migration));
  return all;
}

/// "Q101 danger" of each finding.
std::vector<std::string> found(const LintReport& report) {
  std::vector<std::string> list;
  for (const Finding& one : report.findings)
    list.push_back(one.code + " " + std::string(to_string(one.severity)));
  return list;
}
using List = std::vector<std::string>;

Step nothing_each() {
  return each<Counter>("counters", [](Counter&) {});
}
Step code(Atomicity atomicity) {
  return run(atomicity, [](Database&, Session&) {});
}

TEST(Lint, FindsWhatStepsTakeAway) {
  EXPECT_EQ(found(lint(one(drop_collection("users")))), (List{"Q101 danger", "Q501 danger"}));
  EXPECT_EQ(found(lint(one(create_collection("users")))), List{});
  EXPECT_EQ(found(lint(one(add_field("users", "status", "active")))), List{});

  LintOptions with_models;
  with_models.models = {&model_of<User>()};
  const auto unset = lint(one(unset_field("users", "email")), with_models);
  EXPECT_EQ(found(unset), (List{"Q102 danger", "Q301 warning", "Q501 danger"}));
  EXPECT_EQ(unset.findings[0].where, "users.email");
  EXPECT_EQ(unset.findings[0].step, 1);
  EXPECT_NE(unset.findings[0].text.find("User::email"), std::string::npos);
  for (const char* path : {"address", "address.city"})
    EXPECT_EQ(found(lint(one(unset_field("users", path)), with_models))[0], "Q102 danger") << path;
  for (const char* path : {"gone", "address.street", "emails"})
    EXPECT_EQ(found(lint(one(unset_field("users", path)), with_models))[0], "Q301 warning") << path;
  EXPECT_EQ(found(lint(one(unset_field("others", "email")), with_models))[0], "Q301 warning");
  EXPECT_EQ(found(lint(one(unset_field("users", "email"))))[0], "Q301 warning");
  // The field stays: it is one of those that it is split into.
  EXPECT_EQ(found(lint(one(split_field("users", "email", {"email", "host"}, "@")), with_models)),
            List{});
}

TEST(Lint, FieldsMoveOnlyInContracts) {
  const std::vector<Step> moving = {
      rename_field("users", "a", "b"), split_field("users", "a", {"b", "c"}),
      embed("users", "a_id", "others", "a"), extract("users", "a", "others", "a_id"),
      move_documents("users", "old_users")};
  for (const Step& step : moving)
    EXPECT_EQ(found(lint(one(step))), List{"Q301 danger"}) << bson::to_json(step.spec());
  EXPECT_EQ(found(lint(one(merge_fields("users", {"a", "b"}, "c")))),
            (List{"Q301 danger", "Q301 danger"}));
  EXPECT_EQ(found(lint(one(rename_field("users", "a", "b"), {}, MigrationKind::contract))),
            (List{"Q302 warning", "Q303 warning"}));
  Migrations all;
  all.add({.id = "expand", .up = add_field("users", "b", "")});
  all.add({.id = "contract",
           .depends_on = {"expand"},
           .kind = MigrationKind::contract,
           .min_app = 3,
           .up = rename_field("users", "a", "c")});
  EXPECT_EQ(found(lint(all)), List{});

  const auto plain =
      transform<Old, New>("things", [](const Old& old) { return New{old.id, old.name}; });
  const auto versioned = transform<Old, NewVersion>(
      "things", [](const Old& old) { return NewVersion{old.id, old.name}; });
  Migrations things;
  things.add({.id = "a", .revision = 1, .up = plain, .down = nothing_each()});
  EXPECT_EQ(found(lint(things)), List{"Q301 warning"});
  Migrations versions;
  versions.add({.id = "a", .revision = 1, .up = versioned, .down = nothing_each()});
  EXPECT_EQ(found(lint(versions)), List{});
}

TEST(Lint, TypesThatMayNotHoldTheValues) {
  const auto codes = [](bson::Type from, bson::Type to) {
    ConvertOptions options;
    options.back = from;
    return found(lint(one(convert_field("c", "f", to, options))));
  };
  using enum bson::Type;
  EXPECT_EQ(codes(double_, int32), List{"Q202 danger"});
  EXPECT_EQ(codes(int64, double_), List{"Q202 danger"});
  EXPECT_EQ(codes(int32, boolean), List{"Q202 danger"});
  EXPECT_EQ(codes(string, date_time), List{"Q202 danger"});
  EXPECT_EQ(codes(int32, int64), List{});
  EXPECT_EQ(codes(int64, decimal128), List{});
  EXPECT_EQ(codes(boolean, int32), List{});
  EXPECT_EQ(codes(double_, string), List{});
  // The type from before is not known.
  EXPECT_EQ(found(lint(one(convert_field("c", "f", int32)))),
            (List{"Q202 warning", "Q501 danger"}));
}

TEST(Lint, LooksAtTheValuesThatAreConverted) {
  Database db = empty_database();
  put(db, "c", R"({"_id": 1, "f": 3.0, "g": "7", "h": "x"})");
  put(db, "c", R"({"_id": 2, "f": 4, "g": "08", "h": "1"})");
  put(db, "c", R"({"_id": 3, "f": null})");
  ConvertOptions back;
  back.back = bson::Type::double_;
  EXPECT_EQ(found(lint(db, one(convert_field("c", "f", bson::Type::int32, back)))), List{});
  put(db, "c", R"({"_id": 4, "f": 3.5})");
  const auto loses = lint(db, one(convert_field("c", "f", bson::Type::int32, back)));
  EXPECT_EQ(found(loses), List{"Q202 danger"});
  EXPECT_NE(loses.findings[0].text.find("1 document (_id 4)"), std::string::npos)
      << loses.findings[0].text;
  const auto zeros = lint(db, one(convert_field("c", "g", bson::Type::int32, back)));
  EXPECT_EQ(found(zeros), List{"Q202 danger"});
  const auto fails = lint(db, one(convert_field("c", "h", bson::Type::int32, back)));
  EXPECT_EQ(found(fails), List{"Q202 danger"});
  EXPECT_NE(fails.findings[0].text.find("cannot be read"), std::string::npos);
  back.unconvertible = Unconvertible::keep;
  EXPECT_EQ(found(lint(db, one(convert_field("c", "h", bson::Type::int32, back)))), List{});
  LintOptions blind;
  blind.data = false;
  EXPECT_EQ(found(lint(db, one(convert_field("c", "f", bson::Type::int32, back)), blind)),
            List{"Q202 danger"});
}

TEST(Lint, LooksForDuplicatesOfUniqueIndexes) {
  Database db = empty_database();
  put(db, "users", R"({"_id": 1, "email": "a"})");
  put(db, "users", R"({"_id": 2, "email": "b"})");
  IndexOptions unique;
  unique.unique = true;
  const Migrations all = one(create_index("users", keys("email"), unique));
  EXPECT_EQ(found(lint(all)), List{"Q201 danger"});
  EXPECT_EQ(found(lint(one(create_index("users", keys("email"))))), List{});
  EXPECT_EQ(found(lint(db, all)), List{});
  put(db, "users", R"({"_id": 3, "email": "a"})");
  const auto report = lint(db, all);
  EXPECT_EQ(found(report), List{"Q201 danger"});
  EXPECT_EQ(report.findings[0].where, "users (email_1)");
  EXPECT_NE(report.findings[0].text.find("2 documents have the same key"), std::string::npos);
  EXPECT_EQ(report.exit_code(), 12);
  EXPECT_FALSE(report.ok());
  // Steps before it may resolve them, or make new ones.
  EXPECT_EQ(found(lint(db, one({resolve_duplicates("users", keys("email"), Keep::oldest),
                                create_index("users", keys("email"), unique)})))[2],
            "Q201 warning");
  EXPECT_EQ(found(lint(db, one({add_field("users", "nick", ""),
                                create_index("users", keys("nick"), unique)}))),
            List{"Q201 warning"});
  unique.partial_filter = bson::from_json(R"({"_id": {"$lt": 3}})");
  EXPECT_EQ(found(lint(db, one(create_index("users", keys("email"), unique)))), List{});
}

TEST(Lint, LooksAtDocumentsThatAValidatorRefuses) {
  Database db = empty_database();
  const bson::Document rule = bson::from_json(R"({"n": {"$gt": 0}})");
  ValidatorOptions moderate, warn;
  moderate.moderate = true;
  warn.warn = true;
  EXPECT_EQ(found(lint(one(set_validator("c", rule)))), List{"Q203 warning"});
  EXPECT_EQ(found(lint(one(set_validator("c", rule, moderate)))), List{});
  EXPECT_EQ(found(lint(one(set_validator("c", {})))), List{});
  put(db, "c", R"({"_id": 1, "n": 1})");
  EXPECT_EQ(found(lint(db, one(set_validator("c", rule)))), List{});
  put(db, "c", R"({"_id": 2, "n": 0})");
  EXPECT_EQ(found(lint(db, one(set_validator("c", rule)))), List{"Q203 danger"});
  EXPECT_EQ(found(lint(db, one(set_validator("c", rule, moderate)))), List{"Q203 warning"});
  EXPECT_EQ(found(lint(db, one(set_validator("c", rule, warn)))), List{});
}

TEST(Lint, LargeCollections) {
  Database db = empty_database();
  put_counters(db, 30);
  const bool embedded = db.capabilities().transactional_catalog;
  const bool transactions = db.capabilities().transactions;
  LintOptions small, large;
  small.large = 29;
  large.large = 30;
  Migrations asks;
  asks.add({.id = "m",
            .atomicity = Atomicity::transactional,
            .up = unset_field("counters", "n"),
            .down = add_field("counters", "n", 0)});
  EXPECT_EQ(found(lint(asks))[0], "Q301 warning");
  EXPECT_EQ(found(lint(asks))[1], "Q401 warning");
  if (transactions) {
    EXPECT_EQ(found(lint(db, asks, small))[1], embedded ? "Q401 warning" : "Q401 danger");
    EXPECT_EQ(found(lint(db, asks, large)), List{"Q301 warning"});
  } else {
    EXPECT_EQ(found(lint(db, asks))[0], "Q701 danger");
  }
  // Few of many documents match.
  EXPECT_EQ(found(lint(db, one(add_field("counters", "n", 0)), small)), List{});

  RowOptions some;
  some.filter = bson::from_json(R"({"$and": [{"n": 0}, {"kept": "x"}]})");
  const auto filtered = [&] { return one({copy_documents("counters", "others", some.filter)}); };
  EXPECT_EQ(found(lint(filtered())), List{});
  EXPECT_EQ(found(lint(db, filtered(), large)), List{});
  EXPECT_EQ(found(lint(db, filtered(), small)), List{"Q402 warning"});
  EXPECT_EQ(
      found(lint(
          db, one(copy_documents("counters", "others", bson::from_json(R"({"_id": {"$lt": 9}})"))),
          small)),
      List{});
  const auto own_index = lint(db,
                              one({create_index("counters", keys("kept")),
                                   copy_documents("counters", "others", some.filter)}),
                              small);
  EXPECT_EQ(found(own_index), embedded ? List{"Q403 warning"} : List{});
  const bson::Document index = bson::make_document("key", keys("n"), "name", "n_1");
  const bson::View view = index;
  db.store().create_indexes(db.ns("counters"), {&view, 1}, {});
  EXPECT_EQ(found(lint(db, filtered(), small)), List{});
}

TEST(Lint, NoWayBackNeedsABackup) {
  Database db = empty_database();
  put_counters(db, 3);
  Migrations all;
  all.add({.id = "m", .revision = 1, .up = nothing_each()});
  EXPECT_EQ(found(lint(all)), List{"Q501 danger"});
  EXPECT_EQ(found(lint(one(drop_index("counters", "n_1")))), List{"Q501 warning"});
  Migrations back;
  back.add({.id = "m", .revision = 1, .up = nothing_each(), .down = nothing_each()});
  EXPECT_EQ(found(lint(back)), List{});
  const auto folder =
      std::filesystem::temp_directory_path() /
      ("quire-lint-" + std::to_string(::getpid()) + "-" + quire::test::fresh_database());
  ASSERT_TRUE(backup::backup(db, folder).ok());
  LintOptions with_backup;
  with_backup.backup = folder;
  EXPECT_EQ(found(lint(all, with_backup)), List{});
  EXPECT_EQ(found(lint(db, all, with_backup)), List{});
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder))
    if (file.path().extension() == ".bson") std::filesystem::resize_file(file.path(), 3);
  EXPECT_EQ(found(lint(all, with_backup)), List{"Q501 danger"});
  EXPECT_NE(lint(all, with_backup).findings[0].text.find("cannot be used"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(Lint, CodeSaysWhatItIs) {
  EXPECT_EQ(found(lint(one(code(Atomicity::manual)))),
            (List{"Q601 warning", "Q602 warning", "Q603 warning", "Q501 danger"}));
  Migrations known;
  known.add({.id = "m",
             .touches = {"users"},
             .revision = 1,
             .up = code(Atomicity::idempotent),
             .down = code(Atomicity::idempotent)});
  EXPECT_EQ(found(lint(known)), List{});
  EXPECT_EQ(found(lint(one(nothing_each())))[0], "Q601 warning");
}

TEST(Lint, AnAssuranceSilencesAndIsKept) {
  Database db = empty_database();
  put(db, "users", R"({"_id": 1})");
  const auto some = lint(one(drop_collection("users"), assured("nobody reads it", {"Q101"})));
  EXPECT_EQ(found(some), List{"Q501 danger"});
  ASSERT_EQ(some.assured.size(), 1U);
  EXPECT_EQ(some.assured[0].code, "Q101");
  EXPECT_EQ(some.assured[0].assured, "nobody reads it");
  const Migrations all = one(drop_collection("users"), assured("nobody reads it"));
  const auto none = lint(db, all);
  EXPECT_EQ(found(none), List{});
  EXPECT_EQ(none.assured.size(), 2U);
  EXPECT_EQ(none.exit_code(), 0);
  ASSERT_TRUE((MigrationRunner{db, all}.run().ok()));
  EXPECT_EQ(history(db).at(0).document["assured"].as_string(), "nobody reads it");
  EXPECT_THROW((void)assured(""), MigrationError);
  EXPECT_THROW((void)assured("why", {"Q999"}), MigrationError);
}

TEST(Lint, LooksAtWhatIsPendingUnlessAsked) {
  Database db = empty_database();
  Migrations all = one(drop_collection("users"));
  ASSERT_TRUE((MigrationRunner{db, all}.run().ok()));
  EXPECT_EQ(lint(db, all).migrations, 0);
  LintOptions too;
  too.applied = true;
  EXPECT_EQ(found(lint(db, all, too)), (List{"Q101 danger", "Q501 danger"}));
  all.add({.id = "n", .up = drop_collection("orders")});
  const auto pending = lint(db, all);
  EXPECT_EQ(pending.migrations, 1);
  EXPECT_EQ(pending.findings.at(0).migration, "n");
}

TEST(Lint, ReportsForPeopleAndPrograms) {
  const auto report = lint(one(drop_collection("users")));
  const auto json = bson::from_json(report.json());
  EXPECT_EQ(json["schema"].as_string(), "quire.migrate/1");
  EXPECT_EQ(json["op"].as_string(), "lint");
  EXPECT_EQ(json["result"].as_string(), "danger");
  EXPECT_EQ(json["exit"].as_int32(), 12);
  const auto first = json["findings"].as_array()["0"].as_document();
  EXPECT_EQ(first["code"].as_string(), "Q101");
  EXPECT_EQ(first["migration"].as_string(), "m");
  EXPECT_EQ(first["step"].as_int32(), 1);
  EXPECT_FALSE(json["next"].as_array().empty());
  EXPECT_EQ(report.str().find("Q101 danger, m step 1, users: drops the collection; "), 0U)
      << report.str();
  EXPECT_EQ(lint(Migrations()).str(), "nothing found\n");
  EXPECT_EQ(bson::from_json(lint(Migrations()).json())["result"].as_string(), "clean");
  // Each code of the table is one that a rule has.
  for (std::size_t i = 1; i < lint_codes.size(); ++i)
    EXPECT_LT(lint_codes[i - 1].code, lint_codes[i].code);
}

TEST(Lint, RefusesMigrationsThatMakeNoSense) {
  Migrations all;
  all.add({.id = "a", .depends_on = {"b"}, .up = create_collection("a")});
  all.add({.id = "b", .depends_on = {"a"}, .up = create_collection("b")});
  EXPECT_THROW((void)lint(all), MigrationError);
  EXPECT_THROW((void)lint(empty_database(), all), MigrationError);
  struct Failing : Migration {
    Failing() : Migration(MigrationInfo{.id = "f"}) {}
    void up(MigrationContext&) override { throw 7; }
  };
  Migrations failing;
  failing.add<Failing>();
  EXPECT_THROW((void)lint(failing), MigrationError);
}

}  // namespace
}  // namespace quire::migrate::test::linting
