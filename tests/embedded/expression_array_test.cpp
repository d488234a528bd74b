#include <gtest/gtest.h>

#include <string>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {
namespace {

std::string plain(std::string text) {
  std::erase(text, ' ');
  return text;
}

/// The expression's value on the document {a: [3, 1, 2], o: {x: 1, y: 2}, n: null, s: "text"}.
std::string evaluate(const std::string& expression) {
  static const auto document = bson::from_json(R"({"a": [3, 1, 2], "o": {"x": 1, "y": 2},
      "n": null, "s": "text", "d": [{"v": 2}, {"v": 1}, {}]})");
  ParseScope scope;
  const auto holder = bson::from_json(R"({"v": )" + expression + "}");
  const auto parsed = parse_expression(holder["v"], scope);
  Evaluation e(scope.slots());
  e.begin(document);
  return plain(show(parsed->evaluate(e)));
}

int failure_of(const std::string& expression) {
  try {
    (void)evaluate(expression);
  } catch (const QueryError& error) {
    return error.backend_code();
  }
  return 0;
}

struct Case {
  const char* expression;
  const char* result;
};
struct Failure {
  const char* expression;
  int code;
};

class ArrayExpression : public ::testing::TestWithParam<Case> {};
TEST_P(ArrayExpression, GivesTheValueOfTheServer) {
  EXPECT_EQ(evaluate(GetParam().expression), plain(GetParam().result)) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Arrays, ArrayExpression,
    ::testing::Values(
        Case{R"({"$arrayElemAt": ["$a", -1]})", "2"},
        Case{R"({"$arrayElemAt": ["$a", 3]})", "MISSING"},
        Case{R"({"$arrayElemAt": ["$n", 0]})", "null"}, Case{R"({"$first": "$a"})", "3"},
        Case{R"({"$last": [[]]})", "MISSING"},
        Case{R"({"$arrayToObject": [[["a", 1], ["b", 2], ["a", 3]]]})", R"({"a": 3, "b": 2})"},
        Case{R"({"$arrayToObject": [[{"k": "a", "v": 1}]]})", R"({"a": 1})"},
        Case{R"({"$concatArrays": ["$a", [4]]})", "[3, 1, 2, 4]"},
        Case{R"({"$concatArrays": ["$a", null]})", "null"},
        // What stands behind a null is not evaluated.
        Case{R"({"$concatArrays": ["$missing", {"$minN": {"n": 1, "input": "$s"}}]})", "null"},
        Case{R"({"$concat": ["$n", {"$toLower": "$a"}]})", "null"},
        Case{R"({"$indexOfArray": ["$missing", {"$size": "$s"}]})", "null"},
        Case{R"({"$indexOfArray": ["$a", "$n"]})", "-1"},
        Case{R"({"$indexOfCP": ["$n", {"$toLower": "$a"}]})", "null"},
        Case{R"({"$indexOfBytes": ["$missing", {"$toLower": "$a"}]})", "null"},
        Case{R"({"$setUnion": ["$missing", {"$minN": {"n": 1, "input": "$s"}}]})", "null"},
        Case{R"({"$setIntersection": ["$n", {"$minN": {"n": 1, "input": "$s"}}]})", "null"},
        Case{R"({"$filter": {"input": "$a", "cond": {"$gt": ["$$this", 1]}}})", "[3, 2]"},
        Case{R"({"$filter": {"input": "$a", "as": "x", "cond": {"$gt": ["$$x", 0]}, "limit": 2}})",
             "[3, 1]"},
        Case{R"({"$map": {"input": "$d", "as": "x", "in": "$$x.v"}})", "[2, 1, null]"},
        Case{R"({"$map": {"input": [[1, 2], [3]], "in":
               {"$map": {"input": "$$this", "as": "y", "in": {"$size": ["$$this"]}}}}})",
             "[[2, 2], [1]]"},
        Case{R"({"$reduce": {"input": "$a", "initialValue": [], "in":
               {"$concatArrays": [["$$this"], "$$value"]}}})",
             "[2, 1, 3]"},
        Case{R"({"$firstN": {"n": 2, "input": "$a"}})", "[3, 1]"},
        Case{R"({"$lastN": {"n": 2, "input": "$a"}})", "[1, 2]"},
        Case{R"({"$minN": {"n": 2, "input": "$a"}})", "[1, 2]"},
        Case{R"({"$maxN": {"n": 9, "input": "$a"}})", "[3, 2, 1]"},
        Case{R"({"$in": [1.0, "$a"]})", "true"}, Case{R"({"$indexOfArray": ["$a", 2]})", "2"},
        Case{R"({"$indexOfArray": ["$a", 2, 0, 2]})", "-1"}, Case{R"({"$isArray": "$a"})", "true"},
        Case{R"({"$isArray": ["$s"]})", "false"},
        Case{R"({"$objectToArray": "$o"})", R"([{"k": "x", "v": 1}, {"k": "y", "v": 2}])"},
        Case{R"({"$range": [0, 5, 2]})", "[0, 2, 4]"},
        Case{R"({"$range": [5, 0, -2]})", "[5, 3, 1]"}, Case{R"({"$range": [5, 0]})", "[]"},
        Case{R"({"$reverseArray": "$a"})", "[2, 1, 3]"}, Case{R"({"$size": "$a"})", "3"},
        Case{R"({"$slice": ["$a", 2]})", "[3, 1]"}, Case{R"({"$slice": ["$a", -2]})", "[1, 2]"},
        Case{R"({"$slice": ["$a", 1, 1]})", "[1]"}, Case{R"({"$slice": ["$a", -9, 2]})", "[3, 1]"},
        Case{R"({"$sortArray": {"input": "$a", "sortBy": -1}})", "[3, 2, 1]"},
        Case{R"({"$sortArray": {"input": "$d", "sortBy": {"v": 1}}})",
             R"([{}, {"v": 1}, {"v": 2}])"},
        Case{R"({"$zip": {"inputs": ["$a", [1]]}})", "[[3, 1]]"},
        Case{R"({"$zip": {"inputs": ["$a", [1]], "useLongestLength": true, "defaults": [0, 9]}})",
             "[[3, 1], [1, 9], [2, 9]]"}));

