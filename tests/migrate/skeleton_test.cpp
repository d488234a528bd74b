// The text of migrations that are written from differences. That it builds and does what it says is
// tested by skeleton/run.cmake.
#include "quire/migrate/skeleton.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::test::skeleton {

const SkeletonOptions on_a_day{std::chrono::year(2026) / 2 / 10};

CollectionDrift users() {
  CollectionDrift one;
  one.collection = "users";
  one.models = {"User"};
  one.documents = one.read = 9;
  return one;
}
ModelDrift only(CollectionDrift one) {
  ModelDrift drift;
  drift.database = "app";
  drift.collections.push_back(std::move(one));
  return drift;
}
/// The lines of up().
std::string body(const ModelDrift& drift) {
  const std::string text = migration_skeleton("m", drift, on_a_day);
  const auto from = text.find("override {\n") + 11;
  return text.substr(from, text.find("  }\n};\n") - from);
}

TEST(Skeleton, IsAClassAndAFunctionThatAddsIt) {
  auto one = users();
  one.unknown.push_back({"mail", "string", 3, bson::Value(1)});
  one.absent.push_back({"email", "string", 3, bson::Value(1), bson::Value("")});
  EXPECT_EQ(
      migration_skeleton("email_of_users", only(one), on_a_day),
      R"(// Migration 2026_02_10_email_of_users: written from the difference between the models of the program and
// the database "app". It is a proposal: read each step before it runs.
#include <cstdint>
#include <optional>
#include <quire/quire.hpp>
#include <stdexcept>

namespace q = quire;

namespace migration_2026_02_10_email_of_users {

struct EmailOfUsers : q::Migration {
  EmailOfUsers()
      : Migration{{.id = "2026_02_10_email_of_users", .title = "email of users"}} {}

  void up(q::MigrationContext& m) override {
    // users
    // If email is a new name of mail, put this in place of the next two steps:
    //   m.rename_field("users", "mail", "email");
    // Absent in 3 documents. The value is the empty one of its type: is it right?
    m.add_field("users", "email", "");
    // Loses data: the values of mail in 3 documents.
    m.unset_field("users", "mail");
  }
};

}  // namespace migration_2026_02_10_email_of_users

/// Adds it to the migrations of a program.
void add_2026_02_10_email_of_users(q::Migrations& all) { all.add<migration_2026_02_10_email_of_users::EmailOfUsers>(); }
)");
}

