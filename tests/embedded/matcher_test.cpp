#include "store/embedded/engine/matcher.hpp"

#include <gtest/gtest.h>

#include <string>

#include "print_bson.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "sanitized.hpp"
#include "store/embedded/engine/compare.hpp"

namespace quire::store::embedded {
namespace {

using bson::from_json;
using bson::Value;

bool match(const char* filter, const char* document) {
  return Matcher(from_json(filter)).matches(from_json(document));
}

struct Case {
  const char* filter;
  const char* document;
  bool matches;
};
template <std::size_t N>
void check(const Case (&cases)[N]) {
  for (const auto& [filter, document, matches] : cases)
    EXPECT_EQ(match(filter, document), matches) << filter << " on " << document;
}

TEST(Matcher, WithoutConditionsMatchesEverything) {
  EXPECT_TRUE(Matcher().matches(from_json("{}")));
  EXPECT_TRUE(match("{}", R"({"a": 1})"));
  EXPECT_TRUE(match(R"({"$comment": "why"})", R"({"a": 1})"));
  EXPECT_TRUE(match(R"({"a": {"$gt": 0, "$comment": "why"}})", R"({"a": 1})"));
}

TEST(Matcher, ComparesWithinATypesBracket) {
  check({{R"({"a": 5})", R"({"a": {"$numberDecimal": "5.0"}})", true},
         {R"({"a": 5})", R"({"a": "5"})", false},
         {R"({"a": {"$gt": 5}})", R"({"a": "6"})", false},
         {R"({"a": {"$gt": 5}})", R"({"a": 5.5})", true},
         {R"({"a": {"$gte": 5}})", R"({"a": {"$numberLong": "5"}})", true},
         {R"({"a": {"$lt": 5}})", R"({"a": null})", false},
         {R"({"a": {"$lt": 5}})", "{}", false},
         {R"({"a": {"$lte": {"$date": {"$numberLong": "5"}}}})",
          R"({"a": {"$date": {"$numberLong": "5"}}})", true},
         {R"({"a": {"$gt": {"$minKey": 1}}})", R"({"a": "x"})", true},
         {R"({"a": {"$gt": {"$minKey": 1}}})", "{}", true},
         {R"({"a": {"$lt": {"$maxKey": 1}}})", R"({"a": [1]})", true},
         {R"({"a": {"$ne": 5}})", R"({"a": [4, 5]})", false},
         {R"({"a": {"$ne": 5}})", "{}", true},
         {R"({"a": {"$eq": {"x": 1, "y": 2}}})", R"({"a": {"y": 2, "x": 1}})", false},
         {R"({"a": {"$eq": {"x": 1}}})", R"({"a": {"x": {"$numberDouble": "1.0"}}})", true}});
}

TEST(Matcher, MatchesNaNOnlyWithItself) {
  check(
      {{R"({"a": {"$numberDouble": "NaN"}})", R"({"a": {"$numberDecimal": "NaN"}})", true},
       {R"({"a": {"$gte": {"$numberDouble": "NaN"}}})", R"({"a": {"$numberDouble": "NaN"}})", true},
       {R"({"a": {"$gt": {"$numberDouble": "NaN"}}})", R"({"a": 1})", false},
       {R"({"a": {"$lt": 5}})", R"({"a": {"$numberDouble": "NaN"}})", false}});
}

TEST(Matcher, TakesAMissingFieldForNull) {
  check({{R"({"a": null})", "{}", true},
         {R"({"a": null})", R"({"a": null})", true},
         {R"({"a": null})", R"({"a": 0})", false},
         {R"({"a.b": null})", R"({"a": 5})", true},
         {R"({"a.b": null})", R"({"a": [1, 2]})", false},
         {R"({"a.b": null})", R"({"a": [{"b": 1}, {}]})", true},
         {R"({"a": {"$in": [null, 7]}})", "{}", true},
         {R"({"a": {"$nin": [null]}})", "{}", false},
         {R"({"a": {"$gte": null}})", "{}", true},
         {R"({"a": {"$gt": null}})", R"({"a": null})", false}});
}

TEST(Matcher, WalksThroughArrays) {
  check({{R"({"a": 2})", R"({"a": [1, 2]})", true},
         {R"({"a": [1, 2]})", R"({"a": [1, 2]})", true},
         {R"({"a": [1, 2]})", R"({"a": [[1, 2], 3]})", true},
         {R"({"a": [2, 1]})", R"({"a": [1, 2]})", false},
         {R"({"a": 1})", R"({"a": [[1]]})", false},
         {R"({"a.b": 2})", R"({"a": [{"b": 1}, {"b": 2}]})", true},
         {R"({"a.b": 2})", R"({"a": [{"b": [1, 2]}]})", true},
         {R"({"a.b": 2})", R"({"a": [[{"b": 2}]]})", false},
         {R"({"a.1": 2})", R"({"a": [1, 2]})", true},
         {R"({"a.0": 2})", R"({"a": [1, 2]})", false},
         {R"({"a.1.b": 2})", R"({"a": [0, {"b": 2}]})", true},
         {R"({"a.1": 4})", R"({"a": [0, 1, {"1": 4}]})", true},
         {R"({"a.01": 2})", R"({"a": [1, 2]})", false},
         {R"({"a": {"$gt": 1, "$lt": 3}})", R"({"a": [0, 4]})", true},
         {R"({"": 3})", R"({"": 3})", true},
         {R"({"": 3})", R"({"a": 3})", false},
         {R"({"a.": 3})", R"({"a": {"": 3}})", true}});
}

TEST(Matcher, FindsValuesInSets) {
  check({{R"({"a": {"$in": [1, "x"]}})", R"({"a": "x"})", true},
         {R"({"a": {"$in": [1, "x"]}})", R"({"a": [5, 1]})", true},
         {R"({"a": {"$in": []}})", R"({"a": 1})", false},
         {R"({"a": {"$nin": []}})", R"({"a": 1})", true},
         {R"({"a": {"$nin": [1]}})", R"({"a": [1, 2]})", false},
         {R"({"a": {"$in": [{"$regularExpression": {"pattern": "^b", "options": "i"}}]}})",
          R"({"a": "Bo"})", true}});
}

TEST(Matcher, TestsPresenceAndType) {
  check({{R"({"a": {"$exists": true}})", R"({"a": null})", true},
         {R"({"a": {"$exists": false}})", R"({"a": null})", false},
         {R"({"a": {"$exists": 0}})", "{}", true},
         {R"({"a.b": {"$exists": true}})", R"({"a": [{}, {"b": 1}]})", true},
         {R"({"a": {"$type": "number"}})", R"({"a": {"$numberDecimal": "1"}})", true},
         {R"({"a": {"$type": "array"}})", R"({"a": []})", true},
         {R"({"a": {"$type": 2}})", R"({"a": [1, "x"]})", true},
         {R"({"a": {"$type": ["bool", 18]}})", R"({"a": 1})", false},
         {R"({"a": {"$type": -1}})", R"({"a": {"$minKey": 1}})", true},
         {R"({"a": {"$type": 10}})", "{}", false}});
}

TEST(Matcher, LooksAtWholeArrays) {
  check({{R"({"a": {"$all": [1, 2]}})", R"({"a": [2, 3, 1]})", true},
         {R"({"a": {"$all": [1, 2]}})", R"({"a": [1]})", false},
         {R"({"a": {"$all": [5]}})", R"({"a": 5})", true},
         {R"({"a": {"$all": []}})", R"({"a": []})", false},
         {R"({"a": {"$all": [{"$elemMatch": {"x": 1}}, {"$elemMatch": {"x": 2}}]}})",
          R"({"a": [{"x": 2}, {"x": 1}]})", true},
         {R"({"a": {"$size": 2}})", R"({"a": [1, [2, 3]]})", true},
         {R"({"a": {"$size": 0}})", "{}", false},
         {R"({"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}})", R"({"a": [0, 4]})", false},
         {R"({"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}})", R"({"a": [0, 2]})", true},
         {R"({"a": {"$elemMatch": {"$gt": 1}}})", R"({"a": 2})", false},
         {R"({"a": {"$elemMatch": {"x": 1, "y": 2}}})", R"({"a": [{"x": 1}, {"y": 2}]})", false},
         {R"({"a": {"$elemMatch": {"$or": [{"x": 1}, {"y": 2}]}}})", R"({"a": [{"y": 2}]})", true},
         {R"({"a": {"$elemMatch": {"$elemMatch": {"$eq": 3}}}})", R"({"a": [[1], [3]]})", true},
         {R"({"a": {"$elemMatch": {"$not": {"$gt": 1}}}})", R"({"a": [5, 0]})", true}});
}

