#include "store/embedded/expression/accumulator.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "sanitized.hpp"
#include "store/embedded/expression/statistics.hpp"

namespace quire::store::embedded {
namespace {

/// What an accumulator makes of the documents in `documents`, as canonical JSON without spaces.
std::string accumulate(const std::string& op, const std::string& documents,
                       const std::string& key = "{}") {
  ParseScope scope;
  const auto field = bson::from_json(R"({"r": )" + op + "}");
  const auto spec = AccumulatorSpec::parse(*field.view().begin(), scope);
  Evaluation e(scope.slots());
  const auto id = bson::from_json(R"({"v": )" + key + "}");
  const auto accumulator = spec.make(id["v"], e);
  const auto list = bson::from_json(R"({"v": )" + documents + "}");
  for (const auto& element : list["v"].as_array()) {
    e.begin(element.value.as_document());
    accumulator->add(spec.argument(e), e);
  }
  return show(accumulator->result(e));
}

std::string plain(std::string text) {
  std::erase(text, ' ');
  return text;
}

int failure_of(const std::string& op, const std::string& documents = "[]") {
  try {
    (void)accumulate(op, documents);
  } catch (const QueryError& error) {
    return error.backend_code();
  }
  return 0;
}

struct Case {
  const char* op;
  const char* documents;
  const char* result;
};

class Accumulates : public ::testing::TestWithParam<Case> {};
TEST_P(Accumulates, ToTheResultOfTheServer) {
  const auto& c = GetParam();
  EXPECT_EQ(plain(accumulate(c.op, c.documents)), plain(c.result)) << c.op << " " << c.documents;
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, Accumulates,
    ::testing::Values(
        Case{R"({"$sum": "$v"})", "[]", "0"},
        Case{R"({"$sum": "$v"})", R"([{"v": 1}, {"v": "x"}, {"v": 2}])", "3"},
        Case{R"({"$sum": "$v"})", R"([{"v": 2147483647}, {"v": 1}])", "2147483648"},
        Case{R"({"$sum": "$v"})", R"([{"v": {"$numberLong": "9223372036854775807"}}, {"v": 1}])",
             "9223372036854775808.0"},
        Case{R"({"$sum": "$v"})",
             R"([{"v": {"$numberLong": "9223372036854775807"}}, {"v": 1}, {"v": -1}])",
             "9223372036854775807"},
        Case{R"({"$sum": "$v"})", R"([{"v": 0.1}, {"v": 0.2}, {"v": 0.3}, {"v": 1e100},
                                      {"v": -1e100}])",
             "0.6"},
        Case{R"({"$sum": "$v"})", R"([{"v": {"$numberDouble": "-0.0"}}])", "0.0"},
        Case{R"({"$sum": "$v"})", R"([{"v": {"$numberDecimal": "1.50"}}, {"v": 2}, {"v": 0.5}])",
             R"({"$numberDecimal": "4.00"})"},
        Case{R"({"$sum": "$v"})", R"([{"v": 1e308}, {"v": 1e308}])",
             R"({"$numberDouble": "Infinity"})"},
        Case{R"({"$sum": "$v"})",
             R"([{"v": {"$numberDouble": "Infinity"}}, {"v": {"$numberDouble": "-Infinity"}}])",
             R"({"$numberDouble": "NaN"})"},
        Case{R"({"$avg": "$v"})", "[]", "null"},
        Case{R"({"$avg": "$v"})", R"([{"v": 1}, {"v": null}, {"v": 2}])", "1.5"},
        Case{R"({"$avg": "$v"})", R"([{"v": {"$numberDecimal": "2.00"}}, {"v": 4}])",
             R"({"$numberDecimal": "3.00"})"},
        Case{R"({"$avg": "$v"})", R"([{"v": {"$numberDecimal": "1"}}, {"v": 0}, {"v": 0}])",
             R"({"$numberDecimal": "0.3333333333333333333333333333333333"})"},
        Case{R"({"$avg": "$v"})", R"([{"v": {"$numberDecimal": "2"}}, {"v": 0}, {"v": 0}])",
             R"({"$numberDecimal": "0.6666666666666666666666666666666667"})"},
        Case{R"({"$avg": "$v"})", R"([{"v": {"$numberDecimal": "1E-6176"}}, {"v": 0}])",
             R"({"$numberDecimal": "0E-6176"})"},
        Case{R"({"$count": {}})", "[{}, {}]", "2"},
        Case{R"({"$stdDevPop": "$v"})", R"([{"v": 10}, {"v": 20}, {"v": 30}])", "8.16496580927726"},
        Case{R"({"$stdDevSamp": "$v"})", R"([{"v": 10}])", "null"},
        Case{R"({"$percentile": {"input": "$v", "p": [0, 0.5, 1], "method": "approximate"}})",
             R"([{"v": 3}, {"v": 1}, {"v": "x"}, {"v": 2}, {"v": 4}])", "[1.0, 2.0, 4.0]"},
        Case{R"({"$percentile": {"input": "$v", "p": [0.5], "method": "approximate"}})", "[{}]",
             "[null]"},
        Case{R"({"$median": {"input": "$v", "method": "approximate"}})",
             R"([{"v": 10}, {"v": 20}, {"v": 30}])", "20.0"}));

