#include <gtest/gtest.h>

#include "match.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/value.hpp"
#include "test.hpp"

namespace quire::unified {
namespace {

bson::Document json(std::string_view text) { return bson::from_json(text); }

Lookup lookup() {
  return {[](std::string_view id) -> std::optional<bson::ValueView> {
            static const bson::Value seven(std::int64_t{7});
            if (id == "seven") return seven.view();
            return std::nullopt;
          },
          [](std::string_view id, bson::ValueView lsid) {
            return id == "session0" && lsid.is_document() && lsid.as_document().contains("id");
          }};
}

struct Row {
  const char* expected;
  const char* actual;
  bool matches;
  bool root = true;
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.expected << " against " << row.actual;
}

class UnifiedMatch : public ::testing::TestWithParam<Row> {};
TEST_P(UnifiedMatch, HoldsOrSaysWhere) {
  const bson::Value expected(json(GetParam().expected));
  const bson::Value actual(json(GetParam().actual));
  const auto difference = mismatch(expected.view(), actual.view(), lookup(), GetParam().root);
  EXPECT_EQ(!difference.has_value(), GetParam().matches) << difference.value_or("matches");
}

INSTANTIATE_TEST_SUITE_P(
    Fields, UnifiedMatch,
    ::testing::Values(Row{R"({"a": 1})", R"({"a": 1, "b": 2})", true},
                      Row{R"({"a": 1})", R"({"a": 1, "b": 2})", false, false},
                      Row{R"({"a": {"b": 1}})", R"({"a": {"b": 1, "c": 2}})", false},
                      Row{R"({"a": [{"b": 1}]})", R"({"a": [{"b": 1, "c": 2}]})", false},
                      Row{R"({"a": 1, "b": 2})", R"({"b": 2, "a": 1})", true},
                      Row{R"({"a": 1, "b": 2})", R"({"a": 1})", false},
                      Row{R"({"a": [1, 2]})", R"({"a": [2, 1]})", false},
                      Row{R"({"a": [1]})", R"({"a": [1, 2]})", false},
                      Row{R"({"a": null})", R"({})", false},
                      Row{R"({"a": {"b": 1}})", R"({"a": [1]})", false}));

INSTANTIATE_TEST_SUITE_P(
    Values, UnifiedMatch,
    ::testing::Values(
        Row{R"({"a": 1})", R"({"a": {"$numberLong": "1"}})", true},
        Row{R"({"a": 1})", R"({"a": 1.0})", true}, Row{R"({"a": 1})", R"({"a": 1.5})", false},
        Row{R"({"a": {"$numberLong": "9007199254740993"}})", R"({"a": 9007199254740992.0})", false},
        Row{R"({"a": 1})", R"({"a": {"$numberDecimal": "1"}})", false},
        Row{R"({"a": 1})", R"({"a": "1"})", false}, Row{R"({"a": 1})", R"({"a": true})", false},
        Row{R"({"a": "x"})", R"({"a": "xy"})", false},
        Row{R"({"a": {"$oid": "000000000000000000000001"}})",
            R"({"a": {"$oid": "000000000000000000000002"}})", false}));

INSTANTIATE_TEST_SUITE_P(
    Operators, UnifiedMatch,
    ::testing::Values(
        Row{R"({"a": {"$$exists": true}})", R"({"a": null})", true},
        Row{R"({"a": {"$$exists": true}})", R"({})", false},
        Row{R"({"a": {"$$exists": false}})", R"({})", true},
        Row{R"({"a": {"$$exists": false}})", R"({"a": null})", false},
        Row{R"({"a": {"$$exists": false}, "b": 1})", R"({"b": 1})", true, false},
        Row{R"({"a": {"$$type": "int"}})", R"({"a": 1})", true},
        Row{R"({"a": {"$$type": "int"}})", R"({"a": 1.5})", false},
        Row{R"({"a": {"$$type": ["int", "long"]}})", R"({"a": {"$numberLong": "1"}})", true},
        Row{R"({"a": {"$$type": ["int", "long"]}})", R"({"a": "1"})", false},
        Row{R"({"a": {"$$type": "number"}})", R"({"a": {"$numberDecimal": "1"}})", true},
        Row{R"({"a": {"$$type": "int"}})", R"({})", false},
        Row{R"({"a": {"$$unsetOrMatches": 1}})", R"({})", true},
        Row{R"({"a": {"$$unsetOrMatches": 1}})", R"({"a": 1})", true},
        Row{R"({"a": {"$$unsetOrMatches": 1}})", R"({"a": 2})", false},
        Row{R"({"a": {"$$unsetOrMatches": {"b": 1}}})", R"({"a": {"b": 1, "c": 1}})", false},
        Row{R"({"$$unsetOrMatches": {"b": 1}})", R"({"b": 1, "c": 1})", true},
        Row{R"({"a": {"$$matchesHexBytes": "0aff"}})",
            R"({"a": {"$binary": {"base64": "Cv8=", "subType": "00"}}})", true},
        Row{R"({"a": {"$$matchesHexBytes": "0afe"}})",
            R"({"a": {"$binary": {"base64": "Cv8=", "subType": "00"}}})", false},
        Row{R"({"a": {"$$matchesEntity": "seven"}})", R"({"a": 7})", true},
        Row{R"({"a": {"$$matchesEntity": "seven"}})", R"({"a": 8})", false},
        Row{R"({"a": {"$$matchesEntity": "eight"}})", R"({"a": 8})", false},
        Row{R"({"a": {"$$sessionLsid": "session0"}})", R"({"a": {"id": 1}})", true},
        Row{R"({"a": {"$$sessionLsid": "session1"}})", R"({"a": {"id": 1}})", false},
        Row{R"({"a": {"$$sessionLsid": "session0"}})", R"({})", false},
        Row{R"({"a": {"$$lte": 5}})", R"({"a": 5})", true},
        Row{R"({"a": {"$$lte": 5}})", R"({"a": 5.5})", false},
        Row{R"({"a": {"$$matchAsRoot": {"b": 1}}})", R"({"a": {"b": 1, "c": 1}})", true},
        Row{R"({"a": {"$$matchAsDocument": {"b": 1}}})", R"({"a": "{\"b\": 1}"})", true},
        Row{R"({"a": {"$$matchAsDocument": {"b": 1}}})", R"({"a": "{\"b\": 1, \"c\": 1}"})", false},
        Row{R"({"a": {"$$matchAsDocument": {"$$matchAsRoot": {"b": 1}}}})",
            R"({"a": "{\"b\": 1, \"c\": 1}"})", true},
        Row{R"({"a": {"$$noSuchOperator": 1}})", R"({"a": 1})", false}));

TEST(UnifiedMatch, SaysWhereAndWhat) {
  const bson::Value expected(json(R"({"a": [{"b": 1}]})"));
  const bson::Value actual(json(R"({"a": [{"b": 2}]})"));
  EXPECT_EQ(mismatch(expected.view(), actual.view(), {}), "a.0.b: expected 1, got 2");
}

TEST(UnifiedMatch, TakesDocumentsOfAnArrayAtTheRootForRoots) {
  const bson::Value expected = bson::Value::array(json(R"({"0": {"a": 1}})"));
  const bson::Value actual = bson::Value::array(json(R"({"0": {"a": 1, "b": 2}})"));
  EXPECT_FALSE(mismatch(expected.view(), actual.view(), {}).has_value());
  EXPECT_TRUE(mismatch(expected.view(), actual.view(), {}, false).has_value());
}

Outcome run(std::string_view operations, std::string_view outcome = R"([{"_id": 1}])",
            std::string_view more = "") {
  const auto file =
      json(std::string(R"({"schemaVersion": "1.0", "createEntities": [
      {"client": {"id": "client0"}},
      {"database": {"id": "database0", "client": "client0", "databaseName": "d"}},
      {"collection": {"id": "collection0", "database": "database0", "collectionName": "c"}}],
      "initialData": [{"databaseName": "d", "collectionName": "c", "documents": [{"_id": 1}]}],
      "tests": [{"description": "own", )") +
           std::string(more) + R"("operations": )" + std::string(operations) +
           R"(, "outcome": [{"databaseName": "d", "collectionName": "c", "documents": )" +
           std::string(outcome) + "}]}]}");
  auto deployment = connect(":memory:");
  return run_test(deployment, file, file["tests"].as_array().begin()->value.as_document());
}

TEST(UnifiedTest, PassesWhatIsAsExpected) {
  const auto outcome = run(R"([{"name": "insertOne", "object": "collection0",
      "arguments": {"document": {"_id": 2}}, "expectResult": {"insertedId": 2}}])",
                           R"([{"_id": 1}, {"_id": 2}])");
  EXPECT_EQ(outcome.verdict, Verdict::passed) << outcome.why;
}

