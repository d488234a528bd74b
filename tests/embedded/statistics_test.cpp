#include "command_fixture.hpp"

namespace quire::store::embedded {
namespace {

class Statistics : public CommandFileTest {
 protected:
  Statistics() {
    (void)run(R"({"create": "c"})");
    (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
    (void)run(R"({"create": "v", "viewOn": "c"})");
    (void)run(R"({"create": "m", "viewOn": "c", "pipeline": [{"$match": {"a": 1}}]})");
    (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 1}, {"_id": 2, "a": 2}]})");
  }
  static std::string aggregate(std::string_view on, std::string_view pipeline,
                               std::string_view more = "") {
    return R"({"aggregate": )" + std::string(on) + R"(, "pipeline": [)" + std::string(pipeline) +
           R"(], "cursor": {})" + std::string(more) + "}";
  }
  std::vector<bson::Document> documents(std::string_view on, std::string_view pipeline,
                                        std::string_view database = "main",
                                        std::string_view more = "") {
    const auto reply = run(aggregate(on, pipeline, more), database);
    std::vector<bson::Document> out;
    for (const auto& one : reply["cursor"].as_document()["firstBatch"].as_array())
      out.emplace_back(one.value.as_document());
    return out;
  }
  int failure(std::string_view on, std::string_view pipeline, std::string_view database = "main",
              std::string_view more = "") {
    return code(aggregate(on, pipeline, more), database);
  }
};

constexpr std::string_view c = R"("c")";

TEST_F(Statistics, CollStatsCountsAndScales) {
  const auto found = documents(
      c, R"({"$collStats": {"count": {}, "storageStats": {"scale": 2}, "queryExecStats": {},
             "latencyStats": {"histograms": true}}})");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["ns"].as_string(), "main.c");
  EXPECT_EQ(found[0]["count"].as_int32(), 2);
  const auto storage = found[0]["storageStats"].as_document();
  EXPECT_EQ(storage["count"].as_int32(), 2);
  EXPECT_EQ(storage["nindexes"].as_int32(), 2);
  EXPECT_EQ(storage["scaleFactor"].as_int32(), 2);
  const auto plain = run(R"({"collStats": "c"})");
  EXPECT_EQ(storage["size"].as_int32(), plain["size"].as_int32() / 2);
  EXPECT_TRUE(found[0]["latencyStats"].as_document()["reads"].as_document().contains("histogram"));
}

TEST_F(Statistics, CollStatsRefusesViewsAbsencesAndWrongOptions) {
  EXPECT_EQ(failure(R"("v")", R"({"$collStats": {"count": {}}})"), 166);
  EXPECT_EQ(documents(R"("m")", R"({"$collStats": {"latencyStats": {}}})").size(), 1U);
  EXPECT_EQ(failure(R"("none")", R"({"$collStats": {"count": {}}})"), 26);
  EXPECT_EQ(failure(c, R"({"$collStats": 1})"), 5447000);
  EXPECT_EQ(failure(c, R"({"$collStats": {"Count": {}}})"), 40415);
  EXPECT_EQ(failure(c, R"({"$collStats": {"count": {"x": 1}}})"), 31170);
  EXPECT_EQ(failure(c, R"({"$collStats": {"storageStats": {"scale": "1"}}})"), 14);
  EXPECT_EQ(failure(c, R"({"$collStats": {"storageStats": {"scale": 0.5}}})"), 2);
  EXPECT_EQ(failure(c, R"({"$match": {}}, {"$collStats": {}})"), 40602);
  EXPECT_EQ(failure(c, R"({"$facet": {"f": [{"$collStats": {}}]}})"), 40600);
}

TEST_F(Statistics, IndexStatsTellsEachIndex) {
  const auto found = documents(R"("v")", R"({"$indexStats": {}}, {"$sort": {"name": 1}})");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]["name"].as_string(), "_id_");
  EXPECT_EQ(found[1]["key"].as_document()["a"].as_int32(), 1);
  EXPECT_EQ(found[1]["spec"].as_document()["v"].as_int32(), 2);
  EXPECT_EQ(found[1]["accesses"].as_document()["ops"].as_int64(), 0);
  EXPECT_TRUE(documents(R"("none")", R"({"$indexStats": {}})").empty());
  EXPECT_EQ(failure(R"("m")", R"({"$indexStats": {}})"), 40602);
  EXPECT_EQ(failure(c, R"({"$indexStats": {"a": 1}})"), 28803);
}