TEST(Matcher, JoinsConditions) {
  check({{R"({"$and": [{"a": 1}, {"b": 2}]})", R"({"a": 1, "b": 2})", true},
         {R"({"$and": [{"a": 1}, {"b": 2}]})", R"({"a": 1})", false},
         {R"({"$or": [{"a": 1}, {"b": 2}], "c": 3})", R"({"b": 2, "c": 3})", true},
         {R"({"$or": [{"a": 1}, {"b": 2}], "c": 3})", R"({"b": 2})", false},
         {R"({"$nor": [{"a": 1}, {"b": 2}]})", "{}", true},
         {R"({"$nor": [{"a": 1}, {"b": 2}]})", R"({"b": 2})", false},
         {R"({"a": {"$not": {"$gt": 5}}})", "{}", true},
         {R"({"a": {"$not": {"$gt": 5, "$lt": 9}}})", R"({"a": 7})", false},
         {R"({"a": {"$not": {"$regularExpression": {"pattern": "^x", "options": ""}}}})",
          R"({"a": "y"})", true}});
}

TEST(Matcher, CalculatesModuloAndBits) {
  check({{R"({"a": {"$mod": [4, 1]}})", R"({"a": 5})", true},
         {R"({"a": {"$mod": [4, 1]}})", R"({"a": 5.9})", true},
         {R"({"a": {"$mod": [4, -1]}})", R"({"a": -5})", true},
         {R"({"a": {"$mod": [4.7, 1]}})", R"({"a": {"$numberDecimal": "5"}})", true},
         {R"({"a": {"$mod": [-1, 0]}})", R"({"a": {"$numberLong": "-9223372036854775808"}})", true},
         {R"({"a": {"$mod": [2, 0]}})", R"({"a": {"$numberDouble": "Infinity"}})", false},
         {R"({"a": {"$mod": [2, 0]}})", R"({"a": "4"})", false},
         {R"({"a": {"$bitsAllSet": 6}})", R"({"a": 7})", true},
         {R"({"a": {"$bitsAllSet": [1, 3]}})", R"({"a": 2})", false},
         {R"({"a": {"$bitsAnySet": [1, 3]}})", R"({"a": 2})", true},
         {R"({"a": {"$bitsAllClear": [0, 200]}})", R"({"a": 2})", true},
         {R"({"a": {"$bitsAllSet": [63, 200]}})", R"({"a": -1})", true},
         {R"({"a": {"$bitsAnyClear": 3}})", R"({"a": 2.0})", true},
         {R"({"a": {"$bitsAnyClear": 3}})", R"({"a": 0.5})", false},
         {R"({"a": {"$bitsAllSet": {"$binary": {"base64": "Ag==", "subType": "00"}}}})",
          R"({"a": {"$binary": {"base64": "Ag==", "subType": "00"}}})", true}});
}