TEST(Skeleton, LeavesAPlaceWhereSomebodyHasToDecide) {
  auto one = users();
  one.model_version = 2;
  one.types.push_back({"age", "string", "number", 2, bson::Value(1)});
  one.types.push_back({"_id", "string", "objectId", 1, bson::Value("x")});
  one.types.push_back({"address.city", "null", "string", 1, bson::Value(1)});
  one.unknown.push_back({"\"a.b\"", "int", 1, bson::Value(1)});
  one.unknown.push_back({"class", "int", 1, bson::Value(1)});
  one.absent.push_back({"class[].made", "date", 1, bson::Value(1)});
  one.versions.push_back({std::nullopt, 4, bson::Value(1)});
  const std::string text = migration_skeleton("m", only(one), on_a_day);
  const auto from = text.find("/// A document");
  EXPECT_EQ(
      text.substr(from, text.find("  }\n};\n\n}") - from),
      R"(/// A document of "users" as this migration sees it: the fields that it needs, of any type.
struct UsersDocument {
  q::bson::Value id = {};
  std::optional<q::bson::Value> age = {};
  std::optional<q::bson::Value> address = {};
  std::optional<q::bson::Value> field = {};
  std::optional<q::bson::Value> _v = {};
  static auto model() {
    return q::model<UsersDocument>("users")
        .rename(q::field<&UsersDocument::field>, "class");
  }
};

struct M : q::Migration {
  M()
      : Migration{{.id = "2026_02_10_m", .title = "m"}} {}

  void up(q::MigrationContext& m) override {
    // users
    // DECIDE what becomes of these documents:
    //   age is string in 2 documents; read is number
    //   _id is string in 1 document; read is objectId
    //   address.city is null in 1 document; read is string
    //   class[].made is absent in 1 document; wanted is date
    //   "a.b" is unknown in 1 document
    //   the version is none in 4 documents; set _v to 2 when the rest is right
    m.each<UsersDocument>("users", [](UsersDocument& document) {
      if (document.age && document.age->type() == q::bson::Type::string)
        throw std::logic_error("decide: age is string in 2 documents; read is number");
      if (document.id.type() == q::bson::Type::string)
        throw std::logic_error("decide: _id is string in 1 document; read is objectId");
      if (document.address)
        throw std::logic_error("decide: address.city is null in 1 document; read is string");
      if (document.field)
        throw std::logic_error("decide: class[].made is absent in 1 document; wanted is date");
      if (!document._v)
        throw std::logic_error("decide: the version is none in 4 documents; set _v to 2 when the rest is right");
      throw std::logic_error("decide: \"a.b\" is unknown in 1 document");
    });
    // Loses data: the values of class in 1 document.
    m.unset_field("users", "class");
)");
}

TEST(Skeleton, WritesIndexesAsStepsWhereAStepCanSayThem) {
  using Kind = IndexDrift::Kind;
  auto one = users();
  const auto wanted = [&](Kind kind, std::string_view present, std::string_view spec) {
    IndexDrift index;
    index.kind = kind;
    if (!present.empty()) index.present = bson::from_json(present);
    if (!spec.empty()) index.wanted = bson::from_json(spec);
    index.name = (spec.empty() ? index.present : index.wanted)["name"].as_string();
    index.reason = kind == Kind::differs ? "unique" : "";
    one.indexes.push_back(std::move(index));
  };
  wanted(Kind::missing, "", R"({"key": {"a": 1, "b": "hashed"}, "name": "a_1_b_hashed"})");
  wanted(Kind::missing, "",
         R"({"key": {"a": -1}, "name": "n", "expireAfterSeconds": 60, "unique": true,
             "partialFilterExpression": {"a": {"$gt": 1}}})");
  wanted(Kind::missing, "", R"({"key": {"t": "text"}, "name": "t_text", "weights": {"t": 2}})");
  wanted(Kind::differs, R"({"v": 2, "key": {"e": 1.0}, "name": "e_1"})",
         R"({"key": {"e": 1}, "name": "e_1", "unique": true})");
  wanted(Kind::undeclared, R"({"v": 2, "key": {"_fts": "text", "_ftsx": 1}, "name": "old",
             "weights": {"t": 1}})",
         "");
  EXPECT_EQ(body(only(one)), R"(    // users
    // No model declares index old; a query may still use it.
    m.drop_index("users", "old");
    // Index e_1: unique differs.
    m.drop_index("users", q::bson::make_document("e", 1));
    m.create_index("users", q::bson::make_document("e", 1), {.unique = true});
    m.create_index("users", q::bson::make_document("a", 1, "b", "hashed"));
    m.create_index("users", q::bson::make_document("a", -1), {.name = "n", .unique = true, .partial_filter = q::bson::from_json(R"json({"a": {"$gt": 1}})json"), .expire_after_seconds = 60});
    m.run(q::Atomicity::idempotent, [](q::Database& db, q::Session& session) {
      db.run_command(q::bson::from_json(R"json({"createIndexes": "users", "indexes": [{"key": {"t": "text"}, "name": "t_text", "weights": {"t": 2}}]})json"), session);
    });
)");
}

TEST(Skeleton, ChangesOptionsThatCanBeChanged) {
  auto one = users();
  one.options.push_back({"changeStreamPreAndPostImages",
                         bson::Value(bson::from_json(R"({"enabled": true})")), std::nullopt});
  one.options.push_back({"max", std::nullopt, bson::Value(5)});
  one.options.push_back(
      {"collation", bson::Value(bson::from_json(R"({"locale": "de"})")), std::nullopt});
  one.validator.emplace();
  one.validator->wanted =
      bson::from_json(R"({"validator": {"$jsonSchema": {}}, "validationLevel": "strict"})");
  one.validator->present = bson::from_json(R"({"validator": {"a": 1}})");
  one.validator->foreign = true;
  EXPECT_EQ(body(only(one)), R"(    // users
    m.run(q::Atomicity::idempotent, [](q::Database& db, q::Session& session) {
      db.run_command(q::bson::from_json(R"json({"collMod": "users", "changeStreamPreAndPostImages": {"enabled": true}})json"), session);
    });
    // Loses data where the collection has more than that.
    m.run(q::Atomicity::idempotent, [](q::Database& db, q::Session& session) {
      db.run_command(q::bson::from_json(R"json({"collMod": "users", "cappedMax": 0})json"), session);
    });
    // DECIDE: collation is an option that a collection keeps for life; make a new collection with it, copy the documents, and change names
    m.run(q::Atomicity::idempotent, [](q::Database&, q::Session&) {
      throw std::logic_error("decide: users: collation is an option that a collection keeps for life; make a new collection with it, copy the documents, and change names");
    });
    // The validator that is there was not made from a model: {"validator": {"a": 1}}
    m.run(q::Atomicity::idempotent, [](q::Database& db, q::Session& session) {
      db.run_command(q::bson::from_json(R"json({"collMod": "users", "validator": {"$jsonSchema": {}}, "validationLevel": "strict"})json"), session);
    });
)");
}

