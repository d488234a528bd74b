#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/store.hpp"

namespace quire::store::embedded {
namespace {

/// A store with two small collections.
class Pipeline : public ::testing::Test {
 protected:
  void open(const std::string& uri) { store_ = quire::store::open(uri); }
  void SetUp() override {
    open(":memory:");
    insert("orders", R"([
      {"_id": 1, "who": "ann", "item": "tea", "n": 2, "price": 3.5, "tags": ["a", "b"]},
      {"_id": 2, "who": "bob", "item": "tea", "n": 1, "price": 3.5, "tags": []},
      {"_id": 3, "who": "ann", "item": "cup", "n": 4, "price": 2.0},
      {"_id": 4, "who": "cid", "item": "pot", "n": 1, "price": 20.0, "tags": ["b"]}])");
    insert("people", R"([
      {"_id": "ann", "boss": "bob", "age": 30}, {"_id": "bob", "boss": "cid", "age": 40},
      {"_id": "cid", "age": 50}])");
  }

  void insert(std::string_view collection, const std::string& json) {
    const auto holder = bson::from_json("{\"d\": " + json + "}");
    std::vector<bson::View> documents;
    for (const auto& element : holder["d"].as_array())
      documents.push_back(element.value.as_document());
    (void)store_->insert({"db", collection}, documents, {});
  }

  /// 60 documents of 100 kB, k in no order, where a stage may hold 1 MiB.
  void open_with_wide_documents() {
    open(":memory:?aggregate_memory_mib=1");
    for (std::int32_t i = 0; i < 60; ++i) {
      const auto document =
          bson::make_document("_id", i, "k", (i * 7) % 60, "t", std::string(100'000, 'x'));
      (void)store_->insert({"db", "wide"}, std::vector<bson::View>{document}, {});
    }
  }

  std::vector<bson::Document> all(std::string_view collection, const std::string& pipeline,
                                  const AggregateOptions& options = {}) {
    const auto holder = bson::from_json("{\"p\": " + pipeline + "}");
    const auto cursor = store_->aggregate({"db", collection}, holder["p"].as_array(), options);
    std::vector<bson::Document> out;
    while (const auto document = cursor->next()) out.emplace_back(*document);
    return out;
  }
  /// The results, one a line.
  std::string answer(const std::string& pipeline, std::string_view collection = "orders") {
    std::string out;
    for (const auto& document : all(collection, pipeline)) out += bson::to_json(document) + "\n";
    return out;
  }
  int code(const std::string& pipeline, std::string_view collection = "orders") {
    try {
      (void)all(collection, pipeline);
      return 0;
    } catch (const Error& error) {
      return error.backend_code();
    }
  }
  bson::Document explain(const std::string& pipeline) {
    return store_->run_command(
        "db",
        bson::from_json(R"({"aggregate": "orders", "explain": true, "pipeline": )" + pipeline +
                        "}"),
        nullptr);
  }

  std::shared_ptr<Store> store_;
};

TEST_F(Pipeline, StagesWorkInTheirOrder) {
  EXPECT_EQ(answer(R"([{"$match": {"who": "ann"}}, {"$sort": {"_id": -1}}, {"$skip": 1},
                       {"$project": {"item": 1, "sum": {"$multiply": ["$n", "$price"]}}}])"),
            "{\"_id\": 1, \"item\": \"tea\", \"sum\": 7.0}\n");
}

TEST_F(Pipeline, UnwindMakesADocumentOfEachElement) {
  EXPECT_EQ(answer(R"([{"$unwind": {"path": "$tags", "includeArrayIndex": "at"}},
                       {"$project": {"tags": 1, "at": 1}}])"),
            "{\"_id\": 1, \"tags\": \"a\", \"at\": 0}\n{\"_id\": 1, \"tags\": \"b\", \"at\": 1}\n"
            "{\"_id\": 4, \"tags\": \"b\", \"at\": 0}\n");
  EXPECT_EQ(all("orders", R"([{"$unwind": {"path": "$tags", "preserveNullAndEmptyArrays": true}}])")
                .size(),
            5U);
}

