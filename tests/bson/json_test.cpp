#include "quire/bson/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "print_bson.hpp"
#include "quire/bson/bson.hpp"
#include "random_document.hpp"
#include "sanitized.hpp"

namespace quire::bson {
namespace {

struct BadJson {
  const char* name;
  const char* json;
  const char* place;  // what the sentence must have of it
};
class Refused : public ::testing::TestWithParam<BadJson> {};
TEST_P(Refused, WithItsPlace) {
  try {
    (void)from_json(GetParam().json);
    FAIL() << "accepted " << GetParam().json;
  } catch (const FormatError& error) {
    EXPECT_EQ(error.code(), ErrorCode::malformed_json);
    EXPECT_NE(error.detail().find(GetParam().place), std::string::npos) << error.detail();
  }
}
INSTANTIATE_TEST_SUITE_P(
    FromJson, Refused,
    ::testing::Values(
        BadJson{"Empty", "", "offset 0, line 1, column 1"},
        BadJson{"NoDocument", "[1]", "offset 0, line 1, column 1"},
        BadJson{"Cut", "{\"a\": 1", "offset 7, line 1, column 8"},
        BadJson{"CommaAtTheEnd", "{\"a\": 1,}", "line 1, column 9"},
        BadJson{"NoColon", "{\n  \"a\" 1}", "line 2, column 7"},
        BadJson{"TextBehind", "{} x", "line 1, column 4"},
        BadJson{"LeadingZero", "{\"a\": 01}", "line 1"},
        BadJson{"NoFraction", "{\"a\": 1.}", "line 1, column 9"},
        BadJson{"TooLarge", "{\"a\": 1e999}", "line 1, column 7"},
        BadJson{"SingleQuotes", "{'a': 1}", "line 1, column 2"},
        BadJson{"OpenString", "{\"a\": \"b}", "line 1, column 7"},
        BadJson{"RawNewline", "{\"a\": \"b\nc\"}", "line 1, column 9"},
        BadJson{"BadEscape", "{\"a\": \"\\x\"}", "line 1"},
        BadJson{"LoneHighSurrogate", "{\"a\": \"\\ud83d\"}", "line 1"},
        BadJson{"LoneLowSurrogate", "{\"a\": \"\\ude00\"}", "line 1"},
        BadJson{"ZeroInAName", "{\"a\\u0000b\": 1}", "line 1, column 2"},
        BadJson{"IntOutOfRange", "{\"a\": {\"$numberInt\": \"2147483648\"}}", "line 1, column 7"},
        BadJson{"BadDate", "{\"a\": {\"$date\": \"2023-02-29T00:00:00Z\"}}", "line 1, column 7"},
        BadJson{"BadBase64", "{\"a\": {\"$binary\": {\"base64\": \"A\", \"subType\": \"00\"}}}",
                "line 1, column 7"},
        BadJson{"BadUuid", "{\"a\": {\"$uuid\": \"1\"}}", "line 1, column 7"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(FromJson, RefusesTextThatIsNotUtf8) {
  try {
    (void)from_json("{\"a\": \"\xFF\"}");
    FAIL();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_utf8);
  }
}

TEST(FromJson, SurvivesTextOfBracketsAlone) {
  EXPECT_THROW((void)from_json("{\"a\": " + std::string(200'000, '[')), Error);
  std::string deep;
  for (int i = 0; i < 50'000; ++i) deep += "{\"$code\": ";
  EXPECT_THROW((void)from_json(deep), Error);
}

TEST(FromJson, ChoosesTheNarrowestInteger) {
  const auto document = from_json(R"({"a": 2147483647, "b": 2147483648, "c": 1.0, "d": 1e2})");
  EXPECT_EQ(document["a"].type(), Type::int32);
  EXPECT_EQ(document["b"].type(), Type::int64);
  EXPECT_EQ(document["c"].type(), Type::double_);
  EXPECT_EQ(document["d"].as_double(), 100.0);
}

TEST(FromJson, KeepsOperatorsThatAreNoTypes) {
  const auto filter = from_json(R"({"a": {"$gt": 5}, "$or": [{"b": {"$regex": "^x"}}]})");
  EXPECT_EQ(filter["a"].as_document()["$gt"].as_int32(), 5);
}

TEST(ToJson, WritesEachModeInItsWay) {
  const auto document =
      make_document("l", std::int64_t{5}, "d", 1.0, "t", DateTime{std::chrono::milliseconds{1500}},
                    "id", ObjectId::from_string("65a0b1c2d3e4f5061728394a"));
  EXPECT_EQ(to_json(document.view()),
            R"({"l": 5, "d": 1.0, "t": {"$date": "1970-01-01T00:00:01.500Z"}, )"
            R"("id": {"$oid": "65a0b1c2d3e4f5061728394a"}})");
  EXPECT_EQ(
      to_json(document.view(), JsonMode::canonical),
      R"({"l": {"$numberLong": "5"}, "d": {"$numberDouble": "1.0"}, )"
      R"("t": {"$date": {"$numberLong": "1500"}}, "id": {"$oid": "65a0b1c2d3e4f5061728394a"}})");
  EXPECT_EQ(to_json(document.view(), JsonMode::shell),
            R"({"l": Long("5"), "d": 1.0, "t": ISODate("1970-01-01T00:00:01.500Z"), )"
            R"("id": ObjectId("65a0b1c2d3e4f5061728394a")})");
}

TEST(ToJson, WritesDatesBeforeTheEpochAsNumbers) {
  const auto document = make_document("t", DateTime{std::chrono::milliseconds{-1}});
  EXPECT_EQ(to_json(document.view()), R"({"t": {"$date": {"$numberLong": "-1"}}})");
}

TEST(ToJson, IndentsWhenAsked) {
  const auto document = make_document("a", make_document("b", 1), "c", make_document());
  EXPECT_EQ(to_json(document.view(), JsonMode::relaxed, 2),
            "{\n  \"a\": {\n    \"b\": 1\n  },\n  \"c\": {}\n}");
}

TEST(JsonProperty, CanonicalKeepsEachDocument) {
  const bool held = rc::check("from_json(to_json(d, canonical)) == d", [](std::uint64_t seed) {
    test::RandomDocument make(seed);
    const auto document = make.document();
    RC_ASSERT(from_json(to_json(document.view(), JsonMode::canonical)) == document);
    RC_ASSERT(from_json(to_json(document.view(), JsonMode::canonical, 2)) == document);
  });
  EXPECT_TRUE(held);
}

TEST(JsonProperty, RelaxedKeepsWhatItWrites) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE(seed);
    test::RandomDocument make(seed);
    const auto text = to_json(make.document().view());
    ASSERT_EQ(to_json(from_json(text).view()), text);
  }
}

TEST(JsonProperty, EachPrefixIsRefused) {
  const auto seeds = static_cast<std::uint64_t>(test::rounds(100));
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto text = to_json(test::RandomDocument(seed).document().view(), JsonMode::canonical);
    for (std::size_t n = 0; n < text.size(); ++n)
      ASSERT_THROW((void)from_json(std::string_view(text).substr(0, n)), Error)
          << text.substr(0, n);
  }
}

}  // namespace
}  // namespace quire::bson