TEST(Skeleton, WritesToCappedCollectionsOutsideOfTransactions) {
  auto one = users();
  one.capped = true;
  one.absent.push_back({"age", "number", 3, bson::Value(1), bson::Value(0)});
  one.unknown.push_back({"a.b", "string", 1, bson::Value(1)});
  one.unknown.push_back({"c", "string", 1, bson::Value(1)});
  one.indexes.push_back({IndexDrift::Kind::undeclared,
                         "c_1",
                         {},
                         bson::from_json(R"({"key": {"c": 1}, "name": "c_1"})"),
                         {}});
  const std::string text = body(only(one));
  for (
      const char* command :
      {R"({"update": "users", "updates": [{"q": {"age": {"$exists": false}}, "u": {"$set": {"age": 0}}, "multi": true}]})",
       R"({"update": "users", "updates": [{"q": {"a.b": {"$exists": true}}, "u": {"$unset": {"a.b": ""}}, "multi": true}]})",
       R"({"dropIndexes": "users", "index": "c_1"})"})
    EXPECT_NE(text.find(command), std::string::npos) << command << "\n" << text;
  EXPECT_EQ(text.find("m.add_field"), std::string::npos);
  EXPECT_EQ(text.find("m.unset_field"), std::string::npos);
  EXPECT_EQ(text.find("m.drop_index"), std::string::npos);
  one.indexes[0] = {IndexDrift::Kind::missing,
                    "c_1",
                    bson::from_json(R"({"key": {"c": 1}, "name": "c_1"})"),
                    {},
                    {}};
  EXPECT_EQ(body(only(one)).find("m.create_index"), std::string::npos);
}

TEST(Skeleton, DropsNoCollectionByItself) {
  ModelDrift drift;
  drift.without_model = {"attic\n*/", "old"};
  EXPECT_EQ(body(drift),
            R"(    // DECIDE: no model names these collections. Drop those that nobody needs:
    //   m.drop_collection("attic\012*/");
    //   m.drop_collection("old");
    m.run(q::Atomicity::idempotent, [](q::Database&, q::Session&) {
      throw std::logic_error("decide which collections are dropped");
    });
)");
}

TEST(Skeleton, SaysWhatWasOnlySampled) {
  auto one = users();
  one.all_read = false;
  one.documents = 5000;
  one.unknown.push_back({"mail", "string", 3, bson::Value(1)});
  const std::string text = migration_skeleton("m", only(one), on_a_day);
  EXPECT_NE(
      text.find(
          "// Of \"users\", 9 of about 5000 documents were read; the others may differ in more.\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("the values of mail in 3 documents of the sample."), std::string::npos);
}

TEST(Skeleton, TakesTheDateOfTheNameElseToday) {
  auto one = users();
  one.exists = false;
  const auto first = [&](std::string_view name, const SkeletonOptions& options) {
    const std::string text = migration_skeleton(name, only(one), options);
    return text.substr(13, text.find(':') - 13);
  };
  EXPECT_EQ(first("2024_02_29_leap", on_a_day), "2024_02_29_leap");
  EXPECT_EQ(first("UserStatus2", on_a_day), "2026_02_10_UserStatus2");
  const std::string today = first("x", {});
  EXPECT_EQ(today.size(), 12U);
  EXPECT_GE(today, "2026_01_01_x");
  EXPECT_NO_THROW((void)migration_skeleton(std::string(117, 'a'), only(one), on_a_day));
}

class BadName : public ::testing::TestWithParam<std::string> {};
TEST_P(BadName, IsRefusedByName) {
  auto one = users();
  one.exists = false;
  try {
    (void)migration_skeleton(GetParam(), only(one), on_a_day);
    FAIL() << "accepted";
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_migration);
    EXPECT_NE(error.detail().find("\"" + GetParam() + "\" cannot name a migration"),
              std::string::npos)
        << error.detail();
  }
}
INSTANTIATE_TEST_SUITE_P(Names, BadName,
                         ::testing::Values("", "2026_02_10_", "2026_02_30_x", "2026_13_01_x", "1st",
                                           "2026_02_10_2nd", "_x", "x_", "a__b", "a-b", "a b",
                                           "a.b", "grün", "x;y", "a\nb", std::string(118, 'a')));

TEST(Skeleton, OfNoDifferenceIsRefused) {
  try {
    (void)migration_skeleton("m", only(users()), on_a_day);
    FAIL() << "accepted";
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_migration);
    EXPECT_NE(error.detail().find("\"app\""), std::string::npos);
  }
}

}  // namespace quire::migrate::test::skeleton
