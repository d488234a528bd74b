#include <array>

#include "command_fixture.hpp"

namespace quire::store::embedded {
namespace {

class SpecialIndex : public CommandFileTest {
 protected:
  void fill() {
    (void)run(R"({"insert": "c", "documents": [
      {"_id": 1, "a": 1, "b": {"c": 5}}, {"_id": 2, "a": [1, 2], "b": {"c": [7, {"d": 1}]}},
      {"_id": 3, "a": "x"}, {"_id": 4, "a": null}, {"_id": 5},
      {"_id": 6, "a": {}, "b": []}, {"_id": 7, "a": {"e": {"f": 3}}, "b.c": 5},
      {"_id": 8, "a": [[1]], "b": [{"c": 5}, {"c": 6}]}, {"_id": 9, "a": true, "b": 2.5}]})");
  }
};

TEST_F(SpecialIndex, WildcardAnswersAsAScanDoes) {
  fill();
  constexpr auto filters = std::to_array<const char*>({R"({"a": 1})",
                                                       R"({"a": {"$gt": 0}})",
                                                       R"({"a": {"$lte": 2}})",
                                                       R"({"a": "x"})",
                                                       R"({"a": {"$in": [1, "x", true]}})",
                                                       R"({"a": null})",
                                                       R"({"a": {"$exists": true}})",
                                                       R"({"a": {"$exists": false}})",
                                                       R"({"a": {"$ne": 1}})",
                                                       R"({"a": {}})",
                                                       R"({"a": [1, 2]})",
                                                       R"({"b.c": 5})",
                                                       R"({"b.c": {"$gte": 6}})",
                                                       R"({"b.c.d": 1})",
                                                       R"({"a.e.f": 3})",
                                                       R"({"b": {"$exists": true}})",
                                                       R"({"a": {"$type": "array"}})",
                                                       R"({"a": {"$size": 2}})",
                                                       R"({"b.0.c": 5})",
                                                       R"({"a": {"$regex": "^x"}})",
                                                       R"({"a": {"$not": {"$gt": 1}}})",
                                                       R"({"a": {"$elemMatch": {"$gt": 1}}})",
                                                       R"({"b": {"$elemMatch": {"c": 6}}})",
                                                       R"({"a": 1, "b.c": 5})",
                                                       R"({"$or": [{"a": "x"}, {"b.c": 6}]})",
                                                       R"({"a": {"$gte": {"$minKey": 1}}})",
                                                       R"({"a": {"$lt": {"$maxKey": 1}}})"});
  std::vector<std::string> scanned;
  for (const auto* filter : filters)
    scanned.push_back(ids(R"({"find": "c", "sort": {"_id": 1}, "filter": )" + std::string(filter) +
                          R"(, "hint": {"$natural": 1}})"));
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"$**": 1}, "name": "all"}]})");
  for (std::size_t i = 0; i < filters.size(); ++i) {
    EXPECT_EQ(
        ids(R"({"find": "c", "sort": {"_id": 1}, "filter": )" + std::string(filters[i]) + "}"),
        scanned[i])
        << filters[i];
    EXPECT_EQ(ids(R"({"find": "c", "sort": {"_id": 1}, "hint": "all", "filter": )" +
                  std::string(filters[i]) + "}"),
              scanned[i])
        << filters[i] << " by hint";
  }
  EXPECT_EQ(reading_stage(R"({"find": "c", "filter": {"b.c": 5}})"), "IXSCAN");
  EXPECT_EQ(reading_stage(R"({"find": "c", "filter": {"b.c": null}})"), "COLLSCAN");
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(SpecialIndex, WildcardEntriesFollowUpdatesAndRemovals) {
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"$**": 1}, "name": "all"}]})");
  fill();
  (void)run(R"({"update": "c", "updates": [{"q": {"_id": 5}, "u": {"$set": {"z.y": 4}}}]})");
  (void)run(R"({"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$unset": {"b": 1}}}]})");
  (void)run(R"({"delete": "c", "deletes": [{"q": {"_id": 8}, "limit": 1}]})");
  EXPECT_EQ(ids(R"({"find": "c", "filter": {"z.y": 4}})"), "5 ");
  EXPECT_EQ(ids(R"({"find": "c", "filter": {"b.c": 5}})"), "");
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(SpecialIndex, WildcardTakesWhatTheProjectionSays) {
  fill();
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"$**": 1}, "name": "some",
                "wildcardProjection": {"b.c": 1}}]})");
  EXPECT_EQ(reading_stage(R"({"find": "c", "filter": {"b.c": 5}})"), "IXSCAN");
  EXPECT_EQ(reading_stage(R"({"find": "c", "filter": {"a": 1}})"), "COLLSCAN");
  EXPECT_EQ(code(R"({"find": "c", "filter": {"a": 1}, "hint": "some"})"), 291);
  EXPECT_EQ(code(R"({"createIndexes": "c", "indexes": [{"key": {"$**": 1}, "name": "n",
                     "wildcardProjection": {"a": 1, "a.b": 1}}]})"),
            31249);
}

