#include "store/embedded/engine/sort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

using bson::from_json;

/// The field n of `documents` in the order that `sort` gives.
std::string sorted(const char* sort, std::vector<const char*> documents) {
  const Sorter sorter(from_json(sort));
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto* json : documents) {
    const auto document = from_json(json);
    std::string key;
    sorter.append_sort_key(document, key);
    rows.emplace_back(key, std::string(document["n"].as_string()));
  }
  std::sort(rows.begin(), rows.end());  // equal keys: by name, which is the order given
  std::string names;
  for (const auto& row : rows) names += row.second;
  return names;
}

TEST(Sorter, OrdersByEachFieldInItsDirection) {
  const std::vector<const char*> documents{
      R"({"n": "A", "a": 1, "b": 1})", R"({"n": "B", "a": 2.5, "b": 1})",
      R"({"n": "C", "a": 1, "b": 2})", R"({"n": "D", "a": {"$numberLong": "2"}, "b": 9})"};
  EXPECT_EQ(sorted(R"({"a": 1, "b": 1})", documents), "ACDB");
  EXPECT_EQ(sorted(R"({"a": 1, "b": -1})", documents), "CADB");
  EXPECT_EQ(sorted(R"({"a": -1, "b": -1})", documents), "BDCA");
}

TEST(Sorter, PutsMissingWithNullAndEmptyArraysBelow) {
  const std::vector<const char*> documents{R"({"n": "A", "a": 1})", R"({"n": "B"})",
                                           R"({"n": "C", "a": null})", R"({"n": "D", "a": []})",
                                           R"({"n": "E", "a": "x"})"};
  EXPECT_EQ(sorted(R"({"a": 1})", documents), "DBCAE");
  EXPECT_EQ(sorted(R"({"a": -1})", documents), "EABCD");
}

TEST(Sorter, TakesTheSmallestElementAscendingAndTheLargestDescending) {
  const std::vector<const char*> documents{R"({"n": "A", "a": [1, 10]})", R"({"n": "B", "a": 5})",
                                           R"({"n": "C", "a": [4, 6]})"};
  EXPECT_EQ(sorted(R"({"a": 1})", documents), "ACB");
  EXPECT_EQ(sorted(R"({"a": -1})", documents), "ACB");
}

TEST(Sorter, FollowsPathsIntoArraysOfDocuments) {
  const std::vector<const char*> documents{R"({"n": "A", "a": [{"b": 7}, {"b": 3}]})",
                                           R"({"n": "B", "a": {"b": 5}})", R"({"n": "C", "a": 1})"};
  EXPECT_EQ(sorted(R"({"a.b": 1})", documents), "CAB");
  EXPECT_EQ(sorted(R"({"a.b": -1})", documents), "ABC");
}

TEST(Sorter, WithoutFieldsIsEmpty) {
  EXPECT_TRUE(Sorter().empty());
  EXPECT_TRUE(Sorter(from_json("{}")).empty());
  EXPECT_FALSE(Sorter(from_json(R"({"a": {"$numberDecimal": "-1.0"}})")).empty());
}

TEST(Sorter, RefusesOrdersThatMeanNothing) {
  const std::pair<const char*, int> wrong[] = {
      {R"({"a": 2})", 15975},
      {R"({"a": 0.5})", 15975},
      {R"({"a": "asc"})", 15974},
      {R"({"a": true})", 15974},
      {R"({"": 1})", 15976},
      {R"({"a..b": 1})", 15998},
      {R"({"a.": 1})", 15998},
      {R"({"$a": 1})", 16410},
      {R"({"a": {"$numberDouble": "NaN"}})", 15975},
      {R"({"a": {"x": 1}})", 15974},
  };
  for (const auto& [sort, code] : wrong) {
    try {
      Sorter{from_json(sort)};
      ADD_FAILURE() << "no error: " << sort;
    } catch (const QueryError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_sort) << sort;
      EXPECT_EQ(error.backend_code(), code) << sort;
    }
  }
  EXPECT_THROW(Sorter{from_json(R"({"a": {"$meta": "textScore"}})")}, StoreError);
}

TEST(Sorter, RefusesTwoArraysInOneDocument) {
  const Sorter sorter(from_json(R"({"a": 1, "b": 1})"));
  std::string key;
  EXPECT_THROW(sorter.append_sort_key(from_json(R"({"a": [1], "b": [2]})"), key), QueryError);
}

}  // namespace
}  // namespace quire::store::embedded