INSTANTIATE_TEST_SUITE_P(
    Values, Accumulates,
    ::testing::Values(
        Case{R"({"$min": "$v"})", R"([{"v": null}, {"v": 3}, {"v": "a"}, {}])", "3"},
        Case{R"({"$max": "$v"})", R"([{"v": null}, {"v": 3}, {"v": "a"}, {}])", R"("a")"},
        Case{R"({"$max": "$v"})", R"([{"v": null}, {}])", "null"},
        Case{R"({"$first": "$v"})", R"([{}, {"v": 1}])", "null"},
        Case{R"({"$last": "$v"})", R"([{"v": 1}, {"v": 2}])", "2"},
        Case{R"({"$push": "$v"})", R"([{"v": [1]}, {}, {"v": null}])", "[[1], null]"},
        Case{R"({"$addToSet": "$v"})", R"([{"v": 1}, {"v": 1.0}, {"v": null}, {"v": null}, {}])",
             "[1, null]"},
        Case{R"({"$concatArrays": "$v"})", R"([{"v": [1, 2]}, {}, {"v": [2]}])", "[1, 2, 2]"},
        Case{R"({"$setUnion": "$v"})", R"([{"v": [1, 2]}, {}, {"v": [2, 3]}])", "[1, 2, 3]"},
        Case{R"({"$mergeObjects": "$v"})", R"([{"v": {"a": 1, "b": 2}}, {"v": null},
             {"v": {"c": 3, "a": 4}}])",
             R"({"a": 4, "b": 2, "c": 3})"},
        Case{R"({"$mergeObjects": "$v"})", "[{}]", "{}"}));

INSTANTIATE_TEST_SUITE_P(
    TheFirstN, Accumulates,
    ::testing::Values(
        Case{R"({"$firstN": {"input": "$v", "n": 2}})", R"([{"v": 1}, {}, {"v": 3}])", "[1, null]"},
        Case{R"({"$lastN": {"input": "$v", "n": 2}})", R"([{"v": 1}, {}, {"v": 3}])", "[null, 3]"},
        Case{R"({"$minN": {"input": "$v", "n": 2}})", R"([{"v": 3}, {}, {"v": 1}, {"v": 2}])",
             "[1, 2]"},
        Case{R"({"$maxN": {"input": "$v", "n": 2}})", R"([{"v": 3}, {}, {"v": 1}, {"v": 2}])",
             "[3, 2]"},
        Case{R"({"$top": {"sortBy": {"s": -1}, "output": "$v"}})",
             R"([{"s": 1, "v": "a"}, {"s": 2, "v": "b"}, {"s": 2, "v": "c"}])", R"("b")"},
        Case{R"({"$bottom": {"sortBy": {"s": 1}, "output": "$v"}})",
             R"([{"s": 1, "v": "a"}, {"s": 2}])", "null"},
        Case{R"({"$topN": {"n": 2, "sortBy": {"s": 1}, "output": "$v"}})",
             R"([{"s": 3, "v": "a"}, {"s": 2, "v": "b"}, {"v": "c"}])", R"(["c", "b"])"},
        Case{R"({"$bottomN": {"n": 2, "sortBy": {"s": 1}, "output": "$v"}})",
             R"([{"s": 3, "v": "a"}, {"s": 2, "v": "b"}, {"v": "c"}])", R"(["b", "a"])"}));

TEST(Accumulator, TakesNFromTheKeyOfItsGroup) {
  const auto* documents = R"([{"v": 1}, {"v": 2}, {"v": 3}])";
  const auto* op = R"({"$firstN": {"input": "$v", "n": "$size"}})";
  EXPECT_EQ(plain(accumulate(op, documents, R"({"size": 2})")), "[1,2]");
  EXPECT_THROW((void)accumulate(op, documents, "5"), QueryError);
}

