#include "store/embedded/engine/validation_explain.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/validation.hpp"

namespace quire::store::embedded {
namespace {

using bson::from_json;

struct Refused {
  const char* filter;
  const char* document;
  const char* details;
};

// The forms are those of MongoDB 8.2.
class ValidationExplained : public ::testing::TestWithParam<Refused> {};

TEST_P(ValidationExplained, AsAServerWordsIt) {
  const auto filter = from_json(GetParam().filter);
  const auto document = from_json(GetParam().document);
  ASSERT_FALSE(Matcher(filter).matches(document));
  const auto info = ValidationExplainer(filter).explain(document);
  EXPECT_EQ(bson::to_json(info["details"]), bson::to_json(from_json(GetParam().details)));
}

INSTANTIATE_TEST_SUITE_P(
    Operators, ValidationExplained,
    ::testing::Values(
        Refused{R"({"a": 2})", R"({"a": 1})",
                R"({"operatorName": "$eq", "specifiedAs": {"a": 2}, "reason": "comparison failed",
                    "consideredValue": 1})"},
        Refused{R"({"a": {"$gte": 3}})", R"({"b": 1})",
                R"({"operatorName": "$gte", "specifiedAs": {"a": {"$gte": 3}},
                    "reason": "field was missing"})"},
        Refused{R"({"a.b": {"$eq": 0}})", R"({"a": [{"b": [1, 2]}, {"b": [3, 4]}]})",
                R"({"operatorName": "$eq", "specifiedAs": {"a.b": {"$eq": 0}},
                    "reason": "comparison failed", "consideredValues": [1, 2, 3, 4]})"},
        Refused{R"({"a": {"$lt": 0}})", R"({"a": []})",
                R"({"operatorName": "$lt", "specifiedAs": {"a": {"$lt": 0}},
                    "reason": "comparison failed", "consideredValues": []})"},
        Refused{R"({"a": {"$ne": 2}})", R"({"a": 2})",
                R"({"operatorName": "$ne", "specifiedAs": {"a": {"$ne": 2}},
                    "reason": "comparison succeeded", "consideredValue": 2})"},
        Refused{R"({"a": {"$nin": [1, 2]}})", R"({"a": 2})",
                R"({"operatorName": "$nin", "specifiedAs": {"a": {"$nin": [1, 2]}},
                    "reason": "matching value found in array", "consideredValue": 2})"},
        Refused{R"({"a": {"$exists": false}})", R"({"a": 2})",
                R"({"operatorName": "$exists", "specifiedAs": {"a": {"$exists": false}},
                    "reason": "path does exist"})"},
        Refused{R"({"a": {"$type": "int"}})", R"({"a": "one"})",
                R"({"operatorName": "$type", "specifiedAs": {"a": {"$type": "int"}},
                    "reason": "type did not match", "consideredValue": "one",
                    "consideredType": "string"})"},
        Refused{R"({"a": {"$mod": [2, 1]}})", R"({"a": "two"})",
                R"({"operatorName": "$mod", "specifiedAs": {"a": {"$mod": [2, 1]}},
                    "reason": "type did not match", "consideredType": "string",
                    "expectedTypes": ["decimal", "double", "int", "long"],
                    "consideredValue": "two"})"},
        Refused{R"({"a": {"$size": 1}})", R"({"a": 3})",
                R"({"operatorName": "$size", "specifiedAs": {"a": {"$size": 1}},
                    "reason": "type did not match", "consideredType": "int",
                    "expectedType": "array", "consideredValue": 3})"},
        Refused{R"({"a": {"$elemMatch": {"b": 1}}})", R"({"a": [{"b": 2}]})",
                R"({"operatorName": "$elemMatch",
                    "specifiedAs": {"a": {"$elemMatch": {"b": 1}}},
                    "reason": "array did not satisfy the child predicate",
                    "consideredValue": [{"b": 2}]})"},
        Refused{R"({"a": {"$all": [1, 2]}})", R"({"a": [1]})",
                R"({"operatorName": "$all", "specifiedAs": {"a": {"$all": [1, 2]}},
                    "reason": "array did not contain all specified values",
                    "consideredValue": [1]})"},
        Refused{R"({"a": {"$all": []}})", R"({"a": [1]})",
                R"({"operatorName": "$all", "specifiedAs": {"a": {"$all": []}},
                    "reason": "expression always evaluates to false"})"},
        Refused{R"({"a": {"$bitsAllSet": 2}})", R"({"a": 5})",
                R"({"operatorName": "$bitsAllSet", "specifiedAs": {"a": {"$bitsAllSet": 2}},
                    "reason": "bitwise operator failed to match", "consideredValue": 5})"},
        Refused{R"({"a": {"$regex": "^s", "$options": "i"}})", R"({"a": "x"})",
                R"({"operatorName": "$regex",
                    "specifiedAs": {"a": {"$regex": "^s", "$options": "i"}},
                    "reason": "regular expression did not match", "consideredValue": "x"})"}));