INSTANTIATE_TEST_SUITE_P(
    SetsAndObjects, ArrayExpression,
    ::testing::Values(
        Case{R"({"$setUnion": ["$a", [2, 5, 5]]})", "[1, 2, 3, 5]"},
        Case{R"({"$setUnion": ["text", "$none"]})", "null"},
        Case{R"({"$setIntersection": ["$a", [2, 5], [2.0]]})", "[2]"},
        Case{R"({"$setDifference": [[5, 3, 5, 1], [1]]})", "[5, 3]"},
        Case{R"({"$setEquals": ["$a", [1, 2, 3, 3]]})", "true"},
        Case{R"({"$setEquals": ["$a", [1, 2, 3], [1]]})", "false"},
        Case{R"({"$setIsSubset": [[1, 1], "$a"]})", "true"},
        Case{R"({"$allElementsTrue": [[true, 1, "a"]]})", "true"},
        Case{R"({"$anyElementTrue": [[0, null, false]]})", "false"},
        Case{R"({"$mergeObjects": ["$o", null, {"y": 3, "z": 4}]})", R"({"x": 1, "y": 3, "z": 4})"},
        // A single array stands for its elements.
        Case{R"({"$mergeObjects": "$d"})", R"({"v": 1})"},
        Case{R"({"$mergeObjects": [[{"x": 1}, null, {"y": 2}]]})", R"({"x": 1, "y": 2})"},
        Case{R"({"$mergeObjects": []})", "{}"}, Case{R"({"$getField": "s"})", R"("text")"},
        Case{R"({"$getField": {"field": "x", "input": "$o"}})", "1"},
        Case{R"({"$getField": {"field": "x", "input": 5}})", "MISSING"},
        Case{R"({"$setField": {"field": "a.b", "input": "$o", "value": 3}})",
             R"({"x": 1, "y": 2, "a.b": 3})"},
        Case{R"({"$setField": {"field": {"$literal": "$x"}, "input": "$n", "value": 3}})", "null"},
        Case{R"({"$setField": {"field": "x", "input": "$o", "value": "$$REMOVE"}})", R"({"y": 2})"},
        Case{R"({"$unsetField": {"field": "y", "input": "$o"}})", R"({"x": 1})"}));

