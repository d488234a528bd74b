#include "quire/collection/schema.hpp"

#include <gtest/gtest.h>

#include <map>
#include <variant>

#include "quire/quire.hpp"
#include "recording_store.hpp"
#include "servers.hpp"

namespace quire {
namespace {

enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)
struct Line {
  std::string sku;
  int count = 1;
};
struct Home {
  std::string city;
  std::optional<std::string> zip;
};
struct Card {
  std::string number;
};
struct Cash {
  int coins = 0;
};
struct User {
  ObjectId id;
  std::string name = "ada";
  int age = 1;
  std::optional<std::string> phone;
  std::vector<Line> lines = {{"a", 1}};
  Plan plan = Plan::free;
  Home home;
  std::map<std::string, int> counts;
  std::variant<Card, Cash> paid;
  double score = 0;
  static auto model() {
    return quire::model<User>("users")
        .check(field<&User::age>, between(0, 150))
        .check(field<&User::name>, length(1, 5))
        .check(field<&User::lines, &Line::count>, between(1, 9))
        .check("odd", [](const User&) { return true; })
        .was(field<&User::score>, "points")
        .version(3);
  }
};

struct Ruled {
  int id = 0;
  int low = 0;
  int high = 1;
  static auto model() {
    return quire::model<Ruled>("ruled").collection_options(
        bson::from_json(R"({"validator": {"$expr": {"$lt": ["$low", "$high"]}}})"));
  }
};

template <class E, class F>
void expect_error(ErrorCode code, std::string_view path, const F& call) {
  try {
    call();
    FAIL() << "accepted, not refused at " << path;
  } catch (const E& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.path().str(), path) << error.what();
  }
}

TEST(SchemaCommands, AStoreWithoutValidatorsIsNamed) {
  const auto store = std::make_shared<test::RecordingStore>(store::open(":memory:"));
  store->validators = false;
  const Database db(store, "app");
  try {
    (void)db.collection<User>().sync_schema();
    FAIL() << "accepted";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(error.detail().find("\"embedded\""), std::string::npos);
  }
  EXPECT_TRUE(db.collection_names().empty());
}

TEST(SchemaCommands, CreateAndModify) {
  auto store = std::make_shared<test::RecordingStore>(store::open(":memory:"));
  store->validators = true;
  const Database db(store, "app");
  const auto ruled = db.collection<Ruled>();
  const std::string validator =
      R"("validator": {"$and": [{"$jsonSchema": {"bsonType": "object", "required": )"
      R"(["_id", "low", "high"], "properties": {"_id": {"bsonType": "number"}, )"
      R"("low": {"bsonType": "number"}, "high": {"bsonType": "number"}}}}, )"
      R"({"$expr": {"$lt": ["$low", "$high"]}}]})";
  const auto plan = ruled.sync_schema({.level = ValidationLevel::moderate});
  EXPECT_EQ(plan.action, SchemaPlan::Action::create);
  EXPECT_EQ(store->created,
            (std::vector<std::string>{"{" + validator + R"(, "validationLevel": "moderate", )" +
                                      R"("validationAction": "error"})"}));
  // As MongoDB lists one that says nothing of level and action.
  store->listed_collections = {{"ruled", "collection", bson::from_json("{" + validator + "}")}};
  EXPECT_EQ(ruled.sync_schema().action, SchemaPlan::Action::keep);
  const auto warn = ruled.sync_schema({.action = ValidationAction::warn});
  EXPECT_EQ(warn.differences, std::vector<std::string>{"validationAction"});
  EXPECT_EQ(
      store->commands,
      (std::vector<std::string>{R"(app {"collMod": "ruled", )" + validator +
                                R"(, "validationLevel": "strict", "validationAction": "warn"})"}));
}

class Schema : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto uri = test::store_uri();
    if (uri.empty()) GTEST_SKIP() << "no such server was started";
    db_.emplace(quire::open(uri));
  }
  void TearDown() override {
    if (db_) db_->store().drop_database(db_->name());
  }
  /// Written past the model's own checks.
  void insert_raw(std::string_view json) const {
    db_->collection<bson::Document>("users").insert(bson::from_json(json));
  }
  static bson::Document good() { return bson::encode(User{}); }
  /// A good document with one field changed.
  static bson::Document with(std::string_view name, const bson::Value& value) {
    bson::Writer writer;
    for (const auto& field : good()) {
      if (field.key == "score" && name == "points") continue;  // its former name
      if (field.key != name && field.key != "_id") writer.append(field.key, field.value);
    }
    return writer.append(name, value).finish();
  }
  std::optional<Database> db_;
};

