#include "store/embedded/engine/projection.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

using bson::from_json;

std::string canonical(const bson::Document& document) {
  return bson::to_json(document, bson::JsonMode::canonical);
}

struct Case {
  const char* name;
  const char* projection;
  const char* document;
  const char* expected;
  std::optional<std::size_t> position = std::nullopt;
};
class Projection : public ::testing::TestWithParam<Case> {};

TEST_P(Projection, GivesTheDocument) {
  const auto& row = GetParam();
  const Projector projector(from_json(row.projection));
  EXPECT_EQ(projector.needs_details(), row.position.has_value());
  const auto document = projector.apply(from_json(row.document), MatchDetails{row.position});
  EXPECT_EQ(canonical(document), canonical(from_json(row.expected)));
}

constexpr const char* user =
    R"({"_id": 1, "a": 1, "b": {"c": 2, "d": {"e": 3, "f": 4}}, "l": [{"x": 1, "y": 2}, 5, [{"x": 3}]]})";

INSTANTIATE_TEST_SUITE_P(
    Fields, Projection,
    ::testing::Values(Case{"IncludesWithId", R"({"a": 1})", user, R"({"_id": 1, "a": 1})"},
                      Case{"LeavesOutTheId", R"({"a": true, "_id": 0})", user, R"({"a": 1})"},
                      Case{"OnlyTheId", R"({"_id": 1})", user, R"({"_id": 1})"},
                      Case{"AllButTheId", R"({"_id": 0})", R"({"_id": 1, "a": 1})", R"({"a": 1})"},
                      Case{"Excludes", R"({"b": 0, "l": false})", user, R"({"_id": 1, "a": 1})"},
                      Case{"KeepsTheOrderOfTheDocument", R"({"b.d.f": 1, "a": 1})", user,
                           R"({"_id": 1, "a": 1, "b": {"d": {"f": 4}}})"},
                      Case{"TakesNestedDocumentsAsPaths", R"({"b": {"c": 1, "d": {"e": 1}}})", user,
                           R"({"_id": 1, "b": {"c": 2, "d": {"e": 3}}})"},
                      Case{"IncludesThroughArrays", R"({"l.x": 1})", user,
                           R"({"_id": 1, "l": [{"x": 1}, [{"x": 3}]]})"},
                      Case{"ExcludesThroughArrays", R"({"l.x": 0, "a": 0, "b": 0})", user,
                           R"({"_id": 1, "l": [{"y": 2}, 5, [{}]]})"},
                      Case{"LeavesOutScalarsOnTheWay", R"({"a.z": 1})", user, R"({"_id": 1})"},
                      Case{"AddsLiterals", R"({"a": 1, "n": "text", "b.k": {"$literal": 5}})",
                           R"({"_id": 1, "a": 2, "b": {"x": 1}})",
                           R"({"_id": 1, "a": 2, "b": {"k": 5}, "n": "text"})"}),
    [](const auto& row) { return std::string{row.param.name}; });

constexpr const char* numbers = R"({"_id": 1, "l": [1, 2, 3, 4], "k": 5})";

