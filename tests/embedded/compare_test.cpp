#include "store/embedded/engine/compare.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "print_bson.hpp"
#include "quire/bson/json.hpp"
#include "random_document.hpp"

namespace quire::store::embedded {
namespace {

using bson::Value;

std::vector<Value> values(const char* json) {
  const auto document = bson::from_json(std::string(R"({"v": )") + json + "}");
  std::vector<Value> out;
  for (const auto& element : document["v"].as_array()) out.emplace_back(element.value);
  return out;
}

/// Each value is less than all behind it.
void expect_ascending(const std::vector<Value>& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t k = 0; k < list.size(); ++k) {
      const int order = compare(list[i], list[k]);
      EXPECT_EQ(order, i < k   ? -1
                       : i > k ? 1
                               : 0)
          << testing::PrintToString(list[i]) << " and " << testing::PrintToString(list[k]);
    }
  }
}
void expect_equal(const std::vector<Value>& list) {
  for (const auto& a : list) {
    for (const auto& b : list) {
      EXPECT_EQ(compare(a, b), 0) << testing::PrintToString(a) << " and "
                                  << testing::PrintToString(b);
    }
  }
}

TEST(Compare, RanksTypesInBrackets) {
  expect_ascending(values(
      R"([{"$minKey": 1}, {"$undefined": true}, null, 5, "a", {"a": 1}, [1],
          {"$binary": {"base64": "AA==", "subType": "00"}}, {"$oid": "5f0000000000000000000001"},
          false, {"$date": {"$numberLong": "0"}}, {"$timestamp": {"t": 1, "i": 1}},
          {"$regularExpression": {"pattern": "a", "options": ""}},
          {"$code": "f"}, {"$code": "f", "$scope": {}}, {"$maxKey": 1}])"));
}

TEST(Compare, TakesNumbersOfAllTypesAsOne) {
  expect_equal(values(
      R"([5, {"$numberLong": "5"}, {"$numberDouble": "5.0"}, {"$numberDecimal": "5"},
          {"$numberDecimal": "5.00"}, {"$numberDecimal": "0.5E1"}])"));
  expect_equal(values(
      R"([0, {"$numberDouble": "-0.0"}, {"$numberDecimal": "-0"}, {"$numberDecimal": "0E+6000"}])"));
  expect_equal(values(
      R"([{"$numberDouble": "0.1"},
          {"$numberDouble": "0.1000000000000000055511151231257827"}])"));
}

TEST(Compare, OrdersNumbersExactly) {
  expect_ascending(values(
      R"([{"$numberDouble": "NaN"}, {"$numberDouble": "-Infinity"},
          {"$numberDecimal": "-1E+6000"}, {"$numberDouble": "-1.7976931348623157e308"},
          {"$numberLong": "-9223372036854775808"}, {"$numberLong": "-9223372036854775807"},
          {"$numberDecimal": "-1E-6000"}, 0, {"$numberDecimal": "1E-6000"},
          {"$numberDouble": "5e-324"}, {"$numberDecimal": "0.1"}, {"$numberDouble": "0.1"},
          {"$numberDouble": "9007199254740992"}, {"$numberLong": "9007199254740993"},
          {"$numberDecimal": "9007199254740993.5"}, {"$numberDouble": "9007199254740994"},
          {"$numberLong": "9223372036854775807"}, {"$numberDouble": "9223372036854775808"},
          {"$numberDecimal": "9223372036854775808.5"}, {"$numberDouble": "1.7976931348623157e308"},
          {"$numberDecimal": "1E+6000"}, {"$numberDecimal": "Infinity"}])"));
  expect_equal(values(R"([{"$numberDouble": "NaN"}, {"$numberDecimal": "NaN"}])"));
}

TEST(Compare, OrdersTextByBytes) {
  expect_ascending(values(R"(["", "\u0000", "A", "a", "a\u0000", "a\u0000b", "ab", "b", "é"])"));
  expect_equal(values(R"(["a", {"$symbol": "a"}])"));
}

TEST(Compare, OrdersDocumentsByTypeThenNameThenValue) {
  expect_ascending(
      values(R"([{}, {"z": null}, {"a": 1}, {"a": 1, "b": 1}, {"a": 2}, {"b": 0}, {"a": "x"}])"));
}

TEST(Compare, OrdersArraysByElementsAndAPrefixFirst) {
  expect_ascending(values(R"([[], [null], [1], [1, 2], [1, "a"], [2], ["a"], [[]]])"));
}

TEST(Compare, OrdersBinaryByLengthThenSubtypeThenBytes) {
  expect_ascending(values(
      R"([{"$binary": {"base64": "", "subType": "80"}}, {"$binary": {"base64": "/w==", "subType": "00"}},
          {"$binary": {"base64": "AA==", "subType": "05"}}, {"$binary": {"base64": "AAA=", "subType": "00"}}])"));
}

TEST(Compare, OrdersDatesBeforeTheEpochFirst) {
  expect_ascending(values(
      R"([{"$date": {"$numberLong": "-62135596800000"}}, {"$date": {"$numberLong": "-1"}},
          {"$date": {"$numberLong": "0"}}, {"$date": {"$numberLong": "1"}}])"));
}

TEST(Compare, OrdersTimestampsUnsignedBySeconds) {
  expect_ascending(values(
      R"([{"$timestamp": {"t": 1, "i": 4000000000}}, {"$timestamp": {"t": 2, "i": 0}},
          {"$timestamp": {"t": 4000000000, "i": 0}}])"));
}

TEST(Compare, IsATotalOrderOfRandomValues) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    test::RandomDocument make(seed);
    const auto a = make.value();
    const auto b = make.value();
    const auto c = make.value();
    EXPECT_EQ(compare(a, a), 0);
    EXPECT_EQ(compare(a, b), -compare(b, a)) << "seed " << seed;
    if (compare(a, b) <= 0 && compare(b, c) <= 0) {
      EXPECT_LE(compare(a, c), 0) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace quire::store::embedded