TEST_F(SpecialIndex, CompoundWildcardFindsBehindItsFirstField) {
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"t": 1, "p.$**": 1}, "name": "tp"}]})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "t": 1, "p": {"x": 1}},
                {"_id": 2, "t": 1, "p": {"x": 2}}, {"_id": 3, "t": 2, "p": {"x": 1}},
                {"_id": 4, "t": 1}]})");
  EXPECT_EQ(ids(R"({"find": "c", "filter": {"t": 1, "p.x": {"$gte": 1}}})"), "1 2 ");
  EXPECT_EQ(reading_stage(R"({"find": "c", "filter": {"t": 1, "p.x": 1}})"), "IXSCAN");
  EXPECT_EQ(ids(R"({"find": "c", "filter": {"t": 1}})"), "1 2 4 ");
  EXPECT_EQ(run(R"({"insert": "c", "documents": [{"_id": 5, "t": [1]}]})")["writeErrors"]
                .as_array()
                .begin()
                ->value.as_document()["code"]
                .as_int32(),
            7246301);
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(SpecialIndex, HashedFindsEqualValuesWhateverTheirType) {
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": "hashed"}, "name": "a_hashed"}]})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 5},
                {"_id": 2, "a": {"$numberLong": "5"}}, {"_id": 3, "a": "x"}, {"_id": 4}]})");
  EXPECT_EQ(ids(R"({"find": "c", "filter": {"a": 5.0}, "sort": {"_id": 1}})"), "1 2 ");
  EXPECT_EQ(reading_stage(R"({"find": "c", "filter": {"a": 5}})"), "IXSCAN");
  EXPECT_EQ(ids(R"({"find": "c", "filter": {"a": {"$gt": 4}}, "sort": {"_id": 1}})"), "1 2 ");
  EXPECT_EQ(ids(R"({"find": "c", "filter": {"a": null}})"), "4 ");
  EXPECT_EQ(ids(R"({"find": "c", "sort": {"a": 1}})"), "4 1 2 3 ");
  EXPECT_EQ(run(R"({"insert": "c", "documents": [{"_id": 5, "a": [1]}]})")["n"].as_int32(), 0);
  EXPECT_EQ(code(R"({"createIndexes": "d", "indexes": [{"key": {"a": "hashed"}, "name": "a",
                     "unique": true}]})"),
            16764);
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(SpecialIndex, MinAndMaxBoundTheHintedIndex) {
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 4}, {"_id": 2, "a": 2},
                {"_id": 3, "a": 3}, {"_id": 4, "a": 1}]})");
  EXPECT_EQ(ids(R"({"find": "c", "min": {"a": 2}, "max": {"a": 4}, "hint": {"a": 1}})"), "2 3 ");
  EXPECT_EQ(ids(R"({"find": "c", "min": {"a": 2}, "hint": "a_1", "skip": 1, "limit": 1})"), "3 ");
  EXPECT_EQ(code(R"({"find": "c", "min": {"a": 2}})"), 51173);
  EXPECT_EQ(code(R"({"find": "c", "min": {"b": 2}, "hint": {"a": 1}})"), 51174);
  EXPECT_EQ(code(R"({"find": "c", "min": {"a": 2}, "max": {"a": 1}, "hint": {"a": 1}})"), 51175);
  const auto keys = run(R"({"find": "c", "filter": {"a": 2}, "returnKey": true})");
  EXPECT_EQ(bson::to_json(
                keys["cursor"].as_document()["firstBatch"].as_array().begin()->value.as_document()),
            R"({"a": 2})");
}

}  // namespace
}  // namespace quire::store::embedded