INSTANTIATE_TEST_SUITE_P(
    Arrays, Projection,
    ::testing::Values(
        Case{"SliceFirst", R"({"l": {"$slice": 2}})", numbers,
             R"({"_id": 1, "l": [1, 2], "k": 5})"},
        Case{"SliceLast", R"({"l": {"$slice": -1}})", numbers, R"({"_id": 1, "l": [4], "k": 5})"},
        Case{"SliceNone", R"({"l": {"$slice": 0}})", numbers, R"({"_id": 1, "l": [], "k": 5})"},
        Case{"SliceRange", R"({"l": {"$slice": [1, 2]}})", numbers,
             R"({"_id": 1, "l": [2, 3], "k": 5})"},
        Case{"SliceFromTheEnd", R"({"l": {"$slice": [-9, 2]}})", numbers,
             R"({"_id": 1, "l": [1, 2], "k": 5})"},
        Case{"SliceBeyond", R"({"l": {"$slice": [9, 2]}})", numbers,
             R"({"_id": 1, "l": [], "k": 5})"},
        Case{"SliceOfAScalar", R"({"k": {"$slice": 2}})", numbers, numbers},
        Case{"SliceWithInclusion", R"({"l": {"$slice": 1}, "z": 1})", numbers,
             R"({"_id": 1, "l": [1]})"},
        Case{"ElemMatchTakesTheFirst", R"({"l": {"$elemMatch": {"$gt": 1}}})", numbers,
             R"({"_id": 1, "l": [2]})"},
        Case{"ElemMatchOfNone", R"({"l": {"$elemMatch": {"$gt": 9}}})", numbers, R"({"_id": 1})"},
        Case{"ElemMatchComesLast", R"({"l": {"$elemMatch": {"$gt": 2}}, "k": 1})", numbers,
             R"({"_id": 1, "k": 5, "l": [3]})"},
        Case{"ElemMatchWithExclusionStays", R"({"l": {"$elemMatch": {"$gt": 2}}, "_none": 0})",
             numbers, R"({"_id": 1, "l": [3], "k": 5})"},
        Case{"PositionalTakesTheMatch", R"({"l.$": 1})", numbers, R"({"_id": 1, "l": [3]})", 2},
        Case{"PositionalOfANestedArray", R"({"a.l.$": 1, "b": 1})",
             R"({"_id": 1, "a": {"l": [1, 2], "x": 1}, "b": 2})",
             R"({"_id": 1, "a": {"l": [2]}, "b": 2})", 1},
        Case{"PositionalOfAScalarKeepsIt", R"({"k.$": 1})", numbers, R"({"_id": 1, "k": 5})", 0}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Projector, KeepsEverythingWhenEmpty) {
  EXPECT_TRUE(Projector().keeps_everything());
  EXPECT_TRUE(Projector(from_json("{}")).keeps_everything());
  EXPECT_EQ(canonical(Projector().apply(from_json(user), {})), canonical(from_json(user)));
}

struct BadCase {
  const char* name;
  const char* projection;
  int backend_code;
  const char* path;
};
class BadProjection : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadProjection, NamesCodeAndPath) {
  const auto& row = GetParam();
  try {
    const Projector projector(from_json(row.projection));
    (void)projector.apply(from_json(numbers), {});
    FAIL() << "accepted " << row.projection;
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_projection);
    EXPECT_EQ(error.backend_code(), row.backend_code) << error.what();
    EXPECT_EQ(error.path().str(), row.path);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bad, BadProjection,
    ::testing::Values(
        BadCase{"ExclusionAmongInclusions", R"({"a": 1, "b": 0})", 31254, "b"},
        BadCase{"InclusionAmongExclusions", R"({"a": 0, "b": 1})", 31253, "b"},
        BadCase{"FieldThenItsPart", R"({"a": 1, "a.b": 1})", 31249, "a.b"},
        BadCase{"PartThenItsField", R"({"a.b": 1, "a": 1})", 31250, "a"},
        BadCase{"EmptyName", R"({"": 1})", 40352, ""},
        BadCase{"EmptyPart", R"({"a..b": 1})", 15998, "a..b"},
        BadCase{"TrailingDot", R"({"a.": 1})", 40353, "a."},
        BadCase{"DollarName", R"({"$a": 1})", 16410, "$a"},
        BadCase{"EmptyDocument", R"({"a": {}})", 51270, "a"},
        BadCase{"UnknownExpression", R"({"a": {"$inc": 1}})", 31325, "a"},
        BadCase{"SliceOfText", R"({"l": {"$slice": "x"}})", 28667, "l"},
        BadCase{"SliceOfNothing", R"({"l": {"$slice": []}})", 28667, "l"},
        BadCase{"SliceWithoutALimit", R"({"l": {"$slice": [0, 0]}})", 28724, "l"},
        BadCase{"SliceOfTexts", R"({"l": {"$slice": ["a", 1]}})", 28724, "l"},
        BadCase{"ElemMatchOfANumber", R"({"l": {"$elemMatch": 1}})", 31274, "l"},
        BadCase{"ElemMatchOnAPath", R"({"a.l": {"$elemMatch": {"$gt": 1}}})", 31275, "a.l"},
        BadCase{"ElemMatchUnknownOperator", R"({"l": {"$elemMatch": {"$bad": 1}}})", 2, "l"},
        BadCase{"PositionalOfText", R"({"l.$": "x"})", 31308, "l"},
        BadCase{"PositionalTwice", R"({"l.$": 1, "k.$": 1})", 31276, "k"},
        BadCase{"PositionalInside", R"({"l.$.x": 1})", 31394, "l.$.x"},
        BadCase{"PositionalWithoutAMatch", R"({"l.$": 1})", 51246, "l"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Projection, ComputesFields) {
  const Projector projector(
      from_json(R"({"a": 1, "sum": {"$add": ["$a", "$b"]}, "l": ["$b", "x"], "n.m": "$b"})"));
  EXPECT_EQ(bson::to_json(projector.apply(from_json(R"({"_id": 1, "a": 2, "b": 3})"), {})),
            R"({"_id": 1, "a": 2, "sum": 5, "l": [3, "x"], "n": {"m": 3}})");
  const Projector slice(from_json(R"({"l": {"$slice": ["$l", 1]}})"));
  EXPECT_EQ(bson::to_json(slice.apply(from_json(R"({"_id": 1, "l": [7, 8]})"), {})),
            R"({"_id": 1, "l": [7]})");
}

}  // namespace
}  // namespace quire::store::embedded
