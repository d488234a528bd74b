#include "store/embedded/engine/matcher.hpp"

#include <gtest/gtest.h>

#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

using bson::from_json;

struct Row {
  const char* filter;
  const char* document;
  bool matches;
};

class Matches : public ::testing::TestWithParam<Row> {};
TEST_P(Matches, AsAServerDoes) {
  const auto& row = GetParam();
  EXPECT_EQ(Matcher(from_json(row.filter)).matches(from_json(row.document)), row.matches)
      << row.filter << " " << row.document;
  const auto denied = std::string(R"({"$nor": [)") + row.filter + "]}";
  EXPECT_EQ(Matcher(from_json(denied)).matches(from_json(row.document)), !row.matches) << denied;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Matches,
    ::testing::Values(
        // equality, null and missing
        Row{R"({"a": 1})", R"({"a": 1.0})", true},
        Row{R"({"a": 1})", R"({"a": {"$numberDecimal": "1.00"}})", true},
        Row{R"({"a": null})", R"({})", true}, Row{R"({"a": null})", R"({"a": null})", true},
        Row{R"({"a": null})", R"({"a": {"$undefined": true}})", false},
        Row{R"({"a.b": null})", R"({"a": 5})", true},
        Row{R"({"a.b": null})", R"({"a": [1, 2]})", false},
        Row{R"({"a.b": null})", R"({"a": [{"b": 1}, {}]})", true},
        Row{R"({"a": {"b": 1, "c": 2}})", R"({"a": {"b": 1, "c": 2}})", true},
        Row{R"({"a": {"b": 1, "c": 2}})", R"({"a": {"c": 2, "b": 1}})", false},
        // arrays
        Row{R"({"a": 2})", R"({"a": [1, 2]})", true},
        Row{R"({"a": [1, 2]})", R"({"a": [1, 2]})", true},
        Row{R"({"a": [1, 2]})", R"({"a": [[1, 2], 3]})", true},
        Row{R"({"a": [2, 1]})", R"({"a": [1, 2]})", false},
        Row{R"({"a.b": 5})", R"({"a": [{"b": 4}, {"b": 5}]})", true},
        Row{R"({"a.1": 7})", R"({"a": [6, 7]})", true},
        Row{R"({"a.1.b": 7})", R"({"a": [{"b": 1}, {"b": 7}]})", true},
        Row{R"({"a.0": 7})", R"({"a": [{"0": 7}]})", true},
        Row{R"({"a": {"$gt": 2, "$lt": 2}})", R"({"a": [1, 3]})", true},
        Row{R"({"a": {"$elemMatch": {"$gt": 2, "$lt": 2}}})", R"({"a": [1, 3]})", false},
        Row{R"({"a": {"$elemMatch": {"b": 1, "c": 2}}})",
            R"({"a": [{"b": 1, "c": 1}, {"b": 1, "c": 2}]})", true},
        Row{R"({"a": {"$elemMatch": {"b": 1, "c": 2}}})", R"({"a": [{"b": 1}, {"c": 2}]})", false},
        Row{R"({"a": {"$all": [1, 2]}})", R"({"a": [2, 3, 1]})", true},
        Row{R"({"a": {"$all": []}})", R"({"a": []})", false},
        Row{R"({"a": {"$all": [5]}})", R"({"a": 5})", true},
        Row{R"({"a": {"$size": 2}})", R"({"a": [1, [2]]})", true},
        Row{R"({"a": {"$size": 0}})", R"({})", false},
        // comparison stays within a type
        Row{R"({"a": {"$gt": 5}})", R"({"a": "text"})", false},
        Row{R"({"a": {"$lt": "b"}})", R"({"a": "a"})", true},
        Row{R"({"a": {"$gte": null}})", R"({})", true},
        Row{R"({"a": {"$gt": null}})", R"({"a": null})", false},
        Row{R"({"a": {"$lt": 5}})", R"({"a": {"$numberDouble": "NaN"}})", false},
        Row{R"({"a": {"$lte": {"$numberDouble": "NaN"}}})", R"({"a": {"$numberDouble": "NaN"}})",
            true},
        Row{R"({"a": {"$gt": {"$minKey": 1}}})", R"({"a": 1})", true},
        Row{R"({"a": {"$ne": 5}})", R"({"a": [4, 5]})", false},
        Row{R"({"a": {"$gt": {"$numberLong": "9007199254740992"}}})",
            R"({"a": {"$numberLong": "9007199254740993"}})", true},
        Row{R"({"a": 9007199254740992.0})", R"({"a": {"$numberLong": "9007199254740993"}})", false},
        // the others
        Row{R"({"a": {"$in": [1, "x", null]}})", R"({})", true},
        Row{R"({"a": {"$nin": [1]}})", R"({"a": [1]})", false},
        Row{R"({"a": {"$in": [{"$regularExpression": {"pattern": "^x", "options": ""}}]}})",
            R"({"a": "xy"})", true},
        Row{R"({"a": {"$exists": true}})", R"({"a": null})", true},
        Row{R"({"a": {"$exists": false}})", R"({"a": []})", false},
        Row{R"({"a": {"$type": "number"}})", R"({"a": {"$numberDecimal": "1"}})", true},
        Row{R"({"a": {"$type": "array"}})", R"({"a": []})", true},
        Row{R"({"a": {"$type": 16}})", R"({"a": ["x", 1]})", true},
        Row{R"({"a": {"$type": -1}})", R"({"a": {"$minKey": 1}})", true},
        Row{R"({"a": {"$mod": [4, 1]}})", R"({"a": 5.9})", true},
        Row{R"({"a": {"$mod": [4, -1]}})", R"({"a": -5})", true},
        Row{R"({"a": {"$mod": [3, 0]}})", R"({"a": {"$numberDecimal": "999999999999999999"}})",
            true},
        Row{R"({"a": {"$regex": "B", "$options": "i"}})", R"({"a": ["abc"]})", true},
        Row{R"({"a": {"$not": {"$gt": 5}}})", R"({})", true},
        Row{R"({"a": {"$bitsAllSet": [0, 2]}})", R"({"a": 5})", true},
        Row{R"({"a": {"$bitsAllSet": 4}})", R"({"a": -4})", true},
        Row{R"({"a": {"$bitsAnyClear": [200]}})", R"({"a": 1})", true},
        Row{R"({"a": {"$bitsAnySet": [200]}})", R"({"a": -1})", true},
        Row{R"({"a": {"$bitsAllSet": 1}})", R"({"a": 1.5})", false},
        Row{R"({"a": {"$bitsAllSet": {"$numberDecimal": "9223372036854775807"}}})", R"({"a": -1})",
            true},
        Row{R"({"$and": [{"a": 1}, {"$or": [{"b": 1}, {"b": 2}]}], "$comment": "x"})",
            R"({"a": 1, "b": 2})", true}));