TEST(Accumulator, FailsWithTheNumbersOfTheServer) {
  const auto* one = R"([{"v": 1}])";
  EXPECT_EQ(failure_of("5"), 40234);
  EXPECT_EQ(failure_of("{}"), 40238);
  EXPECT_EQ(failure_of(R"({"$sum": 1, "$avg": 1})"), 40238);
  EXPECT_EQ(failure_of(R"({"$nothing": 1})"), 15952);
  EXPECT_EQ(failure_of(R"({"$sum": [1]})"), 40237);
  EXPECT_EQ(failure_of(R"({"$count": {"a": 1}})"), 14);
  EXPECT_EQ(failure_of(R"({"$concatArrays": "$v"})", one), 14);
  EXPECT_EQ(failure_of(R"({"$mergeObjects": "$v"})", one), 40400);
  EXPECT_EQ(failure_of(R"({"$firstN": 1})"), 5787801);
  EXPECT_EQ(failure_of(R"({"$maxN": 1})"), 5787900);
  EXPECT_EQ(failure_of(R"({"$maxN": {"n": 1, "x": 1}})"), 5787901);
  EXPECT_EQ(failure_of(R"({"$maxN": {"input": 1}})"), 5787906);
  EXPECT_EQ(failure_of(R"({"$maxN": {"n": 1}})"), 5787907);
  for (const char* n : {"0", "-1", "1.5", "\"a\"", "null"})
    EXPECT_EQ(failure_of(R"({"$maxN": {"input": 1, "n": )" + std::string(n) + "}}"), 7548606) << n;
  EXPECT_EQ(failure_of(R"({"$top": 1})"), 5788001);
  EXPECT_EQ(failure_of(R"({"$top": {"n": 1}})"), 5788002);
  EXPECT_EQ(failure_of(R"({"$topN": {"output": 1, "sortBy": {"a": 1}}})"), 5788003);
  EXPECT_EQ(failure_of(R"({"$top": {"sortBy": {"a": 1}}})"), 5788004);
  EXPECT_EQ(failure_of(R"({"$top": {"output": 1}})"), 5788005);
  EXPECT_EQ(failure_of(R"({"$top": {"output": 1, "sortBy": {"a": 2}}})"), 15975);
  const auto percentile = [](const std::string& rest) {
    return failure_of(R"({"$percentile": {"input": "$v")" + rest + "}}");
  };
  EXPECT_EQ(failure_of(R"({"$percentile": 1})"), 7429703);
  EXPECT_EQ(percentile(R"(, "p": [0.5])"), 40414);
  EXPECT_EQ(percentile(R"(, "p": [0.5], "method": "exact")"), 2);
  EXPECT_EQ(percentile(R"(, "p": [0.5], "method": 1)"), 14);
  EXPECT_EQ(percentile(R"(, "x": 1)"), 40415);
  EXPECT_EQ(percentile(R"(, "p": [], "method": "approximate")"), 7750301);
  EXPECT_EQ(percentile(R"(, "p": ["a"], "method": "approximate")"), 7750302);
  EXPECT_EQ(percentile(R"(, "p": [1.5], "method": "approximate")"), 7750303);
  EXPECT_EQ(percentile(R"(, "p": "$p", "method": "approximate")"), 7750300);
}

TEST(Accumulator, RefusesJavaScriptByName) {
  try {
    (void)accumulate(R"({"$accumulator": {}})", "[]");
    FAIL() << "it was taken";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("$accumulator"), std::string::npos);
  }
}

TEST(Samples, FindPercentilesOfManyNumbersNearlyExactly) {
  Samples samples;
  Evaluation e;
  constexpr std::int64_t count = test::rounds(5000000);
  for (std::int64_t i = 0; i < count; ++i)
    samples.add(static_cast<double>(i * 1000003 % count));  // each number below count, once
  EXPECT_LT(samples.bytes(), 40U << 20);
  EXPECT_EQ(to_double(samples.at(0, e)), 0);
  EXPECT_EQ(to_double(samples.at(1, e)), count - 1);
  EXPECT_NEAR(to_double(samples.at(0.25, e)), 0.25 * count, 10);
  EXPECT_NEAR(to_double(samples.at(0.99, e)), 0.99 * count, 10);
}

TEST(Accumulator, FailsBeyondItsMemory) {
  ParseScope scope;
  const auto field = bson::from_json(R"({"r": {"$push": "$v"}})");
  const auto spec = AccumulatorSpec::parse(*field.view().begin(), scope);
  Evaluation e(scope.slots());
  const auto accumulator = spec.make(null_value, e);
  const bson::Value large(std::string(10U << 20, 'x'));
  int taken = 0;
  try {
    for (; taken < 20; ++taken) accumulator->add(large.view(), e);
    FAIL() << "no limit";
  } catch (const QueryError& error) {
    EXPECT_EQ(error.backend_code(), 146);
  }
  EXPECT_EQ(taken, 9);
}

}  // namespace
}  // namespace quire::store::embedded
