#include <gtest/gtest.h>

#include "expression_fixture.hpp"

namespace quire::store::embedded::testing {
namespace {

constexpr const char* document =
    R"({"yes": true, "no": false, "one": 1, "zero": 0, "n": null, "o": {"x": 5}})";

class ConditionExpression : public ::testing::TestWithParam<Case> {};
TEST_P(ConditionExpression, GivesTheValueOfTheServer) {
  EXPECT_EQ(evaluate(GetParam().expression, document), without_blanks(GetParam().result))
      << GetParam().expression;
}
class ConditionFailure : public ::testing::TestWithParam<Failure> {};
TEST_P(ConditionFailure, HasTheNumberOfTheServer) {
  EXPECT_EQ(failure_of(GetParam().expression, document), GetParam().code) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Values, ConditionExpression,
    ::testing::Values(
        Case{R"({"$and": []})", "true"}, Case{R"({"$or": []})", "false"},
        Case{R"({"$and": ["$no", {"$divide": [1, "$zero"]}]})", "false"},
        Case{R"({"$and": [{"$divide": [1, "$zero"]}, false]})", "false"},
        Case{R"({"$or": [{"$divide": [1, "$zero"]}, 1]})", "true"},
        Case{R"({"$or": ["$zero", "$n", "$one"]})", "true"}, Case{R"({"$not": ["$n"]})", "true"},
        Case{R"({"$cond": ["$yes", "a", {"$divide": [1, "$zero"]}]})", R"("a")"},
        Case{R"({"$cond": {"else": 2, "if": "$no", "then": 1}})", "2"},
        Case{R"({"$cond": [true, "$absent", 1]})", "MISSING"},
        Case{R"({"$ifNull": ["$n", "$absent", 3]})", "3"},
        Case{R"({"$ifNull": ["$one", {"$divide": [1, "$zero"]}]})", "1"},
        Case{R"({"$ifNull": [1, {"$divide": [1, 0]}]})", "1"},
        Case{R"({"$switch": {"branches": [{"case": "$no", "then": 1}], "default": 2}})", "2"},
        Case{R"({"$switch": {"branches": [{"case": "$yes", "then": 1},
             {"case": {"$divide": [1, "$zero"]}, "then": 2}]}})",
             "1"},
        Case{R"({"$switch": {"branches": [{"case": false, "then": {"$divide": [1, 0]}},
             {"case": true, "then": 2}, {"case": {"$divide": [1, 0]}, "then": 3}]}})",
             "2"}));

INSTANTIATE_TEST_SUITE_P(
    Variables, ConditionExpression,
    ::testing::Values(
        Case{R"({"$let": {"vars": {"a": 1, "b": "$o.x"}, "in": {"$add": ["$$a", "$$b"]}}})", "6"},
        Case{R"({"$let": {"in": "$$a.x", "vars": {"a": "$o"}}})", "5"},
        Case{R"({"$let": {"vars": {"a": "$absent"}, "in": "$$a"}})", "MISSING"},
        Case{R"({"$let": {"vars": {"a": 1}, "in": {"$let": {"vars": {"a": 2}, "in": "$$a"}}}})",
             "2"},
        Case{R"({"$let": {"vars": {"CURRENT": "$o"}, "in": "$x"}})", "5"},
        Case{R"({"$literal": {"$add": ["$one", 2]}})", R"({"$add": ["$one", 2]})"},
        Case{R"({"$type": {"$rand": {}}})", R"("double")"}, Case{R"({"$binarySize": "äb"})", "3"},
        Case{R"({"$bsonSize": "$o"})", "12"},
        Case{R"({"$toHashedIndexKey": "string to hash"})", "763543691661428748"},
        Case{R"({"$toHashedIndexKey": 42.7})", "-944302157085130861"},
        Case{R"({"$toHashedIndexKey": "$absent"})", "2338878944348059895"}));

INSTANTIATE_TEST_SUITE_P(
    Failures, ConditionFailure,
    ::testing::Values(
        Failure{R"({"$and": [false, {"$divide": [1, 0]}]})", 2},
        Failure{R"({"$cond": [true, 1, {"$divide": [1, 0]}]})", 2},
        Failure{R"({"$cond": [1, 2]})", 16020},
        Failure{R"({"$cond": {"if": 1, "then": 2}})", 17082},
        Failure{R"({"$cond": {"then": 1, "else": 2}})", 17080},
        Failure{R"({"$cond": {"if": 1, "else": 2}})", 17081},
        Failure{R"({"$cond": {"if": 1, "then": 2, "else": 3, "more": 4}})", 17083},
        Failure{R"({"$ifNull": [1]})", 1257300},
        Failure{R"({"$ifNull": ["$one", {"$divide": [1, 0]}]})", 2},
        Failure{R"({"$ifNull": [1, {"$unknown": 1}]})", 168}, Failure{R"({"$switch": []})", 40060},
        Failure{R"({"$switch": {"branches": 1}})", 40061},
        Failure{R"({"$switch": {"branches": [1]}})", 40062},
        Failure{R"({"$switch": {"branches": [{"case": 1, "then": 1, "x": 1}]}})", 40063},
        Failure{R"({"$switch": {"branches": [{"then": 1}]}})", 40064},
        Failure{R"({"$switch": {"branches": [{"case": 1}]}})", 40065},
        Failure{R"({"$switch": {"branches": [{"case": "$no", "then": 1}]}})", 40066},
        Failure{R"({"$switch": {"branches": [{"case": 1, "then": 1}], "x": 1}})", 40067},
        Failure{R"({"$switch": {"branches": []}})", 40068},
        Failure{R"({"$switch": {"branches": [{"case": 0, "then": 1}]}})", 40069},
        Failure{R"({"$let": 1})", 16874},
        Failure{R"({"$let": {"vars": {}, "in": 1, "x": 1}})", 16875},
        Failure{R"({"$let": {"in": 1}})", 16876}, Failure{R"({"$let": {"vars": {}}})", 16877},
        Failure{R"({"$let": {"vars": 1, "in": 1}})", 10065},
        Failure{R"({"$let": {"vars": {"A": 1}, "in": 1}})", 9},
        Failure{R"({"$let": {"vars": {"a": 1, "b": "$$a"}, "in": 1}})", 17276},
        Failure{R"({"$rand": 1})", 10065}, Failure{R"({"$rand": [1]})", 3040501},
        Failure{R"({"$meta": 1})", 17307}, Failure{R"({"$meta": "nothing"})", 17308},
        Failure{R"({"$meta": "textScore"})", 40218}, Failure{R"({"$binarySize": 1})", 51276},
        Failure{R"({"$bsonSize": 1})", 31393}));

TEST(MetaExpression, RefusesByNameWhatTheStoreDoesNotKeep) {
  EXPECT_THROW((void)evaluate(R"({"$meta": "indexKey"})"), StoreError);
}

}  // namespace
}  // namespace quire::store::embedded::testing
