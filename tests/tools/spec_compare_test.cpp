#include <gtest/gtest.h>

#include "case.hpp"
#include "compare.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::spec {
namespace {

bson::Document json(std::string_view text) { return bson::from_json(text); }

bool same_json(std::string_view a, std::string_view b, const Compare& how = {}) {
  const auto left = json(a);
  const auto right = json(b);
  return same(left.view(), right.view(), how);
}

TEST(SpecCompare, LeavesOutTheOrderOfFieldsButNotOfElements) {
  EXPECT_TRUE(
      same_json(R"({"a": 1, "b": {"c": 1, "d": 2}})", R"({"b": {"d": 2, "c": 1}, "a": 1})"));
  EXPECT_FALSE(same_json(R"({"a": [1, 2]})", R"({"a": [2, 1]})"));
  EXPECT_FALSE(same_json(R"({"a": 1})", R"({"a": 1, "b": 1})"));
  EXPECT_FALSE(same_json(R"({"a": 1, "b": 1})", R"({"a": 1})"));
  EXPECT_FALSE(same_json(R"({"a": [1]})", R"({"a": [1, 2]})"));
}

TEST(SpecCompare, TellsTheFourNumericTypesApart) {
  EXPECT_FALSE(same_json(R"({"a": 1})", R"({"a": {"$numberLong": "1"}})"));
  EXPECT_FALSE(same_json(R"({"a": 1})", R"({"a": 1.0})"));
  EXPECT_FALSE(
      same_json(R"({"a": {"$numberDecimal": "5.0"}})", R"({"a": {"$numberDecimal": "5.00"}})"));
  EXPECT_FALSE(same_json(R"({"a": 0.0})", R"({"a": -0.0})"));
  EXPECT_TRUE(
      same_json(R"({"a": {"$numberDouble": "NaN"}})", R"({"a": {"$numberDouble": "NaN"}})"));
}

TEST(SpecCompare, TakesNearNumbersOnlyWhereAsked) {
  EXPECT_FALSE(same_json(R"({"a": 1.0000001})", R"({"a": 1.0})"));
  EXPECT_TRUE(same_json(R"({"a": 1.0000001})", R"({"a": 1})", {{}, true}));
  EXPECT_FALSE(same_json(R"({"a": 1.001})", R"({"a": 1})", {{}, true}));
}

TEST(SpecCompare, ReadsSetsAsMultisets) {
  EXPECT_TRUE(same_json(R"({"a": [1, 2, 2]})", R"({"a": [2, 1, 2]})", {{"a"}, false}));
  EXPECT_FALSE(same_json(R"({"a": [1, 2, 2]})", R"({"a": [2, 1, 1]})", {{"a"}, false}));
}

TEST(SpecCompare, CoversOnlyTheFieldsNamed) {
  EXPECT_TRUE(covers(json(R"({"a": {"b": 1}})"), json(R"({"a": {"b": 1, "c": 2}, "d": 3})")));
  EXPECT_TRUE(covers(json(R"({"a": [{"b": 1}]})"), json(R"({"a": [{"b": 1, "c": 2}]})")));
  EXPECT_FALSE(covers(json(R"({"a": [{"b": 1}]})"), json(R"({"a": [{"b": 1}, {"b": 2}]})")));
  EXPECT_FALSE(covers(json(R"({"a": {"b": 1}})"), json(R"({"a": {"c": 1}})")));
}

TEST(SpecCompare, ComparesDocumentsInOrderOrAsAMultiset) {
  const auto a = json(R"({"0": {"x": 1}, "1": {"x": 2}})");
  const auto b = json(R"({"0": {"x": 2}, "1": {"x": 1}})");
  EXPECT_FALSE(same_documents(a, b, false, {}));
  EXPECT_TRUE(same_documents(a, b, true, {}));
  EXPECT_FALSE(same_documents(a, json(R"({"0": {"x": 1}})"), true, {}));
}

struct CheckRow {
  const char* check;
  bool holds;
};
class SpecCheck : public ::testing::TestWithParam<CheckRow> {};
TEST_P(SpecCheck, HoldsOrFails) {
  const auto root =
      json(R"({"n": 3, "s": "text", "list": [{"k": 1}, {"k": 2}], "o": {"a": 1, "b": 2}})");
  const auto list = bson::make_array(json(GetParam().check));
  const bson::ValueView value(bson::Type::document, root.view().data(), root.size());
  EXPECT_EQ(!first_failed_check(list, value).has_value(), GetParam().holds) << GetParam().check;
}
INSTANTIATE_TEST_SUITE_P(
    All, SpecCheck,
    ::testing::Values(
        CheckRow{R"({"path": "n", "check": "Exists"})", true},
        CheckRow{R"({"path": "m", "check": "Exists"})", false},
        CheckRow{R"({"path": "m", "check": "NotExists"})", true},
        CheckRow{R"({"path": "n", "check": "Eq", "expected": 3})", true},
        CheckRow{R"({"path": "n", "check": "Eq", "expected": 3.0})", false},
        CheckRow{R"({"path": "n", "check": "Ne", "rejected": 4})", true},
        CheckRow{R"({"path": "n", "check": "Gte", "minimum": 3})", true},
        CheckRow{R"({"path": "n", "check": "Gt", "minimum": 3})", false},
        CheckRow{R"({"path": "n", "check": "IsType", "bson_type": "int"})", true},
        CheckRow{R"({"path": "n", "check": "IsType", "bson_type": "long"})", false},
        CheckRow{R"({"path": "list", "check": "Len", "expected": 2})", true},
        CheckRow{R"({"path": "list", "check": "LenGt", "minimum": 2})", false},
        CheckRow{R"({"path": "list.1.k", "check": "Eq", "expected": 2})", true},
        CheckRow{R"({"path": "list", "check": "Contains", "key": "k", "value": 2})", true},
        CheckRow{R"({"path": "list", "check": "NotContains", "key": "k", "value": 2})", false},
        CheckRow{R"({"path": "o", "check": "OrderedKeys", "expected": ["a", "b"]})", true},
        CheckRow{R"({"path": "o", "check": "OrderedKeys", "expected": ["b", "a"]})", false},
        CheckRow{R"({"path": "s", "check": "NonEmptyStr"})", true},
        CheckRow{R"({"path": "s", "check": "NoSuchCheck"})", false}));

Outcome run(std::string_view steps, std::string_view more = "") {
  const std::string line = R"({"id": "own", "op": "own")" + std::string(more) + R"(,"steps":[)" +
                           std::string(steps) + "]}";
  const auto store = store::open(":memory:");
  return Case(line).run(*store);
}

TEST(SpecCase, PassesWhatIsAnsweredAsExpected) {
  EXPECT_EQ(run(R"({"command": {"insert": "c", "documents": [{"_id": 1}]}, "setup": true},
                   {"command": {"find": "c", "batchSize": 0}},
                   {"command": {"getMore": {"$cursorOf": 1}, "collection": "c"},
                    "expect": {"partial": {"cursor": {"nextBatch": [{"_id": 1}]}}}})")
                .verdict,
            Verdict::passed);
}

TEST(SpecCase, FailsOnAnotherAnswer) {
  const auto outcome =
      run(R"({"command": {"insert": "c", "documents": [{"_id": 1}]}, "setup": true},
                              {"command": {"find": "c"}, "expect": {"docs": [{"_id": 2}]}})");
  EXPECT_EQ(outcome.verdict, Verdict::failed);
  EXPECT_NE(outcome.why.find("step 1"), std::string::npos);
}

TEST(SpecCase, ComparesShortErrorNumbersAndForgivesLongOnes) {
  constexpr auto find = R"({"command": {"find": "c", "filter": 1}, "expect": {"error": )";
  EXPECT_EQ(run(std::string(find) + "14}}").verdict, Verdict::passed);
  EXPECT_EQ(run(std::string(find) + "2}}").verdict, Verdict::failed);
  const auto other = run(std::string(find) + "51024}}");
  EXPECT_EQ(other.verdict, Verdict::passed);
  EXPECT_TRUE(other.other_code);
  EXPECT_EQ(run(R"({"command": {"find": "c"}, "expect": {"error": 51024}})").verdict,
            Verdict::failed);
}

TEST(SpecCase, CountsNamedRefusalsApart) {
  EXPECT_EQ(run(R"({"command": {"find": "c", "filter": {"$where": "1"}}, "expect": {"docs": []}})")
                .verdict,
            Verdict::refused);
  EXPECT_EQ(run(R"({"command": {"find": "c", "filter": {"$where": "1"}}, "expect": {"error": 2}})")
                .verdict,
            Verdict::refused);
  EXPECT_EQ(run(R"({"command": {"ping": 1}, "expect": {"ok": true}})",
                R"(, "requires": {"search": true})")
                .verdict,
            Verdict::refused);
}

TEST(SpecCase, RunsOnTheDeploymentThatItRequires) {
  const char* reads_time = R"({"command": {"aggregate": 1, "pipeline": [{"$documents": [{}]},
      {"$project": {"t": {"$eq": ["$$CLUSTER_TIME", "$$CLUSTER_TIME"]}}}], "cursor": {}},
      "expect": {"docs": [{"t": true}]}})";
  EXPECT_EQ(run(reads_time, R"(, "requires": {"cluster_time": true})").verdict, Verdict::passed);
  EXPECT_EQ(run(reads_time, R"(, "requires": {"cluster_time": false})").verdict, Verdict::failed);
}

}  // namespace
}  // namespace quire::spec
