// What models say beside what a database has.
#include "quire/migrate/drift.hpp"

#include <array>
#include <map>
#include <variant>

#include "fixture.hpp"
#include "quire/quire.hpp"

namespace quire::migrate::test::drift {

struct Line {
  std::string sku = {};
  std::int32_t count = 0;
};
struct Address {
  std::string city = {};
  std::optional<std::string> street = {};
};
struct User {
  std::int64_t id = 0;
  std::string email = {};
  std::int32_t age = 0;
  std::optional<std::string> phone = {};
  Address address = {};
  std::vector<Line> lines = {};
  std::map<std::string, double> scores = {};

  static auto model() {
    return quire::model<User>("users")
        .version(2)
        .index(field<&User::email>.asc(), quire::unique)
        .index(field<&User::age>.asc());
  }
};
struct Visit {
  std::int64_t id = 0;
  std::string page = {};
  static auto model() { return quire::model<Visit>("visits"); }
};

/// Documents as a program with the model writes them.
void put_users(Database& db) {
  auto users = db.collection<User>();
  users.sync_indexes();
  users.insert(User{.id = 1, .email = "a@x", .lines = {{.sku = "tea"}}, .scores = {{"b", 1.5}}});
  users.insert(User{.id = 2, .email = "b@x", .phone = "1"});
}

const CollectionDrift& of(const ModelDrift& drift, std::string_view collection) {
  for (const auto& one : drift.collections) {
    if (one.collection == collection) return one;
  }
  throw std::runtime_error("not compared: " + std::string(collection));
}

TEST(Drift, OfWhatTheModelsWroteIsEmpty) {
  auto db = empty_database();
  put_users(db);
  db.collection<Visit>().insert(Visit{.id = 1});
  const auto drift = find_drift<User, Visit>(db);
  EXPECT_TRUE(drift.empty()) << drift.str();
  EXPECT_EQ(of(drift, "users").read, 2);
  EXPECT_TRUE(of(drift, "users").all_read);
  EXPECT_EQ(drift.str(), "database " + db.name() +
                             ": no differences\n"
                             "users (User): 2 documents, all read\n"
                             "visits (Visit): 1 document, all read\n");
}

TEST(Drift, TellsEachDifferenceOfDocumentsByPath) {
  auto db = empty_database();
  put_users(db);
  put(db, "users", R"({"_id": 3, "_v": 2, "email": "c@x", "age": "12", "phone": null, "nick": "c",
      "address": {"city": null, "zip": 1}, "scores": {"a": "high", "b": "low"},
      "lines": [{"sku": 1, "count": 1, "x": 1}, {"sku": 2, "count": 1, "x": 2}]})");
  put(db, "users", R"({"_id": 4, "_v": 1, "email": "d@x", "nick": 1, "address": {"city": "K"},
      "lines": [{"sku": "s"}], "scores": {}, "age": {"$numberLong": "5"}})");
  put(db, "users", R"({"_id": 5, "email": "e@x", "age": 1.0, "address": "Kiel", "lines": [7],
      "scores": {}})");
  const auto drift = find_drift<User>(db);
  EXPECT_EQ(drift.str(), "database " + db.name() + R"(: 12 differences
users (User): 5 documents, all read
  type        address is string in 1 document, one is 5; read is object
  type        address.city is null in 1 document, one is 3; read is string
  type        age is string in 1 document, one is 3; read is number
  type        lines[] is int in 1 document, one is 5; read is object
  type        lines[].sku is int in 1 document, one is 3; read is string
  type        scores.* is string in 1 document, one is 3; read is number
  unknown     address.zip in 1 document, one is 3
  unknown     lines[].x in 1 document, one is 3
  unknown     nick in 2 documents, one is 3
  absent      lines[].count in 1 document, one is 4; wanted is number
  version     none in 1 document, one is 5; the model's is 2
  version     1 in 1 document, one is 4; the model's is 2
)");
}