TEST_F(Schema, IsMadeOnceThenKept) {
  const auto users = db_->collection<User>();
  const auto planned = users.sync_schema({.apply = false});
  EXPECT_EQ(planned.action, SchemaPlan::Action::create);
  EXPECT_FALSE(planned.applied);
  EXPECT_TRUE(db_->collection_names().empty());
  EXPECT_TRUE(users.sync_schema().applied);
  for (int i = 0; i < 2; ++i) {
    const auto plan = users.sync_schema();
    EXPECT_TRUE(plan.in_sync()) << plan.str();
    EXPECT_TRUE(plan.differences.empty());
    ASSERT_EQ(plan.unsaid.size(), 1U);
    EXPECT_EQ(plan.unsaid[0].check, "odd");
  }
}

TEST_F(Schema, TakesWhatQuireWritesAndReads) {
  const auto users = db_->collection<User>();
  (void)users.sync_schema({.schema = {.additional = false}});
  User user;
  users.insert(user);
  user.phone = "1";
  user.plan = Plan::pro;
  user.home.zip = "53";
  user.counts = {{"a", 1}};
  user.paid = Cash{2};
  users.save(user);
  EXPECT_EQ(users.update_one(field<&User::id> == user.id, field<&User::age>.inc(1)).modified, 1);
  const auto raw = db_->collection<bson::Document>("users");
  for (const auto& document :
       {with("phone", bson::Null{}), with("age", 3.0), with("age", std::int64_t{4}),
        with("age", Decimal128::from_string("5")), with("_q", "mark"), with("points", 3)}) {
    const auto id = raw.insert(document);
    EXPECT_NO_THROW((void)users.get(id.view().as_object_id())) << bson::to_json(document);
  }
}

TEST_F(Schema, RefusalsNameTheField) {
  const auto users = db_->collection<User>();
  (void)users.sync_schema({.schema = {.additional = false}});
  const auto raw = db_->collection<bson::Document>("users");
  const std::pair<bson::Document, const char*> bad[] = {
      {with("age", 151), "age"},
      {with("age", "old"), "age"},
      {with("name", ""), "name"},
      {with("plan", "gold"), "plan"},
      {with("home", bson::from_json("{}")), "home.city"},
      {with("home", bson::from_json(R"({"city": "x", "zip": 3})")), "home.zip"},
      {with("lines",
            bson::Value::array(bson::make_array(bson::from_json(R"({"sku": "a", "count": 1})"),
                                                bson::from_json(R"({"sku": "b", "count": 10})")))),
       "lines[1].count"},
      {with("counts", bson::from_json(R"({"x": "one"})")), "counts.x"},
      {with("paid", bson::from_json(R"({"_t": "Cash", "coins": "two"})")), "paid.coins"},
      {with("extra", 1), "extra"}};
  for (const auto& [document, path] : bad) {
    expect_error<StoreError>(ErrorCode::validation_failed, path,
                             [&] { raw.insert(bson::Document(document)); });
  }
  // Several: the first that the server lists.
  expect_error<StoreError>(ErrorCode::validation_failed, "name",
                           [&] { raw.insert(bson::from_json(R"({"age": -1, "name": 3})")); });
  EXPECT_EQ(users.count(), 0);
}