TEST(Matcher, MatchesRegularExpressions) {
  check({{R"({"a": {"$regex": "^ab"}})", R"({"a": "abc"})", true},
         {R"({"a": {"$regex": "^AB", "$options": "i"}})", R"({"a": ["x", "abc"]})", true},
         {R"({"a": {"$regex": "^b$", "$options": "m"}})", R"({"a": "a\nb"})", true},
         {R"({"a": {"$regex": "a.b", "$options": "s"}})", R"({"a": "a\nb"})", true},
         {R"({"a": {"$regex": "a b # c", "$options": "x"}})", R"({"a": "ab"})", true},
         {R"({"a": {"$regex": "^.$"}})", R"({"a": "é"})", true},
         {R"({"a": {"$regex": "É", "$options": "i"}})", R"({"a": "é"})", true},
         {R"({"a": {"$regex": "1"}})", R"({"a": 1})", false},
         {R"({"a": {"$regularExpression": {"pattern": "a", "options": ""}}})",
          R"({"a": {"$regularExpression": {"pattern": "a", "options": ""}}})", true}});
}

TEST(Matcher, StopsAHostileRegularExpression) {
  const Matcher matcher(from_json(R"({"a": {"$regex": "^(a+)+$"}})"));
  const auto document = bson::make_document("a", std::string(60, 'a') + "b");
  EXPECT_THROW((void)matcher.matches(document), QueryError);
}

TEST(Matcher, RefusesFiltersThatMeanNothingWithTheServersCodes) {
  struct Wrong {
    const char* filter;
    int code;
  };
  const Wrong wrong[] = {
      {R"({"$eq": 5})", 2},
      {R"({"$unknown": 1})", 2},
      {R"({"a": {"$unknown": 1}})", 2},
      {R"({"a": {"$gt": 1, "b": 1}})", 2},
      {R"({"$and": []})", 2},
      {R"({"$or": {"a": 1}})", 2},
      {R"({"$nor": [1]})", 2},
      {R"({"$not": {"a": 1}})", 2},
      {R"({"a": {"$not": 5}})", 2},
      {R"({"a": {"$not": {}}})", 2},
      {R"({"a": {"$not": {"b": 1}}})", 2},
      {R"({"a": {"$in": 5}})", 2},
      {R"({"a": {"$nin": [{"$gt": 1}]}})", 2},
      {R"({"a": {"$all": 5}})", 2},
      {R"({"a": {"$all": [1, {"$elemMatch": {}}]}})", 2},
      {R"({"a": {"$elemMatch": 5}})", 2},
      {R"({"a": {"$size": -1}})", 2},
      {R"({"a": {"$size": 1.5}})", 2},
      {R"({"a": {"$size": "1"}})", 2},
      {R"({"a": {"$type": "text"}})", 2},
      {R"({"a": {"$type": 0}})", 2},
      {R"({"a": {"$type": true}})", 14},
      {R"({"a": {"$type": []}})", 9},
      {R"({"a": {"$mod": [1]}})", 2},
      {R"({"a": {"$mod": [1, 2, 3]}})", 2},
      {R"({"a": {"$mod": [0, 1]}})", 2},
      {R"({"a": {"$mod": [{"$numberDouble": "NaN"}, 1]}})", 2},
      {R"({"a": {"$bitsAllSet": -1}})", 9},
      {R"({"a": {"$bitsAllSet": 1.5}})", 9},
      {R"({"a": {"$bitsAllSet": [-1]}})", 2},
      {R"({"a": {"$bitsAllSet": "x"}})", 2},
      {R"({"a": {"$regex": 5}})", 2},
      {R"({"a": {"$regex": "("}})", 51091},
      {R"({"a": {"$regex": "a", "$options": "q"}})", 51108},
      {R"({"a": {"$options": "i"}})", 2},
      {R"({"a": {"$ne": {"$regularExpression": {"pattern": "a", "options": ""}}}})", 2},
      {R"({"a": {"$eq": {"$undefined": true}}})", 2},
  };
  for (const auto& [filter, code] : wrong) {
    try {
      Matcher{from_json(filter)};
      ADD_FAILURE() << "no error: " << filter;
    } catch (const QueryError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_query) << filter;
      EXPECT_EQ(error.backend_code(), code) << filter;
    }
  }
}

TEST(Matcher, RefusesByNameWhatTheStoreLacks) {
  const std::pair<const char*, const char*> lacking[] = {
      {R"({"$where": "true"})", "$where"},
      {R"({"$text": {"$search": "a"}})", "$text"},
      {R"({"a": {"$near": [0, 0]}})", "$near"},
      {R"({"a": {"$geoWithin": {}}})", "$geoWithin"},
  };
  for (const auto& [filter, name] : lacking) {
    try {
      Matcher{from_json(filter)};
      ADD_FAILURE() << "no error: " << filter;
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << filter;
      EXPECT_NE(error.detail().find(name), std::string::npos) << filter;
    }
  }
}

bson::Document nested(int levels, const char* name, bool array) {
  bson::Document inner = bson::make_document("a", 1);
  for (int i = 0; i < levels; ++i) {
    bson::Writer writer;
    if (array) {
      writer.begin_array(name);
      writer.push(Value(inner));
      writer.end();
    } else {
      writer.append(name, inner);
    }
    inner = writer.finish();
  }
  return inner;
}

TEST(Matcher, RefusesFiltersNestedWithoutEnd) {
  EXPECT_THROW(Matcher(nested(5000, "$and", true)), QueryError);
  EXPECT_THROW(Matcher(nested(150, "$or", true)), QueryError);
  EXPECT_THROW(Matcher(nested(5000, "b", false)), QueryError);
  EXPECT_THROW((void)Matcher::for_element(Value(nested(5000, "b", false))), QueryError);
  EXPECT_FALSE(Matcher(nested(90, "b", false)).matches(from_json(R"({"b": 1})")));
}

TEST(Matcher, TakesPathsOfManySteps) {
  std::string path = "a";
  for (int i = 0; i < 20000; ++i) path += ".a";
  const Matcher matcher(bson::make_document(path, 1));
  EXPECT_FALSE(matcher.matches(nested(90, "a", false)));
}

TEST(Matcher, TellsThePositionInTheOuterArray) {
  const std::tuple<const char*, const char*, std::optional<std::size_t>> cases[] = {
      {R"({"a": 5})", R"({"a": [3, 5]})", 1},
      {R"({"a": {"$gt": 3}})", R"({"a": [3, 2, 5, 6]})", 2},
      {R"({"a.b": 2})", R"({"a": [{"b": 1}, {"b": [1, 2]}]})", 1},
      {R"({"a": {"$elemMatch": {"b": 2}}})", R"({"a": [{"b": 1}, {"b": 2}]})", 1},
      {R"({"$or": [{"a": 9}, {"a": 5}]})", R"({"a": [3, 5]})", 1},
      {R"({"a": 5})", R"({"a": 5})", std::nullopt},
      {R"({"a": {"$ne": 5}})", R"({"a": [3]})", std::nullopt},
      {R"({"a.1": 5})", R"({"a": [3, 5]})", std::nullopt},
  };
  for (const auto& [filter, document, position] : cases) {
    MatchDetails details;
    EXPECT_TRUE(Matcher(from_json(filter)).matches(from_json(document), &details)) << filter;
    EXPECT_EQ(details.array_position, position) << filter;
  }
}

TEST(Matcher, OfElementsTakesOperatorsDocumentsAndPlainValues) {
  const auto element = [](const char* condition, const char* value) {
    const auto c = from_json(std::string(R"({"v": )") + condition + "}");
    const auto v = from_json(std::string(R"({"v": )") + value + "}");
    return Matcher::for_element(c["v"]).matches_element(v["v"]);
  };
  EXPECT_TRUE(element(R"({"$gte": 5, "$lt": 7})", "6"));
  EXPECT_FALSE(element(R"({"$gte": 5, "$lt": 7})", "7"));
  EXPECT_TRUE(element("5", R"({"$numberLong": "5"})"));
  EXPECT_TRUE(element(R"({"a": 1})", R"({"a": 1, "b": 2})"));
  EXPECT_FALSE(element(R"({"a": 1})", "1"));
  EXPECT_TRUE(element(R"({"$regularExpression": {"pattern": "^a", "options": ""}})", R"("ab")"));
  EXPECT_TRUE(element(R"({"$in": ["x", null]})", "null"));
  EXPECT_TRUE(element(R"({"$not": {"$gt": 5}})", "5"));
}

TEST(Matcher, GivesTheFieldsThatEqualityFixes) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a": 1, "b.c": {"$eq": 2}, "d": {"$gt": 3}})", R"({"a": 1, "b.c": 2})"},
      {R"({"$and": [{"a": 1}, {"b": {"$eq": "x"}}]})", R"({"a": 1, "b": "x"})"},
      {R"({"$or": [{"a": 1}]})", R"({"a": 1})"},
      {R"({"$or": [{"a": 1}, {"b": 1}]})", "{}"},
      {R"({"a": {"$in": [4]}})", R"({"a": 4})"},
      {R"({"a": {"$in": [4, 5]}})", "{}"},
      {R"({"a": {"$ne": 4}, "b": {"$not": {"$eq": 1}}})", "{}"},
      {R"({"a": {"$all": [1]}})", R"({"a": 1})"},
  };
  for (const auto& [filter, fields] : cases)
    EXPECT_EQ(Matcher(from_json(filter)).equality_fields(), from_json(fields)) << filter;
  for (const auto* filter : {R"({"a": 1, "$and": [{"a": 2}]})", R"({"a": {"b": 1}, "a.b": 1})"}) {
    try {
      (void)Matcher(from_json(filter)).equality_fields();
      ADD_FAILURE() << filter;
    } catch (const QueryError& error) {
      EXPECT_EQ(error.backend_code(), 54) << filter;
    }
  }
}

