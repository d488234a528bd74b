#include "store/embedded/engine/json_schema.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/matcher.hpp"

namespace quire::store::embedded {
namespace {

using bson::from_json;

bool passes(std::string_view schema, std::string_view document) {
  return JsonSchema(from_json(schema)).matches(from_json(document));
}

struct Case {
  const char* schema;  // of the property x
  std::vector<const char*> good;
  std::vector<const char*> bad;
};

TEST(JsonSchema, HoldsPropertiesToTheirKeywords) {
  const Case cases[] = {
      {R"({"bsonType": "int"})", {"1"}, {R"({"$numberLong": "1"})", "1.5", "true", R"("1")"}},
      {R"({"bsonType": ["string", "null"]})", {R"("")", "null"}, {"1", "[]"}},
      {R"({"bsonType": "number"})",
       {"1", "1.5", R"({"$numberLong": "1"})", R"({"$numberDecimal": "1"})"},
       {R"("1")"}},
      {R"({"type": "boolean"})", {"true"}, {"1"}},
      {R"({"type": "object"})", {"{}"}, {"[]"}},
      {R"({"enum": [1, "a", {"b": 1, "c": 2}]})",
       {R"({"$numberLong": "1"})", R"("a")", R"({"c": 2, "b": 1})"},
       {"2", R"({"b": 1})", R"([1])"}},
      {R"({"minimum": 5})", {"5", R"({"$numberDecimal": "5.0"})", R"("text")"}, {"4.9"}},
      {R"({"minimum": 5, "exclusiveMinimum": true})", {"6"}, {"5"}},
      {R"({"maximum": 5, "exclusiveMaximum": false})",
       {"5", R"({"$numberDouble": "-Infinity"})"},
       {"6", R"({"$numberDouble": "NaN"})"}},
      {R"({"maximum": {"$numberLong": "9007199254740993"}})",
       {R"({"$numberDouble": "9007199254740992"})"},
       {R"({"$numberDouble": "9007199254740994"})"}},
      {R"({"multipleOf": 0.1})", {"0.3", "7", "0", "-0.5"}, {"0.35"}},
      {R"({"multipleOf": {"$numberDecimal": "1E-6000"}})", {"3", "0.5"}, {}},
      {R"({"multipleOf": {"$numberDecimal": "7"}})",
       {R"({"$numberDecimal": "7E+6000"})", R"({"$numberLong": "-9223372036854775800"})"},
       {R"({"$numberDecimal": "1E+6000"})", R"({"$numberDouble": "Infinity"})",
        R"({"$numberDouble": "NaN"})"}},
      {R"({"minLength": 2, "maxLength": 2})", {R"("日本")", R"("😀a")", "3"}, {R"("日")"}},
      {R"({"pattern": "^a.c"})", {R"("abcd")", "1"}, {R"("xabc")"}},
      {R"({"minItems": 1, "maxItems": 2})", {"[1]", "[1,2]", "{}"}, {"[]", "[1,2,3]"}},
      {R"({"uniqueItems": true})",
       {"[1,2]", R"([[1,2],[2,1]])", R"(["a","A"])"},
       {R"([1,{"$numberLong": "1"}])", R"([{"a":1,"b":2},{"b":2,"a":1}])"}},
      {R"({"uniqueItems": false})", {"[1,1]"}, {}},
      {R"({"items": {"bsonType": "int"}})", {"[]", "[1,2]", R"("text")"}, {R"([1,"2"])"}},
      {R"({"items": [{"type": "string"}, {"type": "number"}]})",
       {R"(["a"])", R"(["a",1,true])"},
       {R"([1])", R"(["a","b"])"}},
      {R"({"items": [{"type": "string"}], "additionalItems": false})",
       {R"(["a"])"},
       {R"(["a",1])"}},
      {R"({"items": [{"type": "string"}], "additionalItems": {"minimum": 3}})",
       {R"(["a",3,4])"},
       {R"(["a",3,2])"}},
      {R"({"additionalItems": false})", {"[1]"}, {}},
      {R"({"required": ["a"]})", {R"({"a": null})", "1"}, {"{}"}},
      {R"({"minProperties": 1, "maxProperties": 1})", {R"({"a": 1})"}, {"{}", R"({"a":1,"b":2})"}},
      {R"({"patternProperties": {"^s": {"type": "string"}}, "additionalProperties": false})",
       {R"({"s": "1"})", "{}"},
       {R"({"s": 1})", R"({"t": "1"})"}},
      {R"({"patternProperties": {"(": {"type": "string"}}})", {R"({"(": 1})"}, {}},
      {R"({"properties": {"a": {}}, "additionalProperties": {"type": "number"}})",
       {R"({"a": "x", "b": 1})"},
       {R"({"b": "x"})"}},
      {R"({"dependencies": {"a": ["b", "c"]}})",
       {R"({"b": 1})", R"({"a":1,"b":1,"c":1})"},
       {R"({"a":1,"b":1})"}},
      {R"({"dependencies": {"a": {"required": ["b"]}, "title": "x"}})",
       {"{}", R"({"a":1,"b":1})"},
       {R"({"a":1})"}},
      {R"({"allOf": [{"minimum": 1}, {"maximum": 3}]})", {"2"}, {"0", "4"}},
      {R"({"anyOf": [{"type": "string"}, {"minimum": 3}]})", {R"("a")", "3"}, {"2"}},
      {R"({"oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]})", {"3", "5"}, {"15", "7"}},
      {R"({"not": {"enum": [1, 2]}})", {"3"}, {"1"}},
  };
  for (const auto& one : cases) {
    const std::string schema = std::string(R"({"properties": {"x": )") + one.schema + "}}";
    EXPECT_TRUE(passes(schema, R"({"y": 1})")) << schema;
    for (const auto* good : one.good)
      EXPECT_TRUE(passes(schema, std::string(R"({"x": )") + good + "}")) << schema << good;
    for (const auto* bad : one.bad)
      EXPECT_FALSE(passes(schema, std::string(R"({"x": )") + bad + "}")) << schema << bad;
  }
}

TEST(JsonSchema, LooksAtTheWholeDocument) {
  EXPECT_TRUE(passes("{}", R"({"a": 1})"));
  EXPECT_TRUE(passes(R"({"bsonType": "object", "title": "t", "description": "d"})", "{}"));
  EXPECT_FALSE(passes(R"({"bsonType": "array"})", "{}"));
  // What is about values of other types says nothing of a document, nor is its pattern looked at.
  EXPECT_TRUE(passes(R"({"minimum": 3, "minLength": 3, "pattern": "(", "items": {"type": "null"}})",
                     R"({"a": 1})"));
  EXPECT_TRUE(passes(R"({"enum": [{"a": 1, "b": 2}, 3]})", R"({"b": 2, "a": 1})"));
  EXPECT_FALSE(passes(R"({"enum": [3]})", R"({"a": 1})"));
  EXPECT_FALSE(passes(R"({"not": {"required": ["a"]}})", R"({"a": 1})"));
}

TEST(JsonSchema, TakesANameWithDotsForAPath) {
  EXPECT_TRUE(passes(R"({"required": ["a.b"]})", R"({"a": {"b": 1}})"));
  EXPECT_FALSE(passes(R"({"properties": {"a.b": {"type": "string"}}})", R"({"a": {"b": 1}})"));
  EXPECT_TRUE(passes(R"({"properties": {"": {"type": "string"}}})", R"({"": "x"})"));
  EXPECT_FALSE(passes(R"({"properties": {"": {"type": "string"}}})", R"({"": 1})"));
}

struct Mistake {
  const char* schema;
  int code;
  const char* path;
};

TEST(JsonSchema, RefusesWhatMeansNothingByTheServersNumber) {
  const Mistake mistakes[] = {
      {R"({"what": 1})", 9, "$jsonSchema.what"},
      {R"({"$ref": "x"})", 9, "$jsonSchema.$ref"},
      {R"({"properties": {"a": {"default": 1}}})", 9, "$jsonSchema.properties.a.default"},
      {R"({"type": "integer"})", 9, "$jsonSchema.type"},
      {R"({"type": "objectId"})", 2, "$jsonSchema.type"},
      {R"({"bsonType": "what"})", 2, "$jsonSchema.bsonType"},
      {R"({"bsonType": 2})", 14, "$jsonSchema.bsonType"},
      {R"({"bsonType": ["int", "int"]})", 9, "$jsonSchema.bsonType"},
      {R"({"bsonType": []})", 9, "$jsonSchema.bsonType"},
      {R"({"bsonType": "object", "type": "object"})", 9, "$jsonSchema.type"},
      {R"({"title": 1})", 14, "$jsonSchema.title"},
      {R"({"minimum": "1"})", 14, "$jsonSchema.minimum"},
      {R"({"exclusiveMinimum": true})", 9, "$jsonSchema.exclusiveMinimum"},
      {R"({"minimum": 1, "exclusiveMinimum": 1})", 14, "$jsonSchema.exclusiveMinimum"},
      {R"({"minLength": -1})", 9, "$jsonSchema.minLength"},
      {R"({"minLength": 1.5})", 9, "$jsonSchema.minLength"},
      {R"({"minLength": "1"})", 9, "$jsonSchema.minLength"},
      {R"({"multipleOf": 0})", 9, "$jsonSchema.multipleOf"},
      {R"({"multipleOf": -1.5})", 9, "$jsonSchema.multipleOf"},
      {R"({"multipleOf": true})", 14, "$jsonSchema.multipleOf"},
      {R"({"uniqueItems": 1})", 14, "$jsonSchema.uniqueItems"},
      {R"({"items": "x"})", 14, "$jsonSchema.items"},
      {R"({"items": [1]})", 14, "$jsonSchema.items"},
      {R"({"additionalItems": 1})", 14, "$jsonSchema.additionalItems"},
      {R"({"required": []})", 9, "$jsonSchema.required"},
      {R"({"required": ["a", "a"]})", 9, "$jsonSchema.required"},
      {R"({"required": "a"})", 14, "$jsonSchema.required"},
      {R"({"properties": {"a": 1}})", 14, "$jsonSchema.properties"},
      {R"({"properties": {"a": {"pattern": "("}}})", 51091, "$jsonSchema.properties.a.pattern"},
      {R"({"patternProperties": {"a": 1}})", 14, "$jsonSchema.patternProperties"},
      {R"({"dependencies": {"a": 1}})", 14, "$jsonSchema.dependencies"},
      {R"({"dependencies": {"a": []}})", 9, "$jsonSchema.dependencies"},
      {R"({"allOf": []})", 2, "$jsonSchema.allOf"},
      {R"({"anyOf": [1]})", 14, "$jsonSchema.anyOf"},
      {R"({"not": []})", 14, "$jsonSchema.not"},
      {R"({"enum": []})", 9, "$jsonSchema.enum"},
      {R"({"enum": [1, {"$numberLong": "1"}]})", 9, "$jsonSchema.enum"},
  };
  for (const auto& one : mistakes) {
    try {
      (void)JsonSchema(from_json(one.schema));
      ADD_FAILURE() << "taken: " << one.schema;
    } catch (const QueryError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_query) << one.schema;
      EXPECT_EQ(error.backend_code(), one.code) << one.schema;
      EXPECT_EQ(error.path().str(), one.path) << one.schema;
    }
  }
  EXPECT_THROW((void)JsonSchema(from_json(R"({"encrypt": {}})")), StoreError);
}

TEST(JsonSchema, StandsInFilters) {
  const auto matches = [](std::string_view filter, std::string_view document) {
    return Matcher(from_json(filter)).matches(from_json(document));
  };
  EXPECT_TRUE(matches(R"({"$jsonSchema": {"required": ["a"]}, "b": 1})", R"({"a": 1, "b": 1})"));
  EXPECT_FALSE(matches(R"({"$nor": [{"$jsonSchema": {}}]})", "{}"));
  EXPECT_TRUE(matches(R"({"a": {"$elemMatch": {"$jsonSchema": {"required": ["b"]}}}})",
                      R"({"a": [{"c": 1}, {"b": 1}]})"));
  try {
    (void)Matcher(from_json(R"({"$jsonSchema": 1})"));
    ADD_FAILURE();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.backend_code(), 14);
  }
}

}  // namespace
}  // namespace quire::store::embedded