INSTANTIATE_TEST_SUITE_P(
    Accumulators, ArrayExpression,
    ::testing::Values(
        Case{R"({"$sum": "$a"})", "6"}, Case{R"({"$sum": ["$a", 5]})", "5"},
        Case{R"({"$sum": []})", "0"}, Case{R"({"$avg": "$a"})", "2.0"},
        Case{R"({"$avg": []})", "null"}, Case{R"({"$max": ["$a", 5]})", "[3, 1, 2]"},
        Case{R"({"$min": "$a"})", "1"}, Case{R"({"$stdDevPop": [1, 3]})", "1.0"},
        Case{R"({"$stdDevSamp": [1]})", "null"},
        Case{R"({"$percentile": {"input": "$a", "p": [0.5, 1], "method": "approximate"}})",
             "[2.0, 3.0]"},
        Case{R"({"$median": {"input": 5, "method": "approximate"}})", "5.0"},
        Case{R"({"$median": {"input": "$s", "method": "approximate"}})", "null"}));

TEST(ArrayExpressions, LetGoOfWhatTheirPassesComputed) {
  ParseScope scope;
  const auto holder = bson::from_json(R"({"v": {"$reduce": {"input": {"$range": [0, 5000]},
      "initialValue": [], "in": {"$concatArrays": ["$$value", [{"$size": "$$value"}]]}}},
      "w": {"$map": {"input": {"$range": [0, 1000]}, "in": {"$size": {"$range": [0, 1000]}}}}})");
  for (const char* name : {"v", "w"}) {
    const auto node = parse_expression(holder[name], scope);
    Evaluation e(scope.slots());
    e.begin(bson::View());
    const auto value = node->evaluate(e);
    EXPECT_EQ(value.as_array().count(), name[0] == 'v' ? 5000U : 1000U);
    EXPECT_LT(e.arena().bytes(), 8U << 20) << name;
  }
}

