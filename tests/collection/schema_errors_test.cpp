#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "store/validation.hpp"

namespace quire::store {
namespace {

struct Refusal {
  const char* name;
  const char* details;  // of errInfo, in the form that MongoDB 8 documents
  const char* path;
  const char* sentence;
};
void PrintTo(const Refusal& row, std::ostream* out) { *out << row.name; }

class ValidationError : public ::testing::TestWithParam<Refusal> {};

TEST_P(ValidationError, NamesTheFieldAndTheRule) {
  const auto info = bson::from_json(R"({"failingDocumentId": 1, "details": )" +
                                    std::string(GetParam().details) + "}");
  const auto rules = unmet_rules(info);
  ASSERT_FALSE(rules.empty());
  EXPECT_EQ(rules.front().path, GetParam().path);
  EXPECT_EQ(sentence_of(rules), GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, ValidationError,
    ::testing::Values(
        Refusal{"Minimum",
                R"({"operatorName": "$jsonSchema", "title": "Student", "schemaRulesNotSatisfied": [
                    {"operatorName": "properties", "propertiesNotSatisfied": [{"propertyName": "age",
                     "description": "an age", "details": [{"operatorName": "minimum", "specifiedAs":
                     {"minimum": 0}, "reason": "comparison failed", "consideredValue": -1}]}]}]})",
                "age", "age must be at least 0, is -1"},
        Refusal{"Type",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "age", "details": [
                     {"operatorName": "bsonType", "specifiedAs": {"bsonType": ["int", "null"]},
                      "reason": "type did not match", "consideredValue": "old", "consideredType":
                      "string"}]}]}]})",
                "age", R"(age must be of type ["int", "null"], is string)"},
        Refusal{"Nested",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "home", "details": [
                     {"operatorName": "properties", "propertiesNotSatisfied": [{"propertyName":
                      "zip", "details": [{"operatorName": "pattern", "specifiedAs": {"pattern":
                      "^[0-9]+$"}, "reason": "regular expression did not match", "consideredValue":
                      "x"}]}]}]}]}]})",
                "home.zip", R"(home.zip must match "^[0-9]+$", is "x")"},
        Refusal{"ArrayItem",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "lines", "details": [
                     {"operatorName": "items", "reason": "At least one item did not match the sub-schema", "itemIndex": {"$numberLong": "2"}, "details": [{"operatorName":
                      "properties", "propertiesNotSatisfied": [{"propertyName": "count", "details":
                      [{"operatorName": "maximum", "specifiedAs": {"maximum": 9}, "reason":
                      "comparison failed", "consideredValue": 10}]}]}]}]}]}]})",
                "lines[2].count", "lines[2].count must be at most 9, is 10"},
        Refusal{"ArrayOfSchemas",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "pair", "details": [
                     {"operatorName": "items", "details": [{"itemIndex": 1, "details": [
                      {"operatorName": "bsonType", "specifiedAs": {"bsonType": "string"}, "reason":
                       "type did not match", "consideredValue": 3, "consideredType": "int"}]}]}]}]}]})",
                "pair[1]", R"(pair[1] must be of type "string", is int)"},
        Refusal{"Missing",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "required", "specifiedAs": {"required": ["a", "b"]}, "missingProperties":
                    ["a", "b"]}]})",
                "a", "a is missing; b is missing"},
        Refusal{"MissingBelow",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "home", "details": [
                     {"operatorName": "required", "specifiedAs": {"required": ["city"]},
                      "missingProperties": ["city"]}]}]}]})",
                "home.city", "home.city is missing"},
        Refusal{"Additional",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "additionalProperties", "specifiedAs": {"additionalProperties": false},
                    "additionalProperties": ["extra"]}]})",
                "extra", "extra is none of the schema's fields"},
        Refusal{"ValueOfAMap",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "counts", "details": [
                     {"operatorName": "additionalProperties", "reason": "at least one additional property did not match the subschema", "failingProperty": "x", "details": [
                      {"operatorName": "bsonType", "specifiedAs": {"bsonType": "int"}, "reason":
                       "type did not match", "consideredValue": "s", "consideredType":
                       "string"}]}]}]}]})",
                "counts.x", R"(counts.x must be of type "int", is string)"},
        Refusal{"Enum",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "plan", "details": [
                     {"operatorName": "enum", "specifiedAs": {"enum": ["free", "pro"]}, "reason":
                      "value was not found in enum", "consideredValue": "gold"}]}]}]})",
                "plan", R"(plan must be one of ["free", "pro"], is "gold")"},
        Refusal{"OneOfSeveralKinds",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "paid", "details": [
                     {"operatorName": "anyOf", "schemasNotSatisfied": [{"index": 0, "details": [
                      {"operatorName": "bsonType", "specifiedAs": {"bsonType": "int"}, "reason":
                      "type did not match", "consideredValue": {}, "consideredType": "object"}]},
                      {"index": 1, "details": [{"operatorName": "required", "specifiedAs":
                      {"required": ["coins"]}, "missingProperties": ["coins"]}]}]}]}]}]})",
                "paid.coins", "paid.coins is missing"},
        Refusal{"NoneOfSeveralKinds",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "paid", "details": [
                     {"operatorName": "anyOf", "schemasNotSatisfied": [{"index": 0, "details": [
                      {"operatorName": "bsonType", "specifiedAs": {"bsonType": "int"}, "reason":
                      "type did not match", "consideredValue": "s", "consideredType": "string"}]},
                      {"index": 1, "details": [{"operatorName": "bsonType", "specifiedAs":
                      {"bsonType": "object"}, "reason": "type did not match", "consideredValue":
                      "s", "consideredType": "string"}]}]}]}]}]})",
                "paid", "paid is none of the 2 kinds that are allowed"},
        Refusal{"AllOf",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "name", "details": [
                     {"operatorName": "allOf", "schemasNotSatisfied": [{"index": 1, "details": [
                      {"operatorName": "pattern", "specifiedAs": {"pattern": "b"}, "reason":
                       "regular expression did not match", "consideredValue": "a"}]}]}]}]}]})",
                "name", R"(name must match "b", is "a")"},
        Refusal{"BesideAQuery",
                R"({"operatorName": "$and", "clausesNotSatisfied": [{"index": 1, "details":
                    {"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                     "required", "specifiedAs": {"required": ["a"]}, "missingProperties":
                     ["a"]}]}}]})",
                "a", "a is missing"},
        Refusal{"QueryOperator",
                R"({"operatorName": "$gte", "specifiedAs": {"age": {"$gte": 18}}, "reason":
                    "comparison failed", "consideredValue": 3})",
                "age", R"(age does not satisfy $gte of {"age": {"$gte": 18}}, is 3)"},
        Refusal{"Expression",
                R"({"operatorName": "$expr", "specifiedAs": {"$expr": {"$lt": ["$a", "$b"]}},
                    "reason": "expression did not match", "expressionResult": false})",
                "", R"(the document does not satisfy $expr of {"$expr": {"$lt": ["$a", "$b"]}})"},
        Refusal{"Several",
                R"({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": [{"operatorName":
                    "properties", "propertiesNotSatisfied": [{"propertyName": "a", "details": [
                     {"operatorName": "minItems", "specifiedAs": {"minItems": 1}, "reason": "array did not match specified length", "consideredValue": [], "numberOfItems": 0}]},
                     {"propertyName": "b", "details": [{"operatorName": "maxLength", "specifiedAs":
                      {"maxLength": 2}, "reason": "specified string length was not satisfied",
                      "consideredValue": "abc"}]}]}, {"operatorName": "required", "specifiedAs":
                      {"required": ["c", "d"]}, "missingProperties": ["c", "d"]}]})",
                "a",
                R"(a must have this many elements or more: 1, is []; b must have this many )"
                R"(characters or fewer: 2, is "abc"; c is missing; and 1 more)"},
        Refusal{"Unknown", R"({"operatorName": "$future", "reason": "who knows"})", "",
                "the document does not satisfy $future"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ValidationErrorBytes, OfNoKnownFormGiveNothing) {
  EXPECT_TRUE(unmet_rules(bson::from_json("{}")).empty());
  EXPECT_TRUE(unmet_rules(bson::from_json(R"({"details": 3})")).empty());
  EXPECT_EQ(sentence_of({}), "");
}

}  // namespace
}  // namespace quire::store