TEST(UnifiedTest, FailsOnAnotherResultOutcomeOrError) {
  constexpr auto find =
      R"([{"name": "find", "object": "collection0", "arguments": {"filter": {}},)";
  EXPECT_EQ(run(std::string(find) + R"("expectResult": [{"_id": 2}]}])").verdict, Verdict::failed);
  EXPECT_EQ(run("[]", R"([{"_id": 1, "x": 1}])").verdict, Verdict::failed);
  EXPECT_EQ(run("[]", "[]").verdict, Verdict::failed);
  EXPECT_EQ(run(std::string(find) + R"("expectError": {"isError": true}}])").verdict,
            Verdict::failed);
  constexpr auto twice = R"([{"name": "insertOne", "object": "collection0",
      "arguments": {"document": {"_id": 1}})";
  EXPECT_EQ(run(std::string(twice) + "}]").verdict, Verdict::failed);
  EXPECT_EQ(run(std::string(twice) + R"(, "expectError": {"errorCode": 11000}}])").verdict,
            Verdict::passed);
  EXPECT_EQ(run(std::string(twice) + R"(, "expectError": {"errorCode": 11001}}])").verdict,
            Verdict::failed);
  EXPECT_EQ(
      run(std::string(twice) + R"(, "expectError": {"errorContains": "no such text"}}])").verdict,
      Verdict::failed);
}

TEST(UnifiedTest, SkipsWithAReasonWhatHasNoCounterpart) {
  const auto unknown = run(R"([{"name": "dance", "object": "collection0", "arguments": {}}])");
  EXPECT_EQ(unknown.verdict, Verdict::skipped);
  EXPECT_EQ(unknown.why, "operation dance has no counterpart");
  const auto argument = run(R"([{"name": "find", "object": "collection0",
      "arguments": {"filter": {}, "mood": 1}}])");
  EXPECT_EQ(argument.verdict, Verdict::skipped);
  EXPECT_EQ(argument.why, "argument mood of find has no counterpart");
  const auto newer = run("[]", "[]", R"("runOnRequirements": [{"minServerVersion": "999.0"}], )");
  EXPECT_EQ(newer.verdict, Verdict::skipped);
  EXPECT_EQ(newer.why, "needs a newer server");
}

}  // namespace
}  // namespace quire::unified