TEST_F(Pipeline, GroupsTakeAllAccumulators) {
  EXPECT_EQ(answer(R"([{"$group": {"_id": "$who", "n": {"$sum": "$n"}, "all": {"$push": "$_id"},
                        "dear": {"$max": "$price"}}}, {"$sort": {"_id": 1}}])"),
            "{\"_id\": \"ann\", \"n\": 6, \"all\": [1, 3], \"dear\": 3.5}\n"
            "{\"_id\": \"bob\", \"n\": 1, \"all\": [2], \"dear\": 3.5}\n"
            "{\"_id\": \"cid\", \"n\": 1, \"all\": [4], \"dear\": 20.0}\n");
}

TEST_F(Pipeline, LookupJoinsByEqualityAndByPipeline) {
  EXPECT_EQ(answer(R"([{"$match": {"_id": 1}}, {"$lookup": {"from": "people", "localField": "who",
                        "foreignField": "_id", "as": "p"}}, {"$project": {"p": 1}}])"),
            "{\"_id\": 1, \"p\": [{\"_id\": \"ann\", \"boss\": \"bob\", \"age\": 30}]}\n");
  // No index on age: the collection is hashed once; and the same with variables.
  EXPECT_EQ(
      answer(R"([{"$lookup": {"from": "people", "localField": "age", "foreignField": "age",
                        "as": "p"}}, {"$project": {"k": {"$size": "$p"}}}])",
             "people"),
      "{\"_id\": \"ann\", \"k\": 1}\n{\"_id\": \"bob\", \"k\": 1}\n{\"_id\": \"cid\", \"k\": 1}\n");
  EXPECT_EQ(
      answer(R"([{"$lookup": {"from": "people", "let": {"a": "$age"}, "pipeline": [
                        {"$match": {"$expr": {"$gt": ["$age", "$$a"]}}}, {"$count": "n"}],
                        "as": "older"}}, {"$project": {"older": 1}}])",
             "people"),
      "{\"_id\": \"ann\", \"older\": [{\"n\": 2}]}\n{\"_id\": \"bob\", \"older\": [{\"n\": 1}]}\n"
      "{\"_id\": \"cid\", \"older\": []}\n");
}

TEST_F(Pipeline, ALookupIntoTheSameCollectionDoesNotDisturbTheScan) {
  EXPECT_EQ(answer(R"([{"$lookup": {"from": "orders", "localField": "item", "foreignField": "item",
                        "as": "same"}}, {"$project": {"n": {"$size": "$same"}}}])"),
            "{\"_id\": 1, \"n\": 2}\n{\"_id\": 2, \"n\": 2}\n{\"_id\": 3, \"n\": 1}\n{\"_id\": 4, "
            "\"n\": 1}\n");
  EXPECT_EQ(
      answer(R"([{"$sort": {"price": 1, "_id": 1}}, {"$lookup": {"from": "orders", "pipeline": [
                        {"$sort": {"price": -1}}, {"$limit": 1}], "as": "top"}},
                        {"$project": {"top._id": 1}}])"),
      "{\"_id\": 3, \"top\": [{\"_id\": 4}]}\n{\"_id\": 1, \"top\": [{\"_id\": 4}]}\n"
      "{\"_id\": 2, \"top\": [{\"_id\": 4}]}\n{\"_id\": 4, \"top\": [{\"_id\": 4}]}\n");
}

TEST_F(Pipeline, GraphLookupFollowsReferences) {
  EXPECT_EQ(answer(R"([{"$match": {"_id": "ann"}}, {"$graphLookup": {"from": "people",
                        "startWith": "$boss", "connectFromField": "boss", "connectToField": "_id",
                        "as": "chain", "depthField": "d"}},
                        {"$project": {"chain._id": 1, "chain.d": 1}}])",
                   "people"),
            "{\"_id\": \"ann\", \"chain\": [{\"_id\": \"bob\", \"d\": 0}, {\"_id\": \"cid\", "
            "\"d\": 1}]}\n");
}

