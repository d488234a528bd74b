#include "quire/model/model.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "quire/bson/decode.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "quire/query/path.hpp"

namespace quire {
namespace {

using query::field;

enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)

struct Item {
  std::string sku;
  int count = 1;
};
struct User {
  ObjectId id;
  std::string email;
  std::string name;
  int age = 0;
  Plan plan = Plan::free;
  std::vector<std::string> tags;
  std::vector<Item> items;
  std::optional<std::string> phone;
  std::string secret;
  DateTime begins{};
  DateTime ends{};

  static auto model() {
    return quire::model<User>("users")
        .index(field<&User::email>.asc(), unique)
        .index(field<&User::plan>.asc(), field<&User::begins>.desc(),
               partial(field<&User::age> > 3 && field<&User::begins> != std::nullopt), named("pb"))
        .index(field<&User::ends>.asc(), expire_after(std::chrono::hours(1)))
        .index(field<&User::items, &Item::sku>.asc(), sparse, index_option("hidden", true))
        .check(field<&User::age>, between(0, 150))
        .check(field<&User::email>, matches("^[^@]+@[^@]+$"))
        .check(field<&User::plan>, one_of(Plan::free, Plan::pro))
        .check(field<&User::name>, length(1, 5))
        .check(field<&User::tags>, not_empty())
        .check(field<&User::tags>, matches("^[a-z]*$"))
        .check(field<&User::items, &Item::count>, between(1, 9))
        .check(field<&User::phone>,
               custom("no plus", [](const std::string& s) { return s[0] != '+'; }))
        .check("ends after it begins", [](const User& u) { return u.begins <= u.ends; })
        .version(3)
        .skip(field<&User::secret>)
        .was(field<&User::name>, "fullName")
        .rename(field<&User::begins>, "startsAt");
  }
};

User good() {
  User user;
  user.email = "a@b";
  user.name = "Ada";
  user.tags = {"x"};
  return user;
}

TEST(Model, TellsItsCollectionIndexesAndVersion) {
  const ModelInfo& info = model_of<User>();
  EXPECT_EQ(info.collection, "users");
  EXPECT_EQ(info.type, "User");
  EXPECT_EQ(info.version, 3);
  ASSERT_EQ(info.indexes.size(), 4U);
  EXPECT_EQ(bson::to_json(info.indexes[0].spec()),
            R"({"key": {"email": 1}, "name": "email_1", "unique": true})");
  EXPECT_EQ(bson::to_json(info.indexes[1].spec()),
            R"({"key": {"plan": 1, "startsAt": -1}, "name": "pb", "partialFilterExpression": )"
            R"({"age": {"$gt": 3}, "startsAt": {"$ne": null}}})");
  EXPECT_EQ(bson::to_json(info.indexes[2].spec()),
            R"({"key": {"ends": 1}, "name": "ends_1", "expireAfterSeconds": 3600})");
  EXPECT_EQ(bson::to_json(info.indexes[3].spec()),
            R"({"key": {"items.sku": 1}, "name": "items.sku_1", "sparse": true, "hidden": true})");
}

TEST(Model, ListsFieldsWithTypesAndNames) {
  const auto& fields = model_of<User>().fields();
  ASSERT_EQ(fields.size(), 10U);  // `secret` is skipped
  EXPECT_EQ(fields[0].stored, "_id");
  EXPECT_EQ(fields[0].bson_type, "objectId");
  EXPECT_EQ(fields[2].aliases, std::vector<std::string>{"fullName"});
  EXPECT_EQ(fields[3].bson_type, "int");
  EXPECT_EQ(fields[5].bson_type, "array of string");
  EXPECT_EQ(fields[5].cpp_type, "vector<string>");
  EXPECT_EQ(fields[6].bson_type, "array of object");
  ASSERT_NE(fields[6].nested, nullptr);
  EXPECT_EQ(fields[6].nested()[1].stored, "count");
  EXPECT_TRUE(fields[7].optional);
  EXPECT_EQ(fields[8].name, "begins");
  EXPECT_EQ(fields[8].stored, "startsAt");
}

TEST(Model, DescribesItselfForTools) {
  const auto description = model_of<User>().describe();
  EXPECT_EQ(description["collection"].as_string(), "users");
  EXPECT_EQ(description["indexes"].as_array().count(), 4U);
  EXPECT_EQ(description["checks"].as_array().count(), 9U);
}

TEST(Model, WritesItsVersion) { EXPECT_EQ(bson::encode(good())["_v"].as_int32(), 3); }

struct BadUser {
  const char* name;
  std::function<void(User&)> spoil;
  const char* path;
};
class ModelCheck : public ::testing::TestWithParam<BadUser> {};
TEST_P(ModelCheck, NamesThePathOfTheBadValue) {
  User user = good();
  GetParam().spoil(user);
  try {
    model_of<User>().check(bson::encode(user), &user);
    FAIL() << "accepted";
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::check_failed);
    EXPECT_EQ(error.path().str(), GetParam().path);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Bad, ModelCheck,
    ::testing::Values(
        BadUser{"BelowTheRange", [](User& u) { u.age = -1; }, "age"},
        BadUser{"AboveTheRange", [](User& u) { u.age = 151; }, "age"},
        BadUser{"PatternMissed", [](User& u) { u.email = "nobody"; }, "email"},
        BadUser{"TooShort", [](User& u) { u.name = ""; }, "name"},
        BadUser{"TooLong", [](User& u) { u.name = "abcdef"; }, "name"},
        BadUser{"EmptyList", [](User& u) { u.tags.clear(); }, "tags"},
        BadUser{"OneElement", [](User& u) { u.tags = {"a", "B"}; }, "tags[1]"},
        BadUser{"BelowAList", [](User& u) { u.items = {{"a", 1}, {"b", 10}}; }, "items[1].count"},
        BadUser{"Custom", [](User& u) { u.phone = "+49"; }, "phone"},
        BadUser{"WholeDocument", [](User& u) { u.begins = u.ends + std::chrono::hours(1); }, ""}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ModelCheck, CountsCharactersNotBytes) {
  User user = good();
  user.name = "äöüßé";  // five characters, ten bytes
  EXPECT_NO_THROW(model_of<User>().check(bson::encode(user), &user));
}

TEST(ModelCheck, LetsAbsentFieldsPass) {
  const User user = good();
  EXPECT_NO_THROW(model_of<User>().check(bson::encode(user), &user));
}

struct Plain {
  int a = 0;
};
TEST(Model, IsNotNeededForFields) {
  EXPECT_EQ(model_of<Plain>().collection, "");
  EXPECT_EQ(model_of<Plain>().fields().size(), 1U);
}

struct Foreign {
  int id = 0;
  std::string text;
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
};
TEST(Model, ListsRecursiveTypes) {
  const auto& fields = model_of<Tree>().fields();
  EXPECT_EQ(fields[1].nested()[1].stored, "children");
  EXPECT_FALSE(model_of<Tree>().describe().empty());
}

struct TwiceIndexed {
  int a = 0;
  static auto model() {
    return quire::model<TwiceIndexed>("x")
        .index(field<&TwiceIndexed::a>.asc())
        .index(field<&TwiceIndexed::a>.asc(), unique);
  }
};
struct NoKeys {
  int a = 0;
  static auto model() { return quire::model<NoKeys>("x").index(unique); }
};
struct BadPattern {
  std::string a;
  static auto model() {
    return quire::model<BadPattern>("x").check(field<&BadPattern::a>, matches("("));
  }
};
struct EmptyRange {
  int a = 0;
  static auto model() {
    return quire::model<EmptyRange>("x").check(field<&EmptyRange::a>, between(2, 1));
  }
};
struct BadName {
  int a = 0;
  static auto model() { return quire::model<BadName>("a$b"); }
};
template <class T>
ErrorCode code_of() {
  try {
    (void)model_of<T>();
  } catch (const ModelError& error) {
    return error.code();
  }
  return ErrorCode::internal;
}
TEST(Model, RefusesWhatContradictsItself) {
  EXPECT_EQ(code_of<TwiceIndexed>(), ErrorCode::invalid_model);
  EXPECT_EQ(code_of<NoKeys>(), ErrorCode::invalid_model);
  EXPECT_EQ(code_of<BadPattern>(), ErrorCode::invalid_model);
  EXPECT_EQ(code_of<EmptyRange>(), ErrorCode::invalid_model);
  EXPECT_EQ(code_of<BadName>(), ErrorCode::invalid_model);
}

}  // namespace

template <>
struct Describe<Foreign> {
  static auto model() {
    return quire::model<Foreign>("foreign").rename(query::field<&Foreign::text>, "t");
  }
};
namespace {
TEST(Model, DescribesTypesThatCannotBeEdited) {
  EXPECT_EQ(model_of<Foreign>().collection, "foreign");
  EXPECT_EQ((field<&Foreign::text> == "x").to_json(), R"({"t": "x"})");
}
}  // namespace

}  // namespace quire
