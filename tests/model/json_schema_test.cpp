#include "quire/model/json_schema.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <tuple>
#include <variant>

#include "quire/bson/json.hpp"
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

namespace quire {
namespace {

using query::field;

enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)
enum class Level { low = 1, high = 2 };

struct Upper {
  std::string text;
};
}  // namespace
template <>
struct Converter<Upper> {
  using stored = std::string;
  static std::string to_bson(const Upper& v) { return v.text; }
  static Upper from_bson(std::string text) { return {std::move(text)}; }
};
namespace {

std::string schema_of(const ModelInfo& model, const SchemaOptions& options = {}) {
  return bson::to_json(json_schema(model, options).schema);
}
/// The schema of one property.
template <class T>
std::string property(std::string_view name, const SchemaOptions& options = {}) {
  const auto made = json_schema(model_of<T>(), options).schema;
  return bson::to_json(made["properties"].as_document()[name]);
}

struct Line {
  std::string sku;
  int count = 1;
};
struct Order {
  ObjectId id;
  std::string name;
  int age = 0;
  std::optional<std::string> phone;
  std::vector<Line> lines;
  Plan plan = Plan::free;
  DateTime at{};
  static auto model() {
    return quire::model<Order>("orders")
        .check(field<&Order::age>, between(0, 150))
        .check(field<&Order::name>, length(1, 5))
        .check(field<&Order::lines>, not_empty())
        .check(field<&Order::lines, &Line::count>, between(1, 9))
        .check(field<&Order::lines, &Line::sku>, matches("^[a-z]+$", "iu"))
        .version(2)
        .was(field<&Order::name>, "fullName");
  }
};

TEST(JsonSchema, SaysFieldsTypesAndChecks) {
  EXPECT_EQ(
      schema_of(model_of<Order>()),
      R"({"bsonType": "object", "required": ["_id", "age", "lines", "plan", "at"], "properties": )"
      R"({"_id": {"bsonType": "objectId"}, "fullName": {"bsonType": "string"}, )"
      R"("name": {"bsonType": "string", "minLength": 1, "maxLength": 5}, )"
      R"("age": {"bsonType": "number", "minimum": 0, "maximum": 150}, )"
      R"("phone": {"bsonType": ["string", "null"]}, )"
      R"("lines": {"bsonType": "array", "minItems": 1, "items": {"bsonType": "object", )"
      R"("required": ["sku", "count"], "properties": )"
      R"({"sku": {"bsonType": "string", "pattern": "(?i)^[a-z]+$"}, )"
      R"("count": {"bsonType": "number", "minimum": 1, "maximum": 9}}}}, )"
      R"("plan": {"enum": ["free", "pro"]}, "at": {"bsonType": "date"}, )"
      R"("_v": {"bsonType": "number"}}})");
  EXPECT_TRUE(json_schema(model_of<Order>()).unsaid.empty());
  EXPECT_EQ(json_schema(model_of<Order>()).validator().begin()->key, "$jsonSchema");
}

TEST(JsonSchema, OptionsNarrowAndWidenIt) {
  const auto closed = json_schema(model_of<Order>(), {.additional = false}).schema;
  EXPECT_FALSE(closed["additionalProperties"].as_bool());
  for (const char* name : {"_id", "_v", "_q", "fullName"})
    EXPECT_TRUE(closed["properties"].as_document().contains(name)) << name;
  const auto lines = closed["properties"].as_document()["lines"].as_document();
  EXPECT_FALSE(lines["items"].as_document()["additionalProperties"].as_bool());
  EXPECT_EQ(property<Order>("age", {.as_read = false}),
            R"({"bsonType": "int", "minimum": 0, "maximum": 150})");
  EXPECT_FALSE(json_schema(model_of<Order>(), {.required = false}).schema.contains("required"));
}

struct Numbered {
  std::int64_t id = 0;
  bool flag = false;
  double real = 0;
  Decimal128 price;
  std::chrono::seconds wait{};
  std::chrono::duration<double> exact{};
  Level level = Level::low;
  int strict_int = 0;
  std::int64_t strict_long = 0;
  double strict_real = 0;
  int lossy_int = 0;
  bool lossy_flag = false;
  int nullable = 0;
  int never_null = 0;
  static auto model() {
    return quire::model<Numbered>("n")
        .numbers<Numbers::strict>(field<&Numbered::strict_int>)
        .numbers<Numbers::strict>(field<&Numbered::strict_long>)
        .numbers<Numbers::strict>(field<&Numbered::strict_real>)
        .numbers<Numbers::lossy>(field<&Numbered::lossy_int>)
        .numbers<Numbers::lossy>(field<&Numbered::lossy_flag>)
        .on_null<OnNull::as_missing>(field<&Numbered::nullable>)
        .on_null<OnNull::as_missing>(field<&Numbered::never_null>)
        .missing<Missing::error>(field<&Numbered::never_null>);
  }
};

TEST(JsonSchema, TakesTheNumbersThatAreRead) {
  const std::pair<const char*, const char*> expected[] = {
      {"_id", R"({"bsonType": "number"})"},
      {"flag", R"({"bsonType": "bool"})"},
      {"real", R"({"bsonType": "number"})"},
      {"price", R"({"bsonType": "number"})"},
      {"wait", R"({"bsonType": "number"})"},
      {"exact", R"({"bsonType": "number"})"},
      {"level", R"({"bsonType": "number"})"},
      {"strict_int", R"({"bsonType": "int"})"},
      {"strict_long", R"({"bsonType": ["long", "int"]})"},
      {"strict_real", R"({"bsonType": ["double", "int"]})"},
      {"lossy_int", R"({"bsonType": ["number", "bool"]})"},
      {"lossy_flag", R"({"bsonType": ["bool", "number"]})"},
      {"nullable", R"({"bsonType": ["number", "null"]})"},
      {"never_null", R"({"bsonType": "number"})"}};
  for (const auto& [name, json] : expected) EXPECT_EQ(property<Numbered>(name), json) << name;
}

struct Tree {
  std::string name;
  std::vector<Tree> children;
  std::unique_ptr<Tree> shade;
};
struct Card {
  std::string number;
};
struct Cash {
  int coins = 0;
};
struct Address {
  std::string city;
  static auto model() { return quire::model<Address>().rename(field<&Address::city>, "town"); }
};
struct Shapes {
  Tree tree;
  std::map<std::string, std::vector<int>> counts;
  std::array<double, 2> pair{};
  std::tuple<int, std::string> mixed;
  std::variant<int, std::string, std::monostate> plain;
  std::variant<Card, Cash> paid;
  std::variant<Card, std::string> one;
  bson::Value any;
  bson::Document raw;
  std::vector<std::optional<int>> holes;
  Upper upper;
  Uuid uuid;
  std::vector<std::byte> bytes;
  std::optional<Plan> plan;
  std::string secret;
  Address address;
  std::optional<int> written;
  static auto model() {
    return quire::model<Shapes>("shapes")
        .skip(field<&Shapes::secret>)
        .flatten(field<&Shapes::address>)
        .when_empty<WhenEmpty::null>(field<&Shapes::written>);
  }
};

TEST(JsonSchema, DescribesEveryForm) {
  const std::pair<const char*, const char*> expected[] = {
      {"tree", R"({"bsonType": "object", "required": ["name", "children"], "properties": )"
               R"({"name": {"bsonType": "string"}, "children": {"bsonType": "array", "items": )"
               R"({"bsonType": "object"}}, "shade": {"bsonType": ["object", "null"]}}})"},
      {"counts", R"({"bsonType": "object", "additionalProperties": {"bsonType": "array", "items": )"
                 R"({"bsonType": "number"}}})"},
      {"pair",
       R"({"bsonType": "array", "minItems": 2, "maxItems": 2, "items": {"bsonType": "number"}})"},
      {"mixed",
       R"({"bsonType": "array", "minItems": 2, "maxItems": 2, "items": [{"bsonType": "number"}, )"
       R"({"bsonType": "string"}]})"},
      {"plain", R"({"bsonType": ["number", "string", "null"]})"},
      {"paid",
       R"({"anyOf": [{"bsonType": "object", "required": ["_t", "number"], "properties": )"
       R"({"_t": {"enum": ["Card"]}, "number": {"bsonType": "string"}}}, {"bsonType": "object", )"
       R"("required": ["_t", "coins"], "properties": {"_t": {"enum": ["Cash"]}, )"
       R"("coins": {"bsonType": "number"}}}]})"},
      {"one", R"({"anyOf": [{"bsonType": "object", "required": ["number"], "properties": )"
              R"({"_t": {"enum": ["Card"]}, "number": {"bsonType": "string"}}}, )"
              R"({"bsonType": "string"}]})"},
      {"any", R"({})"},
      {"raw", R"({"bsonType": "object"})"},
      {"holes", R"({"bsonType": "array", "items": {"bsonType": ["number", "null"]}})"},
      {"upper", R"({"bsonType": "string"})"},
      {"uuid", R"({"bsonType": "binData"})"},
      {"bytes", R"({"bsonType": "binData"})"},
      {"plan", R"({"enum": ["free", "pro", null]})"},
      {"town", R"({"bsonType": "string"})"},
      {"written", R"({"bsonType": ["number", "null"]})"}};
  for (const auto& [name, json] : expected) EXPECT_EQ(property<Shapes>(name), json) << name;
  const auto made = json_schema(model_of<Shapes>()).schema;
  EXPECT_FALSE(made["properties"].as_document().contains("secret"));
  EXPECT_FALSE(made["properties"].as_document().contains("address"));
  EXPECT_EQ(bson::array_to_json(made["required"].as_array()),
            R"(["tree", "counts", "pair", "mixed", "plain", "paid", "one", "any", "raw", "holes", )"
            R"("upper", "uuid", "bytes", "town", "written"])");
}

struct Open {
  int id = 0;
  Extra rest;
};
struct Checked {
  int id = 0;
  std::string name;
  std::vector<int> marks;
  std::map<std::string, std::string> labels;
  std::vector<std::byte> bytes;
  DateTime at{};
  Plan plan = Plan::free;
  double real = 0;
  bson::Value any;
  static auto model() {
    return quire::model<Checked>("c")
        .check(field<&Checked::marks>, between(1, 6))
        .check(field<&Checked::marks>, between(0, 5))
        .check(field<&Checked::marks>, length(1, 3))
        .check(field<&Checked::labels>, length(0, 4))
        .check(field<&Checked::labels>.key("a"), matches("x"))
        .check(field<&Checked::name>, matches("a"))
        .check(field<&Checked::name>, matches("b", "mx"))
        .check(field<&Checked::plan>, one_of(Plan::pro))
        .check(field<&Checked::real>, one_of(1.5, 2.5))
        .check(field<&Checked::bytes>, not_empty())
        .check(field<&Checked::at>, between(DateTime{}, DateTime{} + std::chrono::hours(1)))
        .check(field<&Checked::name>, matches("(*UCP)a", "i"))
        .check(field<&Checked::any>, between(1, 2))
        .check(field<&Checked::id>, custom("even", [](int n) { return n % 2 == 0; }))
        .check("whole", [](const Checked&) { return true; });
  }
};

TEST(JsonSchema, JoinsChecksOfOneField) {
  EXPECT_EQ(property<Checked>("marks"),
            R"({"bsonType": "array", "minItems": 1, "maxItems": 3, "items": )"
            R"({"bsonType": "number", "minimum": 1, "maximum": 5}})");
  EXPECT_EQ(property<Checked>("labels"),
            R"({"bsonType": "object", "maxProperties": 4, "properties": )"
            R"({"a": {"bsonType": "string", "pattern": "x"}}, )"
            R"("additionalProperties": {"bsonType": "string"}})");
  EXPECT_EQ(property<Checked>("name"),
            R"({"bsonType": "string", "allOf": [{"pattern": "a"}, {"pattern": "(?mx)b"}]})");
  EXPECT_EQ(property<Checked>("plan"), R"({"enum": ["pro"]})");
  EXPECT_EQ(property<Checked>("real"), R"({"enum": [1.5, 2.5]})");
}

TEST(JsonSchema, ListsWhatItCannotSay) {
  std::vector<std::string> paths;
  for (const auto& one : json_schema(model_of<Checked>()).unsaid) {
    paths.push_back(one.path);
    EXPECT_FALSE(one.check.empty());
    EXPECT_FALSE(one.reason.empty());
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"bytes", "at", "name", "any", "_id", ""}));
}

TEST(JsonSchema, StaysOpenWhereAMemberKeepsUnknownFields) {
  const auto made = json_schema(model_of<Open>(), {.additional = false});
  EXPECT_FALSE(made.schema.contains("additionalProperties"));
  EXPECT_FALSE(made.schema["properties"].as_document().contains("rest"));
  EXPECT_EQ(made.unsaid.size(), 1U);
}

}  // namespace
}  // namespace quire