struct Bad {
  const char* name;
  const char* filter;
  int server_code;
  const char* path;
};
class RefusesFilter : public ::testing::TestWithParam<Bad> {};
TEST_P(RefusesFilter, WithTheServersCodeAndThePath) {
  try {
    const Matcher matcher(from_json(GetParam().filter));
    FAIL() << "accepted " << GetParam().filter;
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_query);
    EXPECT_EQ(error.backend_code(), GetParam().server_code) << error.what();
    EXPECT_EQ(error.path().str(), GetParam().path);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Bad, RefusesFilter,
    ::testing::Values(Bad{"UnknownOperator", R"({"a": {"$bigger": 5}})", 2, "a"},
                      Bad{"UnknownAtTop", R"({"$bigger": 5})", 2, ""},
                      Bad{"MixedFields", R"({"a": {"$gt": 5, "b": 1}})", 2, "a"},
                      Bad{"OrOfNothing", R"({"$or": []})", 2, ""},
                      Bad{"OrOfNumbers", R"({"$or": [1]})", 2, ""},
                      Bad{"InOfNumber", R"({"a": {"$in": 1}})", 2, "a"},
                      Bad{"OperatorsInIn", R"({"a": {"$in": [{"$gt": 1}]}})", 2, "a"},
                      Bad{"SizeOfText", R"({"a": {"$size": "1"}})", 2, "a"},
                      Bad{"NegativeSize", R"({"a": {"$size": -1}})", 2, "a"},
                      Bad{"TypeOfNothing", R"({"a": {"$type": []}})", 9, "a"},
                      Bad{"TypeOfBool", R"({"a": {"$type": true}})", 14, "a"},
                      Bad{"NoSuchType", R"({"a": {"$type": "integer"}})", 2, "a"},
                      Bad{"ModByZero", R"({"a": {"$mod": [0, 1]}})", 2, "a"},
                      Bad{"ModOfOne", R"({"a": {"$mod": [3]}})", 2, "a"},
                      Bad{"OpenParenthesis", R"({"a": {"$regex": "(a"}})", 51091, "a"},
                      Bad{"NoSuchOption", R"({"a": {"$regex": "a", "$options": "z"}})", 51108, "a"},
                      Bad{"OptionsAlone", R"({"a": {"$options": "i"}})", 2, "a"},
                      Bad{"NotOfNumber", R"({"a": {"$not": 1}})", 2, "a"},
                      Bad{"NotOfNothing", R"({"a": {"$not": {}}})", 2, "a"},
                      Bad{"NegativeBits", R"({"a": {"$bitsAllSet": -1}})", 9, "a"},
                      Bad{"ElemMatchOfNumber", R"({"a": {"$elemMatch": 1}})", 2, "a"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Matcher, RefusesByNameWhatIsNotThere) {
  for (const char* filter : {R"({"$expr": {"$eq": ["$a", 1]}})", R"({"$where": "true"})",
                             R"({"$text": {"$search": "x"}})", R"({"$jsonSchema": {}})",
                             R"({"a": {"$near": [1, 2]}})"}) {
    try {
      const Matcher matcher(from_json(filter));
      FAIL() << "accepted " << filter;
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      EXPECT_NE(std::string(error.what()).find('$'), std::string::npos) << error.what();
    }
  }
}

TEST(Matcher, RefusesFiltersNestedBeyondAllMeasure) {
  bson::Document filter = bson::make_document("a", 1);
  for (int i = 0; i < 200; ++i) {
    bson::Writer writer;
    writer.begin_array("$and").push(filter).end();
    filter = writer.finish();
  }
  EXPECT_THROW(Matcher{filter}, QueryError);
}

TEST(Matcher, StopsAPatternThatWouldRunForever) {
  const Matcher matcher(from_json(R"({"a": {"$regex": "^(([a-z])+.)+[A-Z]([a-z])+$"}})"));
  EXPECT_THROW((void)matcher.matches(bson::make_document("a", std::string(60, 'x'))), QueryError);
}

TEST(Matcher, TellsThePositionThatMatched) {
  const auto position = [](const char* filter, const char* document) {
    MatchDetails details;
    EXPECT_TRUE(Matcher(from_json(filter)).matches(from_json(document), &details));
    return details.array_position;
  };
  EXPECT_EQ(position(R"({"a": 7})", R"({"a": [5, 6, 7]})"), 2U);
  EXPECT_EQ(position(R"({"a.b": 7})", R"({"a": [{"b": 6}, {"b": [1, 7]}]})"), 1U);
  EXPECT_EQ(position(R"({"a": {"$elemMatch": {"b": 7}}})", R"({"a": [{"b": 6}, {"b": 7}]})"), 1U);
  EXPECT_EQ(position(R"({"a": 7})", R"({"a": 7})"), std::nullopt);
  // Of several conditions the one that a server runs last.
  EXPECT_EQ(position(R"({"$and": [{"a": {"$gt": 1}}, {"a": {"$lt": 5}}]})", R"({"a": [0, 9]})"),
            1U);
  EXPECT_EQ(position(R"({"a": {"$all": [5, 7]}})", R"({"a": [5, 6, 7]})"), 2U);
}

TEST(Matcher, GivesTheFieldsThatItFixes) {
  const auto fields = [](const char* filter) {
    return bson::to_json(Matcher(from_json(filter)).equality_fields().view());
  };
  EXPECT_EQ(
      fields(
          R"({"a": 1, "b.c": {"$eq": 2}, "d": {"$gt": 1}, "$and": [{"e": 5}], "$or": [{"f": 6}]})"),
      R"({"a": 1, "b.c": 2, "e": 5, "f": 6})");
  EXPECT_EQ(fields(R"({"$or": [{"a": 1}, {"a": 2}], "b": {"$in": [1, 2]}})"), "{}");
  try {
    (void)Matcher(from_json(R"({"a": 1, "$and": [{"a": 2}]})")).equality_fields();
    FAIL() << "accepted";
  } catch (const QueryError& error) {
    EXPECT_EQ(error.backend_code(), 54);
  }
}

TEST(Matcher, ForElementsComparesOrAppliesOperators) {
  const auto element = [](const char* condition, const char* value) {
    const auto document =
        from_json(std::string(R"({"c": )") + condition + R"(, "v": )" + value + "}");
    return Matcher::for_element(document["c"]).matches_element(document["v"]);
  };
  EXPECT_TRUE(element(R"({"$gte": 5})", "6"));
  EXPECT_FALSE(element(R"({"$gte": 5, "$lt": 6})", "6"));
  EXPECT_TRUE(element(R"({"a": 1})", R"({"a": 1, "b": 2})"));
  EXPECT_TRUE(element("3", "3.0"));
  EXPECT_FALSE(element("3", R"("3")"));
}

struct Implication {
  const char* narrow;
  const char* wide;
  bool holds;
};
class Implies : public ::testing::TestWithParam<Implication> {};
TEST_P(Implies, SeesOrDoubts) {
  const Matcher narrow(from_json(GetParam().narrow));
  const Matcher wide(from_json(GetParam().wide));
  EXPECT_EQ(implies(narrow.root(), wide.root()), GetParam().holds)
      << GetParam().narrow << " " << GetParam().wide;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Implies,
    ::testing::Values(Implication{R"({"a": 7})", R"({"a": {"$gt": 5}})", true},
                      Implication{R"({"a": 5})", R"({"a": {"$gt": 5}})", false},
                      Implication{R"({"a": {"$gt": 5}})", R"({"a": {"$gte": 5}})", true},
                      Implication{R"({"a": {"$gte": 5}})", R"({"a": {"$gt": 5}})", false},
                      Implication{R"({"a": {"$lt": 3}})", R"({"a": {"$lt": 5}})", true},
                      Implication{R"({"a": {"$lt": 3}})", R"({"a": {"$gt": 1}})", false},
                      Implication{R"({"a": 1, "b": 2})", R"({"b": {"$exists": true}})", true},
                      Implication{R"({"a": null})", R"({"a": {"$exists": true}})", false},
                      Implication{R"({"a": {"$in": [6, 7]}})", R"({"a": {"$gt": 5}})", true},
                      Implication{R"({"a": {"$in": [5, 7]}})", R"({"a": {"$gt": 5}})", false},
                      Implication{R"({"$or": [{"a": 6}, {"a": 7}]})", R"({"a": {"$gt": 5}})", true},
                      Implication{R"({"b": 1})", R"({"a": {"$gt": 5}})", false},
                      Implication{R"({"a": 1})", R"({})", true},
                      Implication{R"({"a": "x"})", R"({"a": {"$type": "string"}})", false},
                      Implication{R"({"a": 1})", R"({"a": {"$type": "number"}})", true}));

}  // namespace
}  // namespace quire::store::embedded