TEST_F(Pipeline, FacetsAndUnionsSeeTheSameDocuments) {
  EXPECT_EQ(answer(R"([{"$facet": {"n": [{"$count": "n"}],
                        "most": [{"$sort": {"price": -1}}, {"$limit": 1}, {"$project": {"item": 1}}]}}])"),
            "{\"n\": [{\"n\": 4}], \"most\": [{\"_id\": 4, \"item\": \"pot\"}]}\n");
  EXPECT_EQ(answer(R"([{"$unionWith": {"coll": "people", "pipeline": [{"$match": {"age": 50}}]}},
                       {"$count": "n"}])"),
            "{\"n\": 5}\n");
}

TEST_F(Pipeline, OutReplacesAndMergeJoins) {
  EXPECT_EQ(answer(R"([{"$match": {"who": "ann"}}, {"$project": {"item": 1}}, {"$out": "copy"}])"),
            "");
  EXPECT_EQ(answer("[]", "copy"),
            "{\"_id\": 1, \"item\": \"tea\"}\n{\"_id\": 3, \"item\": \"cup\"}\n");
  EXPECT_EQ(answer(R"([{"$project": {"n": 1}}, {"$merge": {"into": "copy", "whenMatched": "merge",
                        "whenNotMatched": "discard"}}])"),
            "");
  EXPECT_EQ(
      answer("[]", "copy"),
      "{\"_id\": 1, \"item\": \"tea\", \"n\": 2}\n{\"_id\": 3, \"item\": \"cup\", \"n\": 4}\n");
  // The own collection can be written: all is read before.
  EXPECT_EQ(answer(R"([{"$set": {"seen": true}}, {"$merge": "orders"}])"), "");
  EXPECT_EQ(all("orders", R"([{"$match": {"seen": true}}])").size(), 4U);
}

TEST_F(Pipeline, UpdatesTakePipelines) {
  const auto stages = bson::from_json(
      R"({"p": [{"$set": {"total": {"$multiply": ["$n", "$price"]}}}, {"$unset": "price"}]})");
  UpdateOptions options;
  options.multi = true;
  const auto result = store_->update({"db", "orders"}, {}, {stages["p"].as_array(), true}, options);
  EXPECT_EQ(result.modified, 4);
  EXPECT_EQ(answer(R"([{"$match": {"_id": 3}}, {"$project": {"total": 1, "price": 1}}])"),
            "{\"_id\": 3, \"total\": 8.0}\n");
  const auto bad = bson::from_json(R"({"p": [{"$group": {"_id": 1}}]})");
  EXPECT_THROW((void)store_->update({"db", "orders"}, {}, {bad["p"].as_array(), true}, options),
               QueryError);
}

TEST_F(Pipeline, ViewsAreReadByTheirPipeline) {
  store_->create_collection(
      {"db", "teas"},
      bson::from_json(R"({"viewOn": "orders", "pipeline": [{"$match": {"item": "tea"}}]})"), {});
  EXPECT_EQ(store_->count({"db", "teas"}, {}, {}), 2);
  EXPECT_EQ(answer(R"([{"$group": {"_id": null, "n": {"$sum": "$n"}}}])", "teas"),
            "{\"_id\": null, \"n\": 3}\n");
  FindOptions options;
  options.limit = 1;
  const auto sort = bson::make_document("_id", -1);
  options.sort = sort;
  const auto cursor = store_->find({"db", "teas"}, {}, options);
  const auto first = cursor->next();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ((*first)["_id"].as_int32(), 2);
}