struct Other {
  std::int64_t id = 0;
  static auto model() { return quire::model<Other>("other"); }
};
enum class Mood { good, bad };
BOOST_DESCRIBE_ENUM(Mood, good, bad)
struct Circle {
  double radius = 0;
};
struct Square {
  double side = 0;
};
struct Drawing {
  std::int64_t id = 0;
  Mood mood = Mood::good;
  std::variant<Circle, Square> shape = {};
  std::variant<std::int32_t, std::string> label = {};
  std::array<double, 2> at = {};
  std::tuple<std::string, bool> pair = {};
  bson::Value any = {};
  std::string renamed = {};
  static auto model() {
    return quire::model<Drawing>("drawings")
        .rename(field<&Drawing::renamed>, "new name")
        .was(field<&Drawing::renamed>, "old name");
  }
};

TEST(Drift, KnowsVariantsTuplesEnumsAndFormerNames) {
  auto db = empty_database();
  auto drawings = db.collection<Drawing>();
  drawings.insert(Drawing{.id = 1, .shape = Square{.side = 2}, .label = "x"});
  drawings.insert(Drawing{.id = 2, .label = 7, .any = bson::Value("y")});
  EXPECT_TRUE(find_drift<Drawing>(db).empty()) << find_drift<Drawing>(db).str();

  const auto stored = all(db, "drawings");
  put(db, "drawings", R"({"_id": 3, "mood": "odd", "shape": {"_t": "Oval", "radius": 1},
      "label": true, "at": [1, "2"], "pair": ["a", 1], "any": {"deep": [1]}, "old name": "z"})");
  const auto drift = find_drift<Drawing>(db);
  const auto& found = of(drift, "drawings");
  std::vector<std::string> lines;
  for (const auto& one : found.types)
    lines.push_back(one.path + " " + one.found + "/" + one.wanted);
  EXPECT_EQ(lines, (std::vector<std::string>{"at[] string/number", "label bool/number or string",
                                             "mood string/one of \"good\", \"bad\"",
                                             "pair[1] int/bool", "shape._t string/\"Circle\""}))
      << stored[0] << drift.str();
  EXPECT_TRUE(found.unknown.empty()) << drift.str();
  EXPECT_TRUE(found.absent.empty()) << drift.str();
}

TEST(Drift, QuotesNamesThatCouldBeReadAsPaths) {
  auto db = empty_database();
  put(db, "users", R"({"_id": 1, "_v": 2, "email": "", "age": 1, "address": {"city": "", "b[0]": 1},
      "lines": [], "scores": {"x.y": "s"}, "a.b": 1, "*": 1})");
  std::vector<std::string> paths;
  const auto drift = find_drift<User>(db, {.validators = CompareValidators::none});
  for (const auto& field : of(drift, "users").unknown) paths.push_back(field.path);
  EXPECT_EQ(paths, (std::vector<std::string>{R"("*")", R"("a.b")", R"(address."b[0]")"}));
  EXPECT_EQ(of(drift, "users").types.at(0).path, "scores.*");
}

TEST(Drift, TellsIndexes) {
  auto db = empty_database();
  put(db, "users", R"({"_id": 9})");
  const bson::Document plain =
      bson::make_document("key", bson::make_document("email", 1), "name", "email_1");
  const bson::Document old =
      bson::make_document("key", bson::make_document("nick", 1), "name", "nick_1", "sparse", true);
  const bson::View specs[] = {plain, old};
  db.store().create_indexes(db.ns("users"), specs, {});
  const auto drift = find_drift<User>(db, {.sample = 0});
  const auto& users = of(drift, "users");
  ASSERT_EQ(users.indexes.size(), 3U) << drift.str();
  EXPECT_EQ(drift.str(), "database " + db.name() + R"(: 3 differences
users (User): about 1 document, none read
  index       differs: email_1 {"email": 1} unique, where unique differs
  index       missing: age_1 {"age": 1}
  index       undeclared: nick_1 {"nick": 1} sparse
)");
  (void)db.collection<User>().sync_indexes({.drop = true});
  EXPECT_TRUE(find_drift<User>(db, {.sample = 0}).empty());
}