INSTANTIATE_TEST_SUITE_P(
    Logic, ValidationExplained,
    ::testing::Values(
        Refused{R"({"a": {"$gt": 0, "$lt": 10}})", R"({"a": 11})",
                R"({"operatorName": "$and", "clausesNotSatisfied": [{"index": 1, "details":
                    {"operatorName": "$lt", "specifiedAs": {"a": {"$lt": 10}},
                     "reason": "comparison failed", "consideredValue": 11}}]})"},
        Refused{R"({"$or": [{"a": 1}, {"b": 1}]})", R"({"a": 2})",
                R"({"operatorName": "$or", "clausesNotSatisfied": [
                    {"index": 0, "details": {"operatorName": "$eq", "specifiedAs": {"a": 1},
                     "reason": "comparison failed", "consideredValue": 2}},
                    {"index": 1, "details": {"operatorName": "$eq", "specifiedAs": {"b": 1},
                     "reason": "field was missing"}}]})"},
        Refused{R"({"$nor": [{"a": 1}, {"b": {"$not": {"$lt": 20}}}]})", R"({"a": 2, "b": 25})",
                R"({"operatorName": "$nor", "clausesSatisfied": [{"index": 1, "details":
                    {"operatorName": "$not", "details": {"operatorName": "$lt",
                     "specifiedAs": {"b": {"$lt": 20}}, "reason": "comparison failed",
                     "consideredValue": 25}}}]})"},
        Refused{R"({"a": {"$not": {"$lt": 20, "$gt": 5}}})", R"({"a": 10})",
                R"({"operatorName": "$not", "details": {"operatorName": "$and",
                    "clausesSatisfied": [
                    {"index": 0, "details": {"operatorName": "$lt",
                     "specifiedAs": {"a": {"$lt": 20}}, "reason": "comparison succeeded",
                     "consideredValue": 10}},
                    {"index": 1, "details": {"operatorName": "$gt",
                     "specifiedAs": {"a": {"$gt": 5}}, "reason": "comparison succeeded",
                     "consideredValue": 10}}]}})"},
        Refused{R"({"$nor": [{"$jsonSchema": {"required": ["a"]}}]})", R"({"a": 2})",
                R"({"operatorName": "$nor", "clausesSatisfied": [{"index": 0, "details":
                    {"operatorName": "$jsonSchema", "reason": "schema matched"}}]})"}));

INSTANTIATE_TEST_SUITE_P(
    Schemas, ValidationExplained,
    ::testing::Values(
        Refused{R"({"$jsonSchema": {"title": "People", "required": ["b", "a"], "properties":
                    {"a": {"bsonType": "int", "description": "a whole number", "maximum": 9}}}})",
                R"({"a": 10})",
                R"({"operatorName": "$jsonSchema", "title": "People", "schemaRulesNotSatisfied": [
                    {"operatorName": "properties", "propertiesNotSatisfied": [
                     {"propertyName": "a", "description": "a whole number", "details": [
                      {"operatorName": "maximum", "specifiedAs": {"maximum": 9},
                       "reason": "comparison failed", "consideredValue": 10}]}]},
                    {"operatorName": "required", "specifiedAs": {"required": ["b", "a"]},
                     "missingProperties": ["b"]}]})"},
        Refused{R"({"$jsonSchema": {"properties": {"a": {"bsonType": "int", "minimum": 1,
                    "exclusiveMinimum": true}}}})",
                R"({"a": "x"})",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [
                    {"operatorName": "properties", "propertiesNotSatisfied": [
                     {"propertyName": "a", "details": [
                      {"operatorName": "bsonType", "specifiedAs": {"bsonType": "int"},
                       "reason": "type did not match", "consideredValue": "x",
                       "consideredType": "string"}]}]}]})"},
        Refused{R"({"$jsonSchema": {"properties": {"a": {"items": {"minLength": 2}}}}})",
                R"({"a": ["ab", "c"]})",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [
                    {"operatorName": "properties", "propertiesNotSatisfied": [
                     {"propertyName": "a", "details": [
                      {"operatorName": "items",
                       "reason": "At least one item did not match the sub-schema", "itemIndex": 1,
                       "details": [{"operatorName": "minLength", "specifiedAs": {"minLength": 2},
                        "reason": "specified string length was not satisfied",
                        "consideredValue": "c"}]}]}]}]})"},
        Refused{R"({"$jsonSchema": {"properties": {"_id": {}}, "additionalProperties": false,
                    "patternProperties": {"^n": {"type": "number"}}, "minProperties": 4}})",
                R"({"_id": 1, "x": 1, "n": "1"})",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [
                    {"operatorName": "additionalProperties",
                     "specifiedAs": {"additionalProperties": false},
                     "additionalProperties": ["x"]},
                    {"operatorName": "patternProperties", "details": [
                     {"propertyName": "n", "regexMatched": "^n", "details": [
                      {"operatorName": "type", "specifiedAs": {"type": "number"},
                       "reason": "type did not match", "consideredValue": "1",
                       "consideredType": "string"}]}]},
                    {"operatorName": "minProperties", "specifiedAs": {"minProperties": 4},
                     "reason": "specified number of properties was not satisfied",
                     "numberOfProperties": 3}]})"},
        Refused{R"({"$jsonSchema": {"dependencies": {"a": ["b", "c"], "d": {"required": ["e"]}}}})",
                R"({"a": 1, "c": 1, "d": 1})",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [
                    {"operatorName": "dependencies", "failingDependencies": [
                     {"conditionalProperty": "a", "missingProperties": ["b"]},
                     {"conditionalProperty": "d", "details": [{"operatorName": "required",
                      "specifiedAs": {"required": ["e"]}, "missingProperties": ["e"]}]}]}]})"},
        Refused{R"({"$jsonSchema": {"properties": {"a": {"anyOf": [{"type": "string"},
                    {"enum": [1]}], "not": {"minimum": 2}, "oneOf": [{}, {}]}}}})",
                R"({"a": 3})",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [
                    {"operatorName": "properties", "propertiesNotSatisfied": [
                     {"propertyName": "a", "details": [
                      {"operatorName": "anyOf", "schemasNotSatisfied": [
                       {"index": 0, "details": [{"operatorName": "type",
                        "specifiedAs": {"type": "string"}, "reason": "type did not match",
                        "consideredValue": 3, "consideredType": "int"}]},
                       {"index": 1, "details": [{"operatorName": "enum",
                        "specifiedAs": {"enum": [1]}, "reason": "value was not found in enum",
                        "consideredValue": 3}]}]},
                      {"operatorName": "oneOf", "reason": "more than one subschema matched",
                       "matchingSchemaIndexes": [0, 1]},
                      {"operatorName": "not", "reason": "child expression matched"}]}]}]})"},
        Refused{R"({"$jsonSchema": {"bsonType": "array"}})", R"({"a": 3})",
                R"({"operatorName": "$jsonSchema",
                    "specifiedAs": {"$jsonSchema": {"bsonType": "array"}},
                    "reason": "expression always evaluates to false"})"}));

