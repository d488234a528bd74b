#include "store/embedded/engine/update.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "sanitized.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {
namespace {

using bson::from_json;

bson::Document array_of(const char* json) {
  const auto wrapped = from_json(std::string(R"({"a": )") + json + "}");
  return bson::Document(wrapped["a"].as_array());
}

struct Applied {
  std::string json;
  bool changed;
};

Applied run(const char* document, const char* update, const char* filters = nullptr,
            std::optional<std::size_t> position = std::nullopt) {
  const auto array = filters != nullptr ? array_of(filters) : bson::Document{};
  const Updater updater(from_json(update),
                        filters != nullptr ? std::optional(array.view()) : std::nullopt);
  const auto outcome = updater.apply(from_json(document), MatchDetails{position});
  bson::validate(outcome.document, {.array_keys = true});
  return {bson::to_json(outcome.document, bson::JsonMode::canonical), outcome.changed};
}
std::string canonical(const char* json) {
  return bson::to_json(from_json(json), bson::JsonMode::canonical);
}

struct Case {
  const char* name;
  const char* document;
  const char* update;
  const char* expected;
  const char* filters = nullptr;
  std::optional<std::size_t> position = std::nullopt;
};
class Update : public ::testing::TestWithParam<Case> {};

TEST_P(Update, GivesTheDocument) {
  const auto& row = GetParam();
  const auto applied = run(row.document, row.update, row.filters, row.position);
  EXPECT_EQ(applied.json, canonical(row.expected));
  EXPECT_EQ(applied.changed, canonical(row.document) != canonical(row.expected));
}

std::string case_name(const ::testing::TestParamInfo<Case>& row) { return row.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Fields, Update,
    ::testing::Values(
        Case{"SetKeepsThePlace", R"({"_id": 1, "a": 1, "b": 2})", R"({"$set": {"a": "x"}})",
             R"({"_id": 1, "a": "x", "b": 2})"},
        Case{"SetAddsInNumericThenTextOrder", R"({"_id": 1})",
             R"({"$set": {"z": 1, "10": 2, "9": 3, "b": 4}})",
             R"({"_id": 1, "9": 3, "10": 2, "b": 4, "z": 1})"},
        Case{"NewNumbersComeBeforeText", R"({"_id": 1})",
             R"({"$set": {"1a": 1, "9": 1, "10": 1, "007": 1, "-": 1}})",
             R"({"_id": 1, "007": 1, "9": 1, "10": 1, "-": 1, "1a": 1})"},
        Case{"SetOfTheSameValueChangesNothing", R"({"_id": 1, "a": 1})", R"({"$set": {"a": 1}})",
             R"({"_id": 1, "a": 1})"},
        Case{"SetOfAnotherTypeChanges", R"({"_id": 1, "a": 1})",
             R"({"$set": {"a": {"$numberLong": "1"}}})",
             R"({"_id": 1, "a": {"$numberLong": "1"}})"},
        Case{"SetMakesParents", R"({"_id": 1})", R"({"$set": {"a.b.c": 1, "a.b.d": 2}})",
             R"({"_id": 1, "a": {"b": {"c": 1, "d": 2}}})"},
        Case{"SetOfAnIndexInADocumentIsAField", R"({"_id": 1, "a": {}})", R"({"$set": {"a.0": 1}})",
             R"({"_id": 1, "a": {"0": 1}})"},
        Case{"SetPadsArrays", R"({"_id": 1, "a": [1]})", R"({"$set": {"a.3": 4, "a.5.x": 6}})",
             R"({"_id": 1, "a": [1, null, null, 4, null, {"x": 6}]})"},
        Case{"SetOfManyFields", R"({"_id": 1, "f": 6, "b": 2, "d": 4})",
             R"({"$set": {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}})",
             R"({"_id": 1, "f": 1, "b": 1, "d": 1, "a": 1, "c": 1, "e": 1})"},
        Case{"NestedDollarNamesAreAllowed", R"({"_id": 1})", R"({"$set": {"a.$x": 1}})",
             R"({"_id": 1, "a": {"$x": 1}})"},
        Case{"SetOfAnEqualIdIsNoChange", R"({"_id": 1, "a": 1})", R"({"$set": {"_id": 1.0}})",
             R"({"_id": 1, "a": 1})"},
        Case{"UnsetRemoves", R"({"_id": 1, "a": 1, "b": {"c": 1}})",
             R"({"$unset": {"a": "", "b.c": "", "x.y": "", "_none": 1}})",
             R"({"_id": 1, "b": {}})"},
        Case{"UnsetInAnArrayLeavesNull", R"({"_id": 1, "a": [1, 2, 3]})",
             R"({"$unset": {"a.1": "", "a.9": ""}})", R"({"_id": 1, "a": [1, null, 3]})"},
        Case{"SetOnInsertDoesNothingOnUpdates", R"({"_id": 1})", R"({"$setOnInsert": {"a.b": 1}})",
             R"({"_id": 1})"},
        Case{"RenameMoves", R"({"_id": 1, "a": {"b": [1]}, "c": 2})",
             R"({"$rename": {"a.b": "x.y", "nothing": "z"}})",
             R"({"_id": 1, "a": {}, "c": 2, "x": {"y": [1]}})"},
        Case{"RenameReplaces", R"({"_id": 1, "a": 1, "b": "old"})", R"({"$rename": {"a": "b"}})",
             R"({"_id": 1, "b": 1})"},
        Case{"MinAndMaxCompareAcrossTypes", R"({"_id": 1, "a": 5, "b": 5, "c": "x"})",
             R"({"$min": {"a": 4.5, "c": 9, "n": null}, "$max": {"b": {"$numberDecimal": "5.0"}}})",
             R"({"_id": 1, "a": 4.5, "b": 5, "c": 9, "n": null})"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Numbers, Update,
    ::testing::Values(
        Case{"IncWidensInt32", R"({"_id": 1, "n": 2147483647})", R"({"$inc": {"n": 1}})",
             R"({"_id": 1, "n": {"$numberLong": "2147483648"}})"},
        Case{"IncKeepsInt64", R"({"_id": 1, "n": {"$numberLong": "1"}})", R"({"$inc": {"n": 1}})",
             R"({"_id": 1, "n": {"$numberLong": "2"}})"},
        Case{"IncOfNothingSets", R"({"_id": 1})", R"({"$inc": {"n.m": 2.5}})",
             R"({"_id": 1, "n": {"m": 2.5}})"},
        Case{"IncByZeroChangesNothing", R"({"_id": 1, "n": {"$numberDecimal": "1.000"}})",
             R"({"$inc": {"n": {"$numberDecimal": "0"}}})",
             R"({"_id": 1, "n": {"$numberDecimal": "1.000"}})"},
        Case{"IncOfADoubleByADecimal", R"({"_id": 1, "n": 10.5})",
             R"({"$inc": {"n": {"$numberDecimal": "2.5"}}})",
             R"({"_id": 1, "n": {"$numberDecimal": "13.0000000000000"}})"},
        Case{"MulOfNothingIsZeroOfItsType", R"({"_id": 1})",
             R"({"$mul": {"a": {"$numberLong": "3"}, "b": {"$numberDecimal": "3"}}})",
             R"({"_id": 1, "a": {"$numberLong": "0"}, "b": {"$numberDecimal": "0"}})"},
        Case{
            "MulOfAMissingFieldIsAProductWithZero", R"({"_id": 1})",
            R"({"$mul": {"a": -1.5, "b": {"$numberDouble": "Infinity"}, "c": {"$numberDecimal": "-2.5"}}})",
            R"({"_id": 1, "a": -0.0, "b": {"$numberDouble": "NaN"}, "c": {"$numberDecimal": "-0.0"}})"},
        Case{"MulWidens", R"({"_id": 1, "n": 65536})", R"({"$mul": {"n": 65536}})",
             R"({"_id": 1, "n": {"$numberLong": "4294967296"}})"},
        Case{"BitTakesOneAfterTheOther", R"({"_id": 1, "n": 13})",
             R"({"$bit": {"n": {"and": 10, "or": 1}, "m": {"xor": {"$numberLong": "5"}}}})",
             R"({"_id": 1, "n": 9, "m": {"$numberLong": "5"}})"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Arrays, Update,
    ::testing::Values(
        Case{"PushMakesTheArray", R"({"_id": 1})", R"({"$push": {"a": [1]}})",
             R"({"_id": 1, "a": [[1]]})"},
        Case{"PushWithAllModifiers", R"({"_id": 1, "a": [5, 1]})",
             R"({"$push": {"a": {"$each": [4, 2], "$position": -1, "$sort": -1, "$slice": 3}}})",
             R"({"_id": 1, "a": [5, 4, 2]})"},
        Case{"PushAtAPosition", R"({"_id": 1, "a": [1, 2, 3]})",
             R"({"$push": {"a": {"$each": [8, 9], "$position": -2}}})",
             R"({"_id": 1, "a": [1, 8, 9, 2, 3]})"},
        Case{"PushSortsByFieldsStably",
             R"({"_id": 1, "a": [{"s": 2, "n": 1}, {"s": 1, "n": 2}, 7, {"s": 2, "n": 3}]})",
             R"({"$push": {"a": {"$each": [], "$sort": {"s": -1}}}})",
             R"({"_id": 1, "a": [{"s": 2, "n": 1}, {"s": 2, "n": 3}, {"s": 1, "n": 2}, 7]})"},
        Case{"PushKeepsTheLast", R"({"_id": 1, "a": [1, 2]})",
             R"({"$push": {"a": {"$each": [3], "$slice": -2}}})", R"({"_id": 1, "a": [2, 3]})"},
        Case{"AddToSetComparesNumbersByValue", R"({"_id": 1, "a": [1, 1]})",
             R"({"$addToSet": {"a": {"$each": [1.0, 2, {"$numberLong": "2"}]}}})",
             R"({"_id": 1, "a": [1, 1, 2]})"},
        Case{"AddToSetOfAMemberChangesNothing", R"({"_id": 1, "a": [{"x": 1}]})",
             R"({"$addToSet": {"a": {"x": 1}}})", R"({"_id": 1, "a": [{"x": 1}]})"},
        Case{"PopTakesEitherEnd", R"({"_id": 1, "a": [1, 2, 3], "b": [1, 2, 3], "c": []})",
             R"({"$pop": {"a": 1, "b": -1, "c": 1, "d": 1}})",
             R"({"_id": 1, "a": [1, 2], "b": [2, 3], "c": []})"},
        Case{"PullByValue", R"({"_id": 1, "a": [1, 2, 1.0, [1]]})", R"({"$pull": {"a": 1}})",
             R"({"_id": 1, "a": [2, [1]]})"},
        Case{"PullByCondition", R"({"_id": 1, "a": [1, 5, 9]})",
             R"({"$pull": {"a": {"$gte": 5, "$lt": 9}}})", R"({"_id": 1, "a": [1, 9]})"},
        Case{"PullByDocument", R"({"_id": 1, "a": [{"x": 1, "y": 1}, {"x": 2}, 3]})",
             R"({"$pull": {"a": {"x": {"$lte": 1}}}})", R"({"_id": 1, "a": [{"x": 2}, 3]})"},
        Case{"PullAllByValues", R"({"_id": 1, "a": [1, "x", 2, {"k": 1}]})",
             R"({"$pullAll": {"a": ["x", {"k": 1}, 2.0]}})", R"({"_id": 1, "a": [1]})"},
        Case{"PullOfNothingChangesNothing", R"({"_id": 1, "a": [1]})",
             R"({"$pull": {"a": 5, "b": 1}, "$pullAll": {"c": [1]}})", R"({"_id": 1, "a": [1]})"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Positions, Update,
    ::testing::Values(
        Case{"PositionalIsTheMatch", R"({"_id": 1, "a": [{"x": 1}, {"x": 2}]})",
             R"({"$set": {"a.$.x": 9}})", R"({"_id": 1, "a": [{"x": 1}, {"x": 9}]})", nullptr, 1},
        Case{"AllElements", R"({"_id": 1, "a": [{"b": [1, 2]}, {"b": []}]})",
             R"({"$inc": {"a.$[].b.$[]": 1}})", R"({"_id": 1, "a": [{"b": [2, 3]}, {"b": []}]})"},
        Case{"FilteredElements", R"({"_id": 1, "a": [{"x": 1, "y": 1}, {"x": 5, "y": 1}]})",
             R"({"$set": {"a.$[e].y": 9}})",
             R"({"_id": 1, "a": [{"x": 1, "y": 1}, {"x": 5, "y": 9}]})",
             R"([{"e.x": {"$gt": 2}}])"},
        Case{"SeveralFiltersOnOneElement", R"({"_id": 1, "a": [{"x": 1}, {"x": 5}]})",
             R"({"$set": {"a.$[e].p": 1, "a.$[f].q": 2, "a.$[].r": 3}})",
             R"({"_id": 1, "a": [{"x": 1, "q": 2, "r": 3}, {"x": 5, "p": 1, "r": 3}]})",
             R"([{"e.x": 5}, {"f.x": 1}])"},
        Case{"UnsetOfFilteredElementsLeavesNull", R"({"_id": 1, "a": [1, 2]})",
             R"({"$unset": {"a.$[e]": 1}})", R"({"_id": 1, "a": [1, null]})", R"([{"e": 2}])"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(Replacements, Update,
                         ::testing::Values(Case{"KeepTheId", R"({"_id": 7, "a": 1})", R"({"b": 2})",
                                                R"({"_id": 7, "b": 2})"},
                                           Case{"TakeTheirOwnEqualId", R"({"_id": 7, "a": 1})",
                                                R"({"b": 2, "_id": 7})", R"({"_id": 7, "b": 2})"},
                                           Case{"MayBeEmpty", R"({"_id": 7, "a": 1})", R"({})",
                                                R"({"_id": 7})"}),
                         case_name);

// ---- mistakes

struct BadCase {
  const char* name;
  const char* document;
  const char* update;
  int backend_code;
  const char* path;
  const char* filters = nullptr;
};
class BadUpdate : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadUpdate, NamesCodeAndPath) {
  const auto& row = GetParam();
  try {
    const auto applied = run(row.document, row.update, row.filters);
    FAIL() << "accepted, giving " << applied.json;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(),
              row.backend_code == 66 ? ErrorCode::immutable_field : ErrorCode::invalid_update);
    EXPECT_EQ(error.backend_code(), row.backend_code) << error.what();
    EXPECT_EQ(error.path().str(), row.path);
  }
}

constexpr const char* plain = R"({"_id": 1, "a": 1, "s": "x", "r": [1], "d": {"e": 1}})";

INSTANTIATE_TEST_SUITE_P(
    Bad, BadUpdate,
    ::testing::Values(
        BadCase{"UnknownOperator", plain, R"({"$put": {"a": 1}})", 9, "$put"},
        BadCase{"MixedWithFields", plain, R"({"$set": {"a": 1}, "b": 1})", 9, "b"},
        BadCase{"OperandIsNoDocument", plain, R"({"$set": 5})", 9, "$set"},
        BadCase{"DollarInAReplacement", plain, R"({"a": 1, "$b": 1})", 52, "$b"},
        BadCase{"EmptyName", plain, R"({"$set": {"": 1}})", 56, ""},
        BadCase{"EmptyPart", plain, R"({"$set": {"a..b": 1}})", 56, "a..b"},
        BadCase{"SameField", plain, R"({"$set": {"a": 1}, "$inc": {"a": 1}})", 40, "a"},
        BadCase{"FieldAndItsPart", plain, R"({"$set": {"d": 1, "d.e": 1}})", 40, "d.e"},
        BadCase{"IndexAndAll", plain, R"({"$set": {"r.0": 1, "r.$[]": 1}})", 40, "r.$[]"},
        BadCase{"RenameOfASetField", plain, R"({"$set": {"a": 1}, "$rename": {"a": "b"}})", 40,
                "a"},
        BadCase{"ThroughText", plain, R"({"$set": {"s.x": 1}})", 28, "s.x"},
        BadCase{"NameInAnArray", plain, R"({"$set": {"r.x": 1}})", 28, "r.x"},
        BadCase{"FarPadding", plain, R"({"$set": {"r.1500002": 1}})", 34, "r.1500002"},
        BadCase{"TopLevelDollar", plain, R"({"$set": {"$x": 1}})", 52, "$x"},
        BadCase{"NewId", plain, R"({"$set": {"_id": 2}})", 66, "_id"},
        BadCase{"UnsetId", plain, R"({"$unset": {"_id": 1}})", 66, "_id"},
        BadCase{"ReplacedId", plain, R"({"_id": 2})", 66, "_id"},
        BadCase{"IncByText", plain, R"({"$inc": {"a": "1"}})", 14, "a"},
        BadCase{"IncOfText", plain, R"({"$inc": {"s": 1}})", 14, "s"},
        BadCase{"Int64Overflow", R"({"_id": 1, "n": {"$numberLong": "9223372036854775807"}})",
                R"({"$inc": {"n": 1}})", 2, "n"},
        BadCase{"Int64MulOverflow", R"({"_id": 1, "n": {"$numberLong": "-9223372036854775808"}})",
                R"({"$mul": {"n": -1}})", 2, "n"},
        BadCase{"BitByDouble", plain, R"({"$bit": {"a": {"and": 1.5}}})", 2, "a"},
        BadCase{"BitOfText", plain, R"({"$bit": {"s": {"and": 1}}})", 2, "s"},
        BadCase{"BitUnknown", plain, R"({"$bit": {"a": {"nand": 1}}})", 2, "a"},
        BadCase{"CurrentDateType", plain, R"({"$currentDate": {"a": {"$type": "Date"}}})", 2, "a"},
        BadCase{"CurrentDateText", plain, R"({"$currentDate": {"a": "now"}})", 2, "a"},
        BadCase{"RenameToItself", plain, R"({"$rename": {"a": "a"}})", 2, "a"},
        BadCase{"RenameIntoItself", plain, R"({"$rename": {"d": "d.x"}})", 2, "d"},
        BadCase{"RenameToNumber", plain, R"({"$rename": {"a": 5}})", 2, "a"},
        BadCase{"RenameOutOfAnArray", plain, R"({"$rename": {"r.0": "x"}})", 2, "r.0"},
        BadCase{"RenameIntoAnArray", plain, R"({"$rename": {"a": "r.0"}})", 2, "r.0"},
        BadCase{"RenameThroughText", plain, R"({"$rename": {"s.x": "y"}})", 28, "s.x"},
        BadCase{"PushToText", plain, R"({"$push": {"s": 1}})", 2, "s"},
        BadCase{"PushUnknownModifier", plain, R"({"$push": {"r": {"$each": [], "$at": 1}}})", 2,
                "r"},
        BadCase{"PushSliceText", plain, R"({"$push": {"r": {"$each": [], "$slice": "1"}}})", 2,
                "r"},
        BadCase{"PushSortEmpty", plain, R"({"$push": {"r": {"$each": [], "$sort": {}}}})", 2, "r"},
        BadCase{"AddToSetEachText", plain, R"({"$addToSet": {"r": {"$each": 1}}})", 14, "r"},
        BadCase{"PopTwo", plain, R"({"$pop": {"r": 2}})", 9, "r"},
        BadCase{"PopOfText", plain, R"({"$pop": {"s": 1}})", 14, "s"},
        BadCase{"PullOfText", plain, R"({"$pull": {"s": 1}})", 2, "s"},
        BadCase{"PullAllNumber", plain, R"({"$pullAll": {"r": 1}})", 2, "r"},
        BadCase{"PositionalFirst", plain, R"({"$set": {"$": 1}})", 2, "$"},
        BadCase{"PositionalTwice", plain, R"({"$set": {"r.$.x.$": 1}})", 2, "r.$.x.$"},
        BadCase{"PositionalWithoutAMatch", plain, R"({"$set": {"r.$": 1}})", 2, "r.$"},
        BadCase{"AllOfText", plain, R"({"$set": {"s.$[]": 1}})", 2, "s.$[]"},
        BadCase{"AllOfNothing", plain, R"({"$set": {"none.$[]": 1}})", 2, "none.$[]"},
        BadCase{"NoSuchFilter", plain, R"({"$set": {"r.$[e]": 1}})", 2, "r.$[e]"},
        BadCase{"UnusedFilter", plain, R"({"$set": {"a": 1}})", 9, "arrayFilters", R"([{"e": 1}])"},
        BadCase{"TwoNamesInAFilter", plain, R"({"$set": {"r.$[e]": 1}})", 9, "arrayFilters[0]",
                R"([{"e": 1, "f": 1}])"},
        BadCase{"SameFilterTwice", plain, R"({"$set": {"r.$[e]": 1}})", 9, "arrayFilters[1]",
                R"([{"e": 1}, {"e": 2}])"},
        BadCase{"FilterNameInCapitals", plain, R"({"$set": {"r.$[E]": 1}})", 2, "arrayFilters[0]",
                R"([{"E": 1}])"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Updater, RefusesReplacementsOfMany) {
  EXPECT_THROW(Updater(from_json(R"({"a": 1})"), std::nullopt, false), QueryError);
  EXPECT_NO_THROW(Updater(from_json(R"({"$set": {"a": 1}})"), std::nullopt, false));
}

TEST(Updater, TakesPipelinesOfTheStagesThatChangeADocument) {
  const auto updater = Updater::of_pipeline(
      array_of(R"([{"$set": {"b": {"$add": ["$a", 1]}}}, {"$unset": "a"}])"), ParseScope());
  const auto outcome = updater.apply(from_json(R"({"_id": 1, "a": 2})"), {});
  EXPECT_TRUE(outcome.changed);
  EXPECT_EQ(bson::to_json(outcome.document), R"({"_id": 1, "b": 3})");
  try {
    (void)Updater::of_pipeline(array_of(R"([{"$match": {"a": 1}}])"), ParseScope());
    FAIL() << "accepted";
  } catch (const QueryError& error) {
    EXPECT_EQ(error.backend_code(), 72);
  }
  const auto moved = Updater::of_pipeline(array_of(R"([{"$set": {"_id": 2}}])"), ParseScope());
  EXPECT_THROW((void)moved.apply(from_json(R"({"_id": 1})"), {}), StoreError);
}

// As the server counts nModified: it compares the numbers before it writes, and NaN equals none.
TEST(Updater, CountsSameBytesThatWereWrittenAsAChange) {
  for (const char* nan : {R"({"$numberDouble": "NaN"})", R"({"$numberDecimal": "NaN"})"}) {
    const auto document = std::string(R"({"_id": 1, "n": )") + nan + "}";
    for (const char* update : {R"({"$inc": {"n": 1}})", R"({"$mul": {"n": 2}})"}) {
      const auto applied = run(document.c_str(), update);
      EXPECT_EQ(applied.json, canonical(document.c_str())) << update;
      EXPECT_TRUE(applied.changed) << update;
    }
    const auto set = std::string(R"({"$set": {"n": )") + nan + "}}";
    EXPECT_FALSE(run(document.c_str(), set.c_str()).changed);
  }
  // A replacement is compared as it was given: without the _id it is another document.
  EXPECT_TRUE(run(R"({"_id": 1, "a": 2})", R"({"a": 2})").changed);
  EXPECT_FALSE(run(R"({"_id": 1, "a": 2})", R"({"_id": 1, "a": 2})").changed);
  const char* array = R"({"_id": 1, "t": [1, 2]})";
  EXPECT_TRUE(run(array, R"({"$push": {"t": {"$each": [3], "$slice": 2}}})").changed);
  EXPECT_FALSE(run(array, R"({"$push": {"t": {"$each": [], "$slice": 2}}})").changed);
  EXPECT_FALSE(run(array, R"({"$push": {"t": {"$each": [], "$sort": 1}}})").changed);
  EXPECT_FALSE(run(array, R"({"$inc": {"t.0": 0}})").changed);
}

TEST(Updater, SetsTheCurrentDate) {
  const auto before = now();
  const Updater updater(from_json(R"({"$currentDate": {"d": true, "t": {"$type": "timestamp"}}})"),
                        std::nullopt);
  const auto outcome = updater.apply(from_json(R"({"_id": 1})"), {});
  EXPECT_GE(outcome.document["d"].as_date_time(), before);
  EXPECT_GT(outcome.document["t"].as_timestamp().seconds, 0U);
}

TEST(Updater, RefusesTooDeepAndTooLargeResults) {
  std::string path = "a";
  for (int i = 0; i < 98; ++i) path += ".a";
  const auto deep = bson::make_document("$set", bson::make_document(path, from_json("{}")));
  EXPECT_NO_THROW((void)Updater(deep, std::nullopt).apply(bson::Document{}, {}, true));
  const auto deeper =
      bson::make_document("$set", bson::make_document(path, from_json(R"({"b": {}})")));
  try {
    (void)Updater(deeper, std::nullopt).apply(bson::Document{}, {}, true);
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.backend_code(), 15);
  }
  const auto large = bson::make_document("_id", 1, "a", std::string(9'000'000, 'x'));
  const auto more =
      bson::make_document("$set", bson::make_document("b", std::string(9'000'000, 'x')));
  try {
    (void)Updater(more, std::nullopt).apply(large, {});
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.backend_code(), 17419);
  }
}

// ---- upserts

std::string upserted(const char* filter, const char* update) {
  const Updater updater(from_json(update), std::nullopt);
  return bson::to_json(updater.document_for_upsert(Matcher(from_json(filter))),
                       bson::JsonMode::canonical);
}

TEST(Upsert, TakesTheFieldsThatTheFilterFixes) {
  EXPECT_EQ(upserted(R"({"b.c": 1, "_id": 5, "x": {"$gt": 3}})",
                     R"({"$set": {"d": 1}, "$setOnInsert": {"b.e": 2}})"),
            canonical(R"({"_id": 5, "b": {"c": 1, "e": 2}, "d": 1})"));
}
TEST(Upsert, OfAReplacementTakesOnlyTheId) {
  EXPECT_EQ(upserted(R"({"_id": 5, "a": 1})", R"({"b": 1})"), canonical(R"({"_id": 5, "b": 1})"));
}
TEST(Upsert, MakesAnIdInFront) {
  const Updater updater(from_json(R"({"$set": {"a": 1}})"), std::nullopt);
  const auto document = updater.document_for_upsert(Matcher(from_json(R"({"b": 1})")));
  EXPECT_EQ(document.begin()->key, "_id");
  EXPECT_EQ(document["_id"].type(), bson::Type::object_id);
}
TEST(Upsert, RefusesAnotherId) {
  for (const auto* update : {R"({"$set": {"_id": 6}})", R"({"_id": 6})"}) {
    try {
      (void)upserted(R"({"_id": 5})", update);
      FAIL() << update;
    } catch (const StoreError& error) {
      EXPECT_EQ(error.backend_code(), 66);
    }
  }
}
TEST(Upsert, RefusesIdsThatCannotBe) {
  for (const auto* update : {R"({"$set": {"_id": [1]}})", R"({"$set": {"_id": {"$x": 1}}})"}) {
    EXPECT_THROW((void)upserted(R"({"a": 1})", update), QueryError);
  }
}

// ---- decimals

struct DecimalCase {
  const char* a;
  const char* b;
  const char* sum;
  const char* product;
};
TEST(Decimal, AddsAndMultipliesExactly) {
  constexpr DecimalCase cases[] = {
      {"1.5", "2.25", "3.75", "3.375"},
      {"1.10", "2.2", "3.30", "2.420"},
      {"-5", "5", "0", "-25"},
      {"0", "-0", "0", "-0"},
      {"9999999999999999999999999999999999", "1", "1.000000000000000000000000000000000E+34",
       "9999999999999999999999999999999999"},
      {"9999999999999999999999999999999999", "0.5", "1.000000000000000000000000000000000E+34",
       "5000000000000000000000000000000000"},
      {"1E+100", "1E-100", "1.000000000000000000000000000000000E+100", "1"},
      {"1E+40", "-1", "1.000000000000000000000000000000000E+40", "-1E+40"},
      {"1000000000000000000000000000000000", "-0.05", "1000000000000000000000000000000000",
       "-50000000000000000000000000000000.00"},
      {"1E-6176", "0.1", "0.1000000000000000000000000000000000", "0E-6176"},
      {"9.999999999999999999999999999999999E+6144", "10",
       "9.999999999999999999999999999999999E+6144", "Infinity"},
      {"Infinity", "-Infinity", "NaN", "-Infinity"},
      {"Infinity", "0", "Infinity", "NaN"},
      {"3", "NaN", "NaN", "NaN"},
      {"1E+6111", "0", "1.000000000000000000000000000000000E+6111", "0E+6111"},
  };
  for (const auto& row : cases) {
    SCOPED_TRACE(std::string(row.a) + " and " + row.b);
    const auto a = Decimal128::from_string(row.a);
    const auto b = Decimal128::from_string(row.b);
    EXPECT_EQ(decimal_add(a, b).str(), row.sum);
    EXPECT_EQ(decimal_add(b, a).str(), row.sum);
    EXPECT_EQ(decimal_multiply(a, b).str(), row.product);
    EXPECT_EQ(decimal_multiply(b, a).str(), row.product);
  }
}
TEST(Decimal, ComesFromIntegersAndDoubles) {
  EXPECT_EQ(decimal_from(std::int64_t{-9223372036854775807 - 1}).str(), "-9223372036854775808");
  EXPECT_EQ(decimal_from(1.5).str(), "1.50000000000000");
  EXPECT_EQ(decimal_from(-0.1).str(), "-0.100000000000000");
  EXPECT_EQ(decimal_from(0.0).str(), "0");
  EXPECT_EQ(decimal_from(1e300).str(), "1.00000000000000E+300");
}

// ---- properties

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  std::string name() { return std::string(1, "abcd"[below(4)]); }
  bson::Value value(int depth = 0) {
    switch (below(depth > 2 ? 5 : 7)) {
      case 0:
        return {static_cast<std::int32_t>(below(5))};
      case 1:
        return {static_cast<std::int64_t>(below(5))};
      case 2:
        return {static_cast<double>(below(5)) / 2};
      case 3:
        return {name()};
      case 4:
        return bson::Null{};
      case 5:
        return {document(depth + 1)};
      default: {
        bson::Writer array;
        for (auto n = below(4); n > 0; --n) array.push(value(depth + 1));
        return bson::Value::array(array.finish());
      }
    }
  }
  bson::Document document(int depth = 0) {
    bson::Writer out;
    if (depth == 0) out.append("_id", 1);
    const auto mask = below(16);
    for (std::size_t i = 0; i < 4; ++i) {
      if ((mask >> i & 1) != 0) out.append(std::string(1, "abcd"[i]), value(depth));
    }
    return out.finish();
  }
  std::string path() {
    std::string text = name();
    for (auto n = below(3); n > 0; --n) {
      text += '.';
      text += below(3) == 0 ? std::to_string(below(5)) : below(4) == 0 ? "$[]" : name();
    }
    return text;
  }
  bson::Document update() {
    static constexpr const char* operators[] = {"$set", "$unset", "$inc",  "$mul",  "$min",
                                                "$max", "$pop",   "$push", "$pull", "$addToSet"};
    bson::Writer out;
    const auto first = below(std::size(operators));
    for (std::size_t i = 0; i < 1 + below(2); ++i) {
      out.begin_document(operators[(first + i) % std::size(operators)]);
      for (auto n = 1 + below(3); n > 0; --n) out.append(path(), value(1));
      out.end();
    }
    return out.finish();
  }

 private:
  std::mt19937 engine_;
};

TEST(UpdateProperty, WhatIsAppliedIsAValidDocumentAndChangedIsExact) {
  int applied = 0;
  const auto seeds = static_cast<std::uint32_t>(test::rounds(20'000));
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto document = random.document();
    const auto update = random.update();
    try {
      const Updater updater(update, std::nullopt);
      const auto outcome = updater.apply(document, {});
      ASSERT_NO_THROW(bson::validate(outcome.document, {.array_keys = true, .unique_keys = true}));
      ASSERT_EQ(outcome.changed, !(outcome.document == document));
      ASSERT_EQ(outcome.document.begin()->key, "_id");
      ++applied;
    } catch (const Error& error) {
      ASSERT_NE(error.backend_code(), 0) << error.what();
    }
  }
  EXPECT_GT(applied, test::rounds(2'000));
}

TEST(UpdateProperty, WhatIsSetIsRead) {
  for (std::uint32_t seed = 1; seed <= 5'000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto document = random.document();
    const auto value = random.value();
    const auto name = random.name();
    const auto set = bson::make_document("$set", bson::make_document(name, value));
    const auto outcome = Updater(set, std::nullopt).apply(document, {});
    ASSERT_EQ(bson::Value(outcome.document[name]), value);
    for (const auto& [key, old] : document) {
      if (key == name) continue;
      ASSERT_EQ(bson::Value(outcome.document[key]), bson::Value(old));
    }
    const auto unset = bson::make_document("$unset", bson::make_document(name, 1));
    ASSERT_FALSE(Updater(unset, std::nullopt).apply(outcome.document, {}).document.contains(name));
  }
}

}  // namespace
}  // namespace quire::store::embedded