TEST_F(Schema, RefusalsOfEveryKindOfWrite) {
  const auto users = db_->collection<User>();
  (void)users.sync_schema();
  User user;
  users.insert(user);
  const auto by_id = field<&User::id> == user.id;
  const auto bad = field<&User::home, &Home::city>.unset();
  expect_error<StoreError>(ErrorCode::validation_failed, "home.city",
                           [&] { (void)users.update_one(by_id, bad); });
  expect_error<StoreError>(ErrorCode::validation_failed, "home.city",
                           [&] { (void)users.find_one_and_update(by_id, bad); });
  // $inc is what the model's checks cannot see.
  const auto result = users.bulk()
                          .update_one(by_id, field<&User::age>.inc(1))
                          .update_one(by_id, field<&User::age>.inc(1000))
                          .run({.ordered = false});
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].index, 1U);
  EXPECT_EQ(result.errors[0].error.code(), ErrorCode::validation_failed);
  EXPECT_EQ(result.errors[0].error.path().str(), "age");
  EXPECT_NE(result.errors[0].error.detail().find("must be at most 150, is 1002"), std::string::npos)
      << result.errors[0].error.what();
  const auto raw = db_->collection<bson::Document>("users");
  const auto many = raw.insert_many(std::vector<bson::Document>{with("age", -1)});
  ASSERT_EQ(many.errors.size(), 1U);
  EXPECT_EQ(many.errors[0].error.path().str(), "age");
}

TEST_F(Schema, IsModifiedWhereItDiffers) {
  db_->create_collection("users", bson::from_json(R"({"validator": {"$jsonSchema":
      {"bsonType": "object", "properties": {"age": {"bsonType": "number", "maximum": 99}}}}})"));
  insert_raw(R"({"age": 50, "name": "b"})");
  const auto users = db_->collection<User>();
  auto plan = users.sync_schema({.level = ValidationLevel::moderate, .apply = false});
  EXPECT_EQ(plan.action, SchemaPlan::Action::modify);
  EXPECT_FALSE(plan.foreign);
  const std::vector<std::string> some = {
      "validator.$jsonSchema.required", "validator.$jsonSchema.properties.age.maximum",
      "validator.$jsonSchema.properties.age.minimum", "validationLevel"};
  for (const auto& path : some)
    EXPECT_NE(std::find(plan.differences.begin(), plan.differences.end(), path),
              plan.differences.end())
        << path << "\n"
        << plan.str();
  plan = users.sync_schema({.level = ValidationLevel::moderate, .check_existing = true});
  EXPECT_TRUE(plan.applied);
  EXPECT_EQ(plan.violations, 1);
  EXPECT_NE(plan.str().find("1 documents would not pass"), std::string::npos);
  EXPECT_TRUE(users.sync_schema({.level = ValidationLevel::moderate}).in_sync());
  EXPECT_TRUE(users.sync_schema({.level = ValidationLevel::off}).applied);
  EXPECT_NO_THROW(insert_raw(R"({"age": 200})"));
}

TEST_F(Schema, OfOtherMakeIsReplacedOnlyWhenAsked) {
  db_->create_collection("users", bson::from_json(R"({"validator": {"age": {"$gte": 0}}})"));
  const auto users = db_->collection<User>();
  EXPECT_TRUE(users.sync_schema({.apply = false}).foreign);
  expect_error<StoreError>(ErrorCode::invalid_argument, "validator",
                           [&] { (void)users.sync_schema(); });
  const auto before = db_->store().list_collections(db_->name());
  EXPECT_EQ(bson::to_json(before.at(0).options["validator"]), R"({"age": {"$gte": 0}})");
  EXPECT_TRUE(users.sync_schema({.replace_foreign = true}).applied);
  EXPECT_TRUE(users.sync_schema().in_sync());
}

TEST_F(Schema, KeepsTheProgramsOwnRule) {
  if (!db_->capabilities().aggregation) GTEST_SKIP() << "no expressions here";
  const auto ruled = db_->collection<Ruled>();
  EXPECT_TRUE(ruled.sync_schema().applied);
  EXPECT_TRUE(ruled.sync_schema().in_sync());
  ruled.insert(Ruled{1, 0, 1});
  expect_error<StoreError>(ErrorCode::validation_failed, "", [&] { ruled.insert(Ruled{2, 3, 1}); });
}

TEST_F(Schema, ViewsHaveNone) {
  if (!db_->capabilities().views) GTEST_SKIP() << "no views here";
  db_->create_collection("all");
  db_->create_view("users", "all", {});
  expect_error<StoreError>(ErrorCode::unsupported, "",
                           [&] { (void)db_->collection<User>().sync_schema(); });
}

}  // namespace
}  // namespace quire