struct UserName {
  std::int64_t id = 0;
  std::string email = {};
  static auto model() {
    return quire::model<UserName>("users").version(2).index(field<&UserName::email>.asc(),
                                                            quire::unique);
  }
};

TEST(Drift, SeveralModelsOfACollectionCountTogether) {
  auto db = empty_database();
  put_users(db);
  const auto alone = find_drift<UserName>(db);
  EXPECT_FALSE(of(alone, "users").unknown.empty());
  EXPECT_EQ(of(alone, "users").indexes.size(), 1U);
  const auto both = find_drift<UserName, User>(db);
  EXPECT_TRUE(both.empty()) << both.str();
  EXPECT_EQ(of(both, "users").models, (std::vector<std::string>{"UserName", "User"}));
}

TEST(Drift, ListsCollectionsOnOneSideOnly) {
  auto db = empty_database();
  put(db, "attic", R"({"_id": 1})");
  put(db, "shared", R"({"_id": 1})");
  const auto drift = find_drift<Visit>(db, {.ignore = {"shared"}});
  EXPECT_EQ(drift.without_model, std::vector<std::string>{"attic"});
  EXPECT_FALSE(of(drift, "visits").exists);
  EXPECT_EQ(drift.differences(), 2U);
  EXPECT_EQ(drift.str(), "database " + db.name() +
                             ": 2 differences\nvisits (Visit): no such collection\n"
                             "attic: no model\nshared: left alone, ignored\n");
}

struct View1 {
  std::int64_t id = 0;
  static auto model() { return quire::model<View1>("seen").index(field<&View1::id>.desc()); }
};

TEST(Drift, LeavesViewsTimeSeriesAndItsOwnCollectionsAlone) {
  auto db = empty_database();
  put_users(db);
  const auto can = db.capabilities();
  std::vector<std::pair<std::string, std::string>> expected;
  Migrations some;
  some.add({.id = "m", .up = add_field("users", "phone", "0")});
  ASSERT_TRUE(MigrationRunner(db, some).run().ok());
  for (const auto* name : {"_quire_events", "_quire_history", "_quire_jobs", "_quire_lock"}) {
    const auto names = db.collection_names();
    if (std::find(names.begin(), names.end(), name) != names.end())
      expected.emplace_back(name, "quire's own");
  }
  if (can.time_series) {
    db.create_collection("measured", bson::from_json(R"({"timeseries": {"timeField": "t"}})"));
    expected.emplace_back("measured", "a time series");
  }
  if (can.views) {
    db.create_view("seen", "users", {bson::from_json(R"({"$match": {"_id": 1}})")});
    expected.emplace_back("seen", "a view");
  }
  auto drift = find_drift<User, View1>(db);
  std::erase_if(drift.left_alone, [](const auto& one) { return one.first.starts_with("system."); });
  EXPECT_EQ(drift.left_alone, expected);
  EXPECT_TRUE(drift.without_model.empty()) << drift.str();
  if (can.views) {
    EXPECT_EQ(drift.collections.size(), 1U) << "a model of a view is not compared";
  }
}

TEST(Drift, ReadsASampleAndSaysSo) {
  auto db = empty_database();
  std::vector<bson::Document> documents;
  for (int i = 0; i < 300; ++i)
    documents.push_back(bson::make_document("_id", std::int64_t{i}, "page", i));
  const std::vector<bson::View> views(documents.begin(), documents.end());
  ASSERT_EQ(db.store().insert(db.ns("visits"), views, {}).inserted, 300);

  const auto sample = find_drift<Visit>(db, {.sample = 20});
  const auto& some = of(sample, "visits");
  EXPECT_FALSE(some.all_read);
  EXPECT_EQ(some.read, 20);
  EXPECT_EQ(some.documents, 300);
  ASSERT_EQ(some.types.size(), 1U);
  EXPECT_EQ(some.types[0].documents, 20);
  EXPECT_NE(sample.str().find("about 300 documents, a sample of 20 read"), std::string::npos);

  const auto whole = find_drift<Visit>(db, {.sample = 20, .full = true});
  EXPECT_TRUE(of(whole, "visits").all_read);
  EXPECT_EQ(of(whole, "visits").types[0].documents, 300);
}