TEST_F(Pipeline, MatchAndSortUseIndexes) {
  const auto spec = bson::from_json(R"({"key": {"who": 1, "n": 1}, "name": "who_n"})");
  const bson::View view = spec;
  store_->create_indexes({"db", "orders"}, {&view, 1}, {});
  // The match stands behind stages that let it pass, and so does an $expr of a field and a value.
  for (const auto* pipeline :
       {R"([{"$match": {"who": "ann"}}, {"$group": {"_id": null, "n": {"$sum": 1}}}])",
        R"([{"$set": {"x": 1}}, {"$match": {"who": "ann"}}, {"$group": {"_id": "$x"}}])",
        R"([{"$sort": {"who": 1, "n": 1}}, {"$limit": 2}, {"$group": {"_id": "$x"}}])",
        R"([{"$match": {"$expr": {"$eq": ["$who", "ann"]}}}, {"$group": {"_id": "$x"}}])"}) {
    const std::string plan = bson::to_json(explain(pipeline));
    EXPECT_NE(plan.find("IXSCAN"), std::string::npos) << pipeline << "\n" << plan;
    EXPECT_EQ(plan.find("\"SORT\""), std::string::npos) << plan;
  }
  // A field that a stage makes cannot be looked for in front of it.
  const auto plan = bson::to_json(explain(
      R"([{"$set": {"who": "x"}}, {"$match": {"who": "ann"}}, {"$group": {"_id": "$x"}}])"));
  EXPECT_EQ(plan.find("IXSCAN"), std::string::npos) << plan;
}

TEST_F(Pipeline, GroupsAndSortsBeyondMemoryGoToDisk) {
  open(":memory:?aggregate_memory_mib=1");
  std::vector<bson::Document> documents;
  const std::string filler(300, 'x');
  constexpr std::int32_t n = 20'000;
  for (std::int32_t i = 0; i < n; ++i)
    documents.push_back(
        bson::make_document("_id", i, "k", (i * 7919) % n, "g", i % 9'000, "t", filler));
  const std::vector<bson::View> views(documents.begin(), documents.end());
  (void)store_->insert({"db", "big"}, views, {});
  const auto sorted = all("big", R"([{"$set": {"m": {"$mod": ["$k", 3]}}}, {"$sort": {"k": 1}}])");
  ASSERT_EQ(sorted.size(), static_cast<std::size_t>(n));
  for (std::int32_t i = 0; i < n; ++i)
    ASSERT_EQ(sorted[static_cast<std::size_t>(i)]["k"].as_int32(), i);
  const auto groups = all("big", R"([{"$group": {"_id": "$g", "n": {"$sum": 1},
                                      "first": {"$first": "$_id"}, "ts": {"$push": "$t"}}}])");
  ASSERT_EQ(groups.size(), 9'000U);
  std::int64_t total = 0;
  for (const auto& group : groups) {
    total += group["n"].as_int32();
    ASSERT_EQ(group["first"].as_int32(), group["_id"].as_int32());
  }
  EXPECT_EQ(total, n);
  AggregateOptions in_memory;
  in_memory.allow_disk_use = false;
  EXPECT_THROW(
      (void)all("big", R"([{"$group": {"_id": "$_id", "t": {"$push": "$t"}}}])", in_memory),
      StoreError);
}

TEST_F(Pipeline, ALimitedSortNeedsMemoryForWhatItGivesOnly) {
  open_with_wide_documents();
  AggregateOptions in_memory;
  in_memory.allow_disk_use = false;
  const auto first =
      all("wide", R"([{"$set": {"m": 1}}, {"$sort": {"k": 1}}, {"$limit": 5}])", in_memory);
  ASSERT_EQ(first.size(), 5U);
  for (std::int32_t i = 0; i < 5; ++i)
    EXPECT_EQ(first[static_cast<std::size_t>(i)]["k"].as_int32(), i);
  EXPECT_THROW(
      (void)all("wide", R"([{"$set": {"m": 1}}, {"$sort": {"k": 1}}, {"$limit": 20}])", in_memory),
      StoreError);
}