class ArrayExpressionFailure : public ::testing::TestWithParam<Failure> {};
TEST_P(ArrayExpressionFailure, HasTheNumberOfTheServer) {
  EXPECT_EQ(failure_of(GetParam().expression), GetParam().code) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Arrays, ArrayExpressionFailure,
    ::testing::Values(
        Failure{R"({"$arrayElemAt": ["$s", 0]})", 28689},
        Failure{R"({"$arrayElemAt": ["$a", "$s"]})", 28690},
        Failure{R"({"$arrayElemAt": ["$a", 1.5]})", 28691},
        Failure{R"({"$arrayToObject": "$s"})", 40386},
        Failure{R"({"$arrayToObject": [[5]]})", 40398},
        Failure{R"({"$arrayToObject": [[["a", 1], 5]]})", 40396},
        Failure{R"({"$arrayToObject": [[["a"]]]})", 40397},
        Failure{R"({"$arrayToObject": [[[1, 1]]]})", 40395},
        Failure{R"({"$arrayToObject": [[{"k": "a", "v": 1}, 5]]})", 40391},
        Failure{R"({"$arrayToObject": [[{"k": "a"}]]})", 40392},
        Failure{R"({"$arrayToObject": [[{"k": "a", "w": 1}]]})", 40393},
        Failure{R"({"$arrayToObject": [[{"k": 1, "v": 1}]]})", 40394},
        Failure{R"({"$concatArrays": ["$s"]})", 28664}, Failure{R"({"$filter": 1})", 28646},
        Failure{R"({"$filter": {"x": 1}})", 28647}, Failure{R"({"$filter": {"cond": 1}})", 28648},
        Failure{R"({"$filter": {"input": "$a"}})", 28650},
        Failure{R"({"$filter": {"input": "$s", "cond": 1}})", 28651},
        Failure{R"({"$filter": {"input": "$a", "as": 1, "cond": 1}})", 9},
        Failure{R"({"$filter": {"input": "$a", "cond": 1, "limit": 1.5}})", 327391},
        Failure{R"({"$filter": {"input": "$a", "cond": 1, "limit": 0}})", 327392},
        Failure{R"({"$map": 1})", 16878}, Failure{R"({"$map": {"x": 1}})", 16879},
        Failure{R"({"$map": {"in": 1}})", 16880}, Failure{R"({"$map": {"input": 1}})", 16882},
        Failure{R"({"$map": {"input": "$s", "in": 1}})", 16883},
        Failure{R"({"$reduce": {"input": "$s", "initialValue": 1, "in": 1}})", 40080},
        Failure{R"({"$in": [1, "$n"]})", 40081}, Failure{R"({"$indexOfArray": ["$s", 1]})", 40090},
        Failure{R"({"$indexOfArray": ["$a", 1, 1.5]})", 9711600},
        Failure{R"({"$indexOfArray": ["$a", 1, -1]})", 9711601},
        Failure{R"({"$objectToArray": "$a"})", 40390}, Failure{R"({"$range": ["a", 1]})", 34443},
        Failure{R"({"$range": [1.5, 1]})", 34444}, Failure{R"({"$range": [1, 1, 0]})", 34449},
        Failure{R"({"$range": [-2147483648, 2147483647]})", 146},
        Failure{R"({"$reverseArray": "$s"})", 34435}, Failure{R"({"$size": "$n"})", 17124},
        Failure{R"({"$slice": ["$s", 1]})", 28724}, Failure{R"({"$slice": ["$a", "a"]})", 28725},
        Failure{R"({"$slice": ["$a", 1.5]})", 28726},
        Failure{R"({"$slice": ["$a", 1, "a"]})", 28727},
        Failure{R"({"$slice": ["$a", 1, 0]})", 28729},
        Failure{R"({"$sortArray": {"input": "$s", "sortBy": 1}})", 2942504},
        Failure{R"({"$sortArray": {"input": "$a", "sortBy": 2}})", 2},
        Failure{R"({"$zip": {"inputs": ["$s"]}})", 34468},
        Failure{R"({"$zip": {"inputs": []}})", 34465},
        Failure{R"({"$zip": {"inputs": ["$a"], "defaults": [1]}})", 34466},
        Failure{R"({"$firstN": {"n": 0, "input": "$a"}})", 5787908},
        Failure{R"({"$firstN": {"n": 1, "input": "$s"}})", 5788200}));

INSTANTIATE_TEST_SUITE_P(
    SetsAndObjects, ArrayExpressionFailure,
    ::testing::Values(
        Failure{R"({"$setUnion": ["$s"]})", 17043},
        Failure{R"({"$setIntersection": ["$a", "$s"]})", 17047},
        Failure{R"({"$setDifference": ["$s", "$a"]})", 17048},
        Failure{R"({"$setDifference": ["$a", "$s"]})", 17049},
        Failure{R"({"$setEquals": ["$a"]})", 17045},
        Failure{R"({"$setEquals": ["$a", null]})", 17044},
        Failure{R"({"$setIsSubset": ["$n", "$a"]})", 17046},
        Failure{R"({"$setIsSubset": ["$a", "$n"]})", 17042},
        Failure{R"({"$allElementsTrue": ["$n"]})", 17040},
        Failure{R"({"$anyElementTrue": ["$n"]})", 17041},
        Failure{R"({"$mergeObjects": "$a"})", 40400}, Failure{R"({"$getField": 1})", 3041704},
        Failure{R"({"$getField": {}})", 3041702},
        Failure{R"({"$setField": {"field": "$x", "input": "$o", "value": 1}})", 4161108},
        Failure{R"({"$setField": {"field": ["x"], "input": "$o", "value": 1}})", 4161106},
        Failure{R"({"$setField": {"field": 1, "input": "$o", "value": 1}})", 4161107},
        Failure{R"({"$setField": {"field": "x", "input": "$a", "value": 1}})", 4161105},
        Failure{R"({"$setField": {"field": "x", "input": "$o"}})", 4161103},
        Failure{R"({"$unsetField": {"field": "x"}})", 4161109},
        Failure{R"({"$unsetField": {"field": "x", "input": "$o", "value": 1}})", 4161101}));

}  // namespace
}  // namespace quire::store::embedded