TEST(Drift, KeepsABoundedNumberOfFindings) {
  auto db = empty_database();
  bson::Writer wide;
  wide.append("_id", std::int64_t{1}).append("page", "x");
  for (int i = 0; i < 1100; ++i) wide.append("f" + std::to_string(i), i);
  const bson::Document document = wide.finish();
  const bson::View view = document;
  ASSERT_EQ(db.store().insert(db.ns("visits"), {&view, 1}, {}).inserted, 1);
  const auto drift = find_drift<Visit>(db);
  EXPECT_EQ(of(drift, "visits").unknown.size(), 1000U);
  EXPECT_EQ(of(drift, "visits").not_listed, 100);
}

struct Capped {
  std::int64_t id = 0;
  static auto model() {
    return quire::model<Capped>("capped").collection_options(
        bson::from_json(R"({"capped": true, "size": 5000})"));
  }
};

TEST(Drift, TellsOptionsAndValidators) {
  auto db = empty_database();
  if (!db.capabilities().json_schema || !db.capabilities().collection_options)
    GTEST_SKIP() << "this store has neither";
  db.create_collection("capped", bson::from_json(R"({"capped": true, "size": 9000, "max": 5})"));
  auto visits = db.collection<Visit>();
  (void)visits.sync_schema();
  EXPECT_TRUE(find_drift<Visit>(db, {.ignore = {"capped"}}).empty());

  const auto options = find_drift<Capped, Visit>(db);
  ASSERT_EQ(of(options, "capped").options.size(), 2U) << options.str();
  EXPECT_EQ(of(options, "capped").options[0].name, "size");
  EXPECT_EQ(of(options, "capped").options[1].name, "max");
  EXPECT_FALSE(of(options, "capped").validator);
  EXPECT_NE(options.str().find("  option      max: declared is nothing, there is 5\n"),
            std::string::npos)
      << options.str();

  DriftOptions moderate;
  moderate.schema.level = ValidationLevel::moderate;
  const auto level = find_drift<Visit>(db, moderate);
  ASSERT_TRUE(of(level, "visits").validator) << level.str();
  EXPECT_EQ(of(level, "visits").validator->differences,
            std::vector<std::string>{"validationLevel"});

  EXPECT_TRUE(
      of(find_drift<Capped>(db, {.validators = CompareValidators::all}), "capped").validator);
  moderate.validators = CompareValidators::none;
  EXPECT_FALSE(of(find_drift<Visit>(db, moderate), "visits").validator);
}

TEST(Drift, IsOneLineOfJson) {
  auto db = empty_database();
  put(db, "visits", R"({"_id": 1, "page": 5, "old": true})");
  const auto text = find_drift<Visit>(db, {.validators = CompareValidators::none}).json();
  EXPECT_EQ(text, same(R"({"schema": "quire.drift/1", "database": ")" + db.name() +
                       R"(", "differences": 2, "collections": [{"collection": "visits",
      "models": ["Visit"], "exists": true, "capped": false, "differences": 2, "documents": 1, "read": 1,
      "all_read": true, "not_listed": 0, "model_version": 0, "indexes": [], "options": [],
      "validator": null, "types": [{"path": "page", "found": "int", "wanted": "string",
      "documents": 1, "example": 1}], "unknown": [{"path": "old", "type": "bool", "documents": 1,
      "example": 1}], "absent": [], "versions": []}], "without_model": [], "left_alone": [],
      "notes": []})"));
}

struct Homeless {
  std::int64_t id = 0;
};

TEST(Drift, RefusesModelsThatItCannotCompare) {
  auto db = empty_database();
  try {
    (void)find_drift<Homeless>(db);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    EXPECT_NE(error.detail().find("Homeless"), std::string::npos);
  }
  try {
    (void)find_drift<Visit>(db, {.sample = -1});
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(error.path().str(), "sample");
  }
}

}  // namespace quire::migrate::test::drift