TEST_F(Pipeline, FieldsThatNobodyReadsAreDroppedBeforeDocumentsAreHeld) {
  const auto cursor = [&](const std::string& pipeline) {
    return bson::to_json(explain(pipeline)["stages"]
                             .as_array()
                             .begin()
                             ->value.as_document()["$cursor"]
                             .as_document()["queryPlanner"]
                             .as_document()["winningPlan"]
                             .as_document());
  };
  const auto keeps = [&](const std::string& pipeline, const std::string& fields) {
    EXPECT_NE(cursor(pipeline).find(R"({"stage": "PROJECTION_SIMPLE", "transformBy": )" + fields),
              std::string::npos)
        << pipeline << "\n"
        << cursor(pipeline);
  };
  keeps(R"([{"$sort": {"n": 1}}, {"$group": {"_id": "$who", "first": {"$first": "$item"}}}])",
        R"({"item": 1, "who": 1, "_id": 0})");
  keeps(R"([{"$set": {"x": {"$add": ["$n", 1]}}}, {"$sort": {"x": 1}}, {"$project": {"x": 1}}])",
        R"({"_id": 1, "n": 1, "x": 1})");
  keeps(R"([{"$setWindowFields": {"partitionBy": "$who", "sortBy": {"n": 1},
             "output": {"sum": {"$sum": "$price"}}}}, {"$project": {"_id": 0, "sum": 1}}])",
        R"({"n": 1, "price": 1, "sum": 1, "who": 1, "_id": 0})");
  keeps(R"([{"$facet": {"a": [{"$group": {"_id": "$who"}}], "b": [{"$sortByCount": "$item"}]}}])",
        R"({"item": 1, "who": 1, "_id": 0})");
  keeps(
      R"([{"$bucketAuto": {"groupBy": "$n", "buckets": 2, "output": {"p": {"$max": "$price"}}}}])",
      R"({"n": 1, "price": 1, "_id": 0})");
  // What is given out whole, and what nothing holds back, is not touched.
  for (const auto* pipeline :
       {R"([{"$sort": {"n": 1}}, {"$set": {"x": 1}}])", R"([{"$group": {"_id": "$who"}}])",
        R"([{"$sort": {"n": 1}}, {"$group": {"_id": "$who", "all": {"$push": "$$ROOT"}}}])",
        R"([{"$facet": {"a": [{"$group": {"_id": "$who"}}], "b": [{"$limit": 1}]}}])",
        R"([{"$sort": {"n": 1}}, {"$redact": "$$KEEP"}, {"$count": "n"}])"})
    EXPECT_EQ(cursor(pipeline).find("PROJECTION"), std::string::npos) << cursor(pipeline);
}

TEST_F(Pipeline, DroppedFieldsChangeNoAnswer) {
  insert("deep", R"([
    {"_id": 3, "a": {"b": [{"c": 1, "d": 9}, {"c": 2}], "e": 5}, "pad": "x", "k": 2},
    {"_id": 1, "a": [{"b": {"c": 7}}, {"b": {"d": 8}}], "k": 1, "pad": "y"},
    {"_id": 2, "k": 3, "pad": "z", "a": "text"}])");
  // Beside each, the same with a stage in front of the reader's place that needs everything.
  for (
      const std::string rest :
      {R"({"$sort": {"k": 1}}, {"$project": {"a.b.c": 1}}])",
       R"({"$sort": {"k": 1}}, {"$project": {"_id": 0, "x": "$a.b", "a": {"e": "$k"}}}])",
       R"({"$sort": {"k": -1}}, {"$set": {"a.b.new": "$k"}}, {"$project": {"a": 1}}])",
       R"({"$sort": {"k": -1}}, {"$unset": "a.b"}, {"$replaceWith": {"v": "$a"}}])",
       R"({"$sort": {"k": 1}}, {"$unwind": "$a.b"}, {"$group": {"_id": "$a.b.c"}}, {"$sort": {"_id": 1}}])",
       R"({"$sort": {"k": 1}}, {"$group": {"_id": null, "t": {"$top": {"sortBy": {"pad": -1}, "output": "$k"}}}}])",
       R"({"$sort": {"k": 1}}, {"$match": {"a.b.c": {"$gt": 0}}}, {"$project": {"k": 1}}])",
       R"({"$sort": {"k": 1}}, {"$lookup": {"from": "people", "localField": "pad", "foreignField": "_id", "as": "l"}}, {"$project": {"l": 1}}])",
       R"({"$sort": {"k": 1}}, {"$lookup": {"from": "deep", "let": {"v": "$k"}, "pipeline": [{"$match": {"$expr": {"$lt": ["$k", "$$v"]}}}, {"$sort": {"pad": 1}}, {"$project": {"k": 1}}], "as": "l"}}, {"$project": {"l": 1}}])",
       R"({"$sort": {"k": 1}}, {"$project": {"x": {"$let": {"vars": {"CURRENT": "$a"}, "in": "$e"}}}}])",
       R"({"$sort": {"k": 1}}, {"$project": {"x": {"$getField": "pad"}, "y": {"$map": {"input": "$a.b", "in": "$$this.c"}}}}])",
       R"({"$sort": {"k": 1}}, {"$bucket": {"groupBy": "$k", "boundaries": [0, 2, 9], "output": {"p": {"$push": "$pad"}}}}])",
       R"({"$sort": {"k": 1}}, {"$count": "n"}])"}) {
    const std::string whole = R"([{"$redact": "$$KEEP"}, )";
    EXPECT_EQ(answer("[" + rest, "deep"), answer(whole + rest, "deep")) << rest;
    EXPECT_FALSE(answer("[" + rest, "deep").empty()) << rest;
  }
}