INSTANTIATE_TEST_SUITE_P(
    Expressions, ValidationExplained,
    ::testing::Values(
        Refused{R"({"$expr": {"$lt": ["$low", "$high"]}})", R"({"low": 3, "high": 1})",
                R"({"operatorName": "$expr",
                    "specifiedAs": {"$expr": {"$lt": ["$low", "$high"]}},
                    "reason": "expression did not match", "expressionResult": false})"},
        Refused{R"({"$nor": [{"$expr": {"$eq": ["$a", "$b"]}}]})", R"({"a": 1, "b": 1})",
                R"({"operatorName": "$nor", "clausesSatisfied": [{"index": 0, "details":
                    {"operatorName": "$expr", "specifiedAs": {"$expr": {"$eq": ["$a", "$b"]}},
                     "reason": "expression did match", "expressionResult": true}}]})"}));

TEST(ValidationExplainer, TellsOfAnExpressionThatCannotBeEvaluated) {
  const auto info = ValidationExplainer(from_json(R"({"$expr": {"$divide": [10, "$a"]}})"))
                        .explain(from_json(R"({"_id": 1, "a": 0})"));
  const auto details = info["details"].as_document();
  EXPECT_EQ(details["reason"].as_string(), "failed to evaluate aggregation expression");
  EXPECT_EQ(details["details"].as_document()["codeName"].as_string(), "BadValue");
}

TEST(ValidationExplainer, NamesTheDocumentAndTheField) {
  const auto filter = from_json(R"({"$jsonSchema": {"properties": {"lines": {"items":
      {"properties": {"n": {"multipleOf": 2}}}}}}})");
  const auto info = ValidationExplainer(filter).explain(
      from_json(R"({"_id": 7, "lines": [{"n": 2}, {"n": 3}]})"));
  EXPECT_EQ(info["failingDocumentId"].as_int32(), 7);
  EXPECT_EQ(failing_path(info).str(), "lines[1].n");
  EXPECT_EQ(with_rules("no", info), "no: lines[1].n must be a multiple of 2, is 3");
}

TEST(ValidationExplainer, ShowsTheFirstTenValues) {
  const auto info = ValidationExplainer(from_json(R"({"a": {"$gt": 90}})"))
                        .explain(from_json(R"({"a": [1,2,3,4,5,6,7,8,9,10,11]})"));
  const auto details = info["details"].as_document();
  EXPECT_EQ(details["consideredValues"].as_array().count(), 10U);
  EXPECT_TRUE(details["consideredValuesTruncated"].as_bool());
}

TEST(ValidationExplainer, LeavesValuesOutOfWhatWouldBeTooLarge) {
  const std::string large(7U << 20, 'x');
  const auto document = bson::make_document("_id", 1, "a", large, "b", large);
  const auto info = ValidationExplainer(from_json(R"({"a": 1, "b": 1})")).explain(document);
  EXPECT_TRUE(info["truncated"].as_bool());
  EXPECT_LT(info.size(), 1000U);
}

}  // namespace
}  // namespace quire::store::embedded