TEST_F(Statistics, PlanCacheIsEmpty) {
  EXPECT_TRUE(documents(c, R"({"$planCacheStats": {"allHosts": false}})").empty());
  EXPECT_EQ(failure(c, R"({"$planCacheStats": {"allHosts": true}})"), 4503200);
  EXPECT_EQ(failure(c, R"({"$planCacheStats": {"allHosts": 1}})"), 13111);
  EXPECT_EQ(failure(R"("none")", R"({"$planCacheStats": {}})"), 50933);
  EXPECT_EQ(
      failure(c, R"({"$planCacheStats": {}})", "main", R"(, "readConcern": {"level": "majority"})"),
      72);
}

TEST_F(Statistics, ListClusterCatalogTellsADatabaseOrAll) {
  (void)run(R"({"create": "other"})", "second");
  EXPECT_EQ(documents("1", R"({"$listClusterCatalog": {}})").size(), 3U);
  const auto all = documents("1", R"({"$listClusterCatalog": {"shards": true}},
                                     {"$match": {"ns": "second.other"}})",
                             "admin");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["type"].as_string(), "collection");
  EXPECT_TRUE(all[0].contains("shards"));
  EXPECT_EQ(failure(c, R"({"$listClusterCatalog": {}})"), 9621301);
  EXPECT_EQ(failure("1", R"({"$listClusterCatalog": {"shards": 1}})"), 14);
}

TEST_F(Statistics, SessionsAndOperationsAreThoseOfCommands) {
  constexpr std::string_view lsid =
      R"(, "lsid": {"id": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}})";
  const auto own =
      documents("1", R"({"$listLocalSessions": {}}, {"$addFields": {"x": 1}})", "main", lsid);
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0]["x"].as_int32(), 1);
  EXPECT_EQ(own[0]["_id"].as_document()["id"].as_binary().size, 16U);
  const auto operations = documents("1", R"({"$currentOp": {}})", "admin", lsid);
  ASSERT_EQ(operations.size(), 1U);
  EXPECT_EQ(operations[0]["ns"].as_string(), "admin.$cmd.aggregate");
  EXPECT_TRUE(operations[0]["command"].as_document().contains("aggregate"));
  EXPECT_EQ(failure("1", R"({"$currentOp": {}})"), 73);
  EXPECT_EQ(failure("1", R"({"$currentOp": {"x": true}})", "admin"), 9);
  EXPECT_EQ(failure(c, R"({"$listLocalSessions": {}})"), 73);
  EXPECT_EQ(failure("1", R"({"$facet": {"f": [{"$listLocalSessions": {}}]}})"), 40600);
}

TEST_F(Statistics, PipelinesOnADatabaseNeedAStageThatMakesDocuments) {
  EXPECT_EQ(failure("1", R"({"$match": {}})"), 73);
  EXPECT_EQ(failure("1", ""), 73);
  EXPECT_TRUE(documents("1", R"({"$querySettings": {}})").empty());
  EXPECT_EQ(failure(c, R"({"$unionWith": {"coll": "c", "pipeline": [{"$querySettings": {}}]}})"),
            73);
}

TEST_F(Statistics, WhatIsNotSupportedIsNamed) {
  for (const std::string_view name : {"$geoNear", "$search", "$vectorSearch", "$rankFusion"}) {
    try {
      (void)documents(c, "{\"" + std::string(name) + "\": {}}");
      FAIL() << name;
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
    }
  }
  EXPECT_EQ(failure(c, R"({"$match": {}}, {"$rankFusion": {}})"), 10170100);
}

TEST_F(Statistics, AWriteThatMayBeSentAgainGoesToACappedCollection) {
  (void)run(R"({"create": "capped", "capped": true, "size": 4096})");
  constexpr std::string_view write = R"({"insert": "capped", "documents": [{"_id": 1}],
      "txnNumber": {"$numberLong": "1"},
      "lsid": {"id": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}}})";
  EXPECT_EQ(run(write)["n"].as_int32(), 1);
  EXPECT_EQ(run(write)["n"].as_int32(), 1);  // the same again: the answer of before
  EXPECT_EQ(ids(R"({"find": "capped"})"), "1 ");
  EXPECT_EQ(code(R"({"insert": "capped", "documents": [{"_id": 2}],
      "txnNumber": {"$numberLong": "2"}, "autocommit": false, "startTransaction": true,
      "lsid": {"id": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}}})"),
            263);
}

TEST_F(Statistics, HintsCompareNumbersByValueAndNullTimesAreRefused) {
  EXPECT_EQ(documents(c, "", "main", R"(, "hint": {"a": {"$numberDecimal": "1.0"}})").size(), 2U);
  EXPECT_EQ(failure(c, "", "main", R"(, "hint": {"a": -1})"), 2);
  EXPECT_EQ(failure(c, "", "main",
                    R"(, "readConcern": {"afterClusterTime": {"$timestamp": {"t": 0, "i": 0}}})"),
            72);
}

}  // namespace
}  // namespace quire::store::embedded