TEST_F(Pipeline, ASortNeedsNoMemoryForFieldsThatAreDropped) {
  open_with_wide_documents();
  AggregateOptions in_memory;
  in_memory.allow_disk_use = false;
  const auto sorted = all(
      "wide", R"([{"$set": {"m": 1}}, {"$sort": {"k": 1}}, {"$project": {"k": 1}}])", in_memory);
  ASSERT_EQ(sorted.size(), 60U);
  for (std::int32_t i = 0; i < 60; ++i)
    EXPECT_EQ(sorted[static_cast<std::size_t>(i)]["k"].as_int32(), i);
}

TEST_F(Pipeline, SortsGiveDocumentsOfAnySizeBackAsTheyWere) {
  // Small ones go along with the sort, large ones are read again.
  std::vector<bson::Document> documents;
  for (std::int32_t i = 0; i < 400; ++i)
    documents.push_back(bson::make_document("_id", i, "k", (i * 37) % 400, "t",
                                            std::string(i % 3 == 0 ? 9'000U : 30U, 'a')));
  const std::vector<bson::View> views(documents.begin(), documents.end());
  (void)store_->insert({"db", "mixed"}, views, {});
  for (const std::int64_t limit : {0, 7, 399}) {
    const auto by_k = bson::make_document("k", std::int32_t{1});
    FindOptions options;
    options.sort = by_k;
    options.skip = 1;
    options.limit = limit;
    const auto cursor = store_->find({"db", "mixed"}, {}, options);
    std::int32_t expected = 1;
    while (const auto document = cursor->next()) {
      const auto id = static_cast<std::size_t>((*document)["_id"].as_int32());
      EXPECT_EQ((*document)["k"].as_int32(), expected++);
      EXPECT_EQ(bson::to_json(*document), bson::to_json(documents[id]));
    }
    EXPECT_EQ(expected, limit == 0 ? 400 : limit + 1);
  }
}

TEST_F(Pipeline, MistakesHaveTheServersNumbers) {
  EXPECT_EQ(code(R"([{"$nothing": 1}])"), 40324);
  EXPECT_EQ(code(R"([{"$match": {}, "$skip": 1}])"), 40323);
  EXPECT_EQ(code(R"([{"$out": "x"}, {"$match": {}}])"), 40601);
  EXPECT_EQ(code(R"([{"$limit": 0}])"), 15958);
  EXPECT_EQ(code(R"([{"$project": {"a": "$$nobody"}}])"), 17276);
  EXPECT_EQ(code(R"([{"$facet": {"a": [{"$out": "x"}]}}])"), 40600);
  EXPECT_EQ(code(R"([{"$lookup": {"from": "a", "as": "b"}}])"), 9);
  EXPECT_EQ(code(R"([{"$group": {"n": {"$sum": 1}}}])"), 15955);
}

}  // namespace
}  // namespace quire::store::embedded