TEST(Implies, HoldsWhereOneFilterIsWithinAnother) {
  struct Pair {
    const char* narrow;
    const char* wide;
    bool implied;
  };
  const Pair pairs[] = {
      {R"({"a": 5})", "{}", true},
      {R"({"a": 5, "b": 1})", R"({"a": {"$gt": 3}})", true},
      {R"({"a": 3})", R"({"a": {"$gt": 3}})", false},
      {R"({"a": {"$gt": 3}})", R"({"a": {"$gte": 3}})", true},
      {R"({"a": {"$gte": 3}})", R"({"a": {"$gt": 3}})", false},
      {R"({"a": {"$gt": 3}})", R"({"a": {"$lt": 9}})", false},
      {R"({"a": {"$gt": "x"}})", R"({"a": {"$gt": 3}})", false},
      {R"({"a": {"$in": [4, 5]}})", R"({"a": {"$gt": 3}})", true},
      {R"({"a": {"$in": [4, 5]}})", R"({"a": {"$in": [5, 4, 3]}})", true},
      {R"({"a": {"$in": [4, null]}})", R"({"a": {"$exists": true}})", false},
      {R"({"a": 5})", R"({"a": {"$exists": true}})", true},
      {R"({"a": null})", R"({"a": {"$exists": true}})", false},
      {R"({"a": {"$lt": 5}})", R"({"a": {"$type": "number"}})", true},
      {R"({"a": {"$gt": {"$minKey": 1}}})", R"({"a": {"$type": "minKey"}})", false},
      {R"({"a": {"$type": "int"}})", R"({"a": {"$type": ["int", "long"]}})", true},
      {R"({"$or": [{"a": 5}, {"a": 6}]})", R"({"a": {"$gt": 3}})", true},
      {R"({"$or": [{"a": 5}, {"b": 6}]})", R"({"a": {"$gt": 3}})", false},
      {R"({"a": 5})", R"({"$or": [{"a": 5}, {"b": 1}]})", true},
      {R"({"a": {"$ne": 5}})", R"({"a": {"$exists": true}})", false},
  };
  for (const auto& [narrow, wide, implied] : pairs) {
    EXPECT_EQ(implies(Matcher(from_json(narrow)).root(), Matcher(from_json(wide)).root()), implied)
        << narrow << " within " << wide;
  }
}

/// A condition on one field with an operand at random.
bson::Document random_filter(test::RandomDocument& make) {
  static constexpr std::array<const char*, 8> operators{"$eq",  "$lt", "$lte",    "$gt",
                                                        "$gte", "$in", "$exists", "$type"};
  const std::string name = make.random().pick(operators);
  bson::Writer writer;
  writer.begin_document(make.random().one_in(2) ? "a" : make.path());
  if (name == "$in") {
    writer.begin_array(name);
    for (auto n = make.random().below(3); n > 0; --n) writer.push(make.scalar());
    writer.end();
  } else if (name == "$exists") {
    writer.append(name, make.random().one_in(2));
  } else if (name == "$type") {
    writer.append(name, make.random().one_in(2) ? "number" : "string");
  } else {
    writer.append(name, make.value());
  }
  writer.end();
  return writer.finish();
}

const test::RandomOptions no_special{.deprecated = false, .regex = false};

TEST(Implies, NeverHoldsWhereADocumentShowsOtherwise) {
  int held = 0;
  const auto seeds = static_cast<std::uint64_t>(test::rounds(60000));
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    test::RandomDocument make(seed, no_special);
    const Matcher narrow(random_filter(make));
    const Matcher wide(random_filter(make));
    if (!implies(narrow.root(), wide.root())) continue;
    ++held;
    for (int i = 0; i < 20; ++i) {
      const auto document = make.document();
      if (narrow.matches(document)) {
        EXPECT_TRUE(wide.matches(document))
            << "seed " << seed << ": " << testing::PrintToString(narrow.filter()) << " and "
            << testing::PrintToString(wide.filter()) << " on " << testing::PrintToString(document);
      }
    }
  }
  EXPECT_GT(held, test::rounds(100));
}

TEST(Matcher, AgreesWithItsNegation) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    test::RandomDocument make(seed, no_special);
    const auto filter = random_filter(make);
    bson::Writer writer;
    writer.begin_array("$nor");
    writer.push(Value(filter));
    writer.end();
    const auto document = make.document();
    EXPECT_NE(Matcher(filter).matches(document), Matcher(writer.finish()).matches(document))
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace quire::store::embedded
