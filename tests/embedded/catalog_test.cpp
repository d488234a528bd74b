#include "file_fixture.hpp"
#include "store/embedded/storage/file.hpp"

namespace quire::store::embedded {
namespace {

class CatalogFile : public FileTest {
 protected:
  CatalogFile() { reopen(); }
  void reopen() {
    if (store_) store_->close();
    store_ = open(path_ + "?durability=normal");
  }
  bson::Document run(std::string_view text, std::string_view database = "main") {
    return store_->run_command(database, json(text), nullptr);
  }
  int code(std::string_view text, std::string_view database = "main") {
    try {
      (void)run(text, database);
      return 0;
    } catch (const Error& error) {
      return error.backend_code();
    }
  }
  std::string ids(std::string_view name = "c") {
    const bson::Document reply = run(R"({"find": ")" + std::string(name) + R"("})");
    std::string out;
    for (const auto& one : reply["cursor"].as_document()["firstBatch"].as_array())
      out += std::to_string(one.value.as_document()["_id"].as_int32()) + " ";
    return out;
  }
  bson::Document options(std::string_view name) {
    for (const auto& info : store_->list_collections("main")) {
      if (info.name == name) return info.options;
    }
    return {};
  }
  std::int64_t format() {
    sqlite3* db = nullptr;
    sqlite3_open(path_.c_str(), &db);
    Statement version(db, "PRAGMA user_version");
    const auto number = version.step() ? version.integer(0) : -1;
    version = Statement();
    sqlite3_close(db);
    return number;
  }
  std::shared_ptr<Store> store_;
};

TEST_F(CatalogFile, StaysInTheFirstFormatUntilAnOptionIsUsed) {
  (void)run(R"({"create": "plain"})");
  (void)run(R"({"createIndexes": "plain", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  EXPECT_EQ(format(), 1);
  (void)run(R"({"create": "c", "capped": true, "size": 4096})");
  EXPECT_EQ(format(), 2);
  reopen();
  EXPECT_EQ(bson::to_json(options("c")), R"({"capped": true, "size": 4096})");
}

TEST_F(CatalogFile, CappedCollectionDropsTheOldestByNumberAndBySize) {
  (void)run(R"({"create": "c", "capped": true, "size": 100000, "max": 3})");
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 5, "a": 1}, {"_id": 2, "a": 2},
                {"_id": 4, "a": 3}, {"_id": 1, "a": 4}]})");
  EXPECT_EQ(ids(), "2 4 1 ");
  EXPECT_EQ(run(R"({"count": "c", "query": {"a": 1}})")["n"].as_int32(), 0);
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();

  (void)run(R"({"create": "d", "capped": true, "size": 150})");
  for (int i = 0; i < 9; ++i)
    (void)run(R"({"insert": "d", "documents": [{"_id": )" + std::to_string(i) +
              R"(, "text": "0123456789012345678901234567890123456789"}]})");
  EXPECT_EQ(ids("d"), "7 8 ");
  reopen();
  EXPECT_EQ(ids("d"), "7 8 ");
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(CatalogFile, CappedDocumentsGrowShrinkAndGo) {
  (void)run(R"({"create": "c", "capped": true, "size": 4096})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}, {"_id": 3}]})");
  (void)run(R"({"update": "c", "updates": [{"q": {"_id": 2}, "u": {"$set": {"a": "longer"}}}]})");
  (void)run(R"({"delete": "c", "deletes": [{"q": {"_id": 1}, "limit": 1}]})");
  EXPECT_EQ(ids(), "2 3 ");
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(CatalogFile, DocumentLargerThanTheCollectionStaysUntilTheNext) {
  (void)run(R"({"create": "c", "capped": true, "size": 40})");
  (void)run(
      R"({"insert": "c", "documents": [{"_id": 1, "a": "01234567890123456789012345678901"}]})");
  EXPECT_EQ(ids(), "1 ");
  (void)run(R"({"insert": "c", "documents": [{"_id": 2}]})");
  EXPECT_EQ(ids(), "2 ");
}

TEST_F(CatalogFile, InsertThatFailsLeavesTheCappedCollectionFull) {
  (void)run(R"({"create": "c", "capped": true, "size": 4096, "max": 2})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}]})");
  EXPECT_EQ(run(R"({"insert": "c", "documents": [{"_id": 2}]})")["n"].as_int32(), 0);
  EXPECT_EQ(ids(), "1 2 ");
  EXPECT_TRUE(check(*store_).ok());
}

TEST_F(CatalogFile, CappedCollectionIsNotWrittenInATransaction) {
  (void)run(R"({"create": "c", "capped": true, "size": 4096})");
  const auto session = store_->start_session();
  session->start_transaction();
  try {
    (void)insert(*store_, R"({"_id": 1})", session.get());
    FAIL() << "was written";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.backend_code(), 263);
  }
}

TEST_F(CatalogFile, CollModChangesTheCap) {
  (void)run(R"({"create": "c", "capped": true, "size": 4096})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}, {"_id": 3}]})");
  (void)run(R"({"collMod": "c", "cappedMax": 2, "cappedSize": 9000})");
  EXPECT_EQ(ids(), "1 2 3 ");
  (void)run(R"({"insert": "c", "documents": [{"_id": 4}]})");
  EXPECT_EQ(ids(), "3 4 ");
  EXPECT_EQ(bson::to_json(options("c")), R"({"capped": true, "size": 9000, "max": 2})");
  (void)run(R"({"create": "plain"})");
  EXPECT_EQ(code(R"({"collMod": "plain", "cappedMax": 2})"), 72);
}

TEST_F(CatalogFile, NaturalOrderOfAClusteredCollectionIsThatOfTheIds) {
  (void)run(R"({"create": "c", "clusteredIndex": {"key": {"_id": 1}, "unique": true}})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 3}, {"_id": 1}, {"_id": 2}]})");
  EXPECT_EQ(ids(), "1 2 3 ");
  const auto indexes = store_->list_indexes({"main", "c"});
  ASSERT_EQ(indexes.size(), 1U);
  EXPECT_TRUE(indexes[0]["clustered"].as_bool());
  EXPECT_EQ(code(R"({"dropIndexes": "c", "index": "_id_"})"), 5979800);
}

TEST_F(CatalogFile, ClusteredCollectionExpiresByItsIds) {
  (void)run(R"({"create": "c", "clusteredIndex": {"key": {"_id": 1}, "unique": true},
                "expireAfterSeconds": 60})");
  (void)run(R"({"insert": "c", "documents": [{"_id": {"$date": "2020-01-01T00:00:00Z"}},
                {"_id": {"$date": "2120-01-01T00:00:00Z"}}]})");
  EXPECT_EQ(sweep_expired(*store_), 1);
  EXPECT_EQ(run(R"({"count": "c"})")["n"].as_int32(), 1);
}

TEST_F(CatalogFile, RenamesAcrossDatabasesWithIndexesAndAfterReopening) {
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 1}]})");
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  (void)run(R"({"insert": "d", "documents": [{"_id": 9}]})");
  EXPECT_EQ(code(R"({"renameCollection": "main.c", "to": "main.d"})", "admin"), 48);
  EXPECT_EQ(code(R"({"renameCollection": "main.x", "to": "main.y"})", "admin"), 26);
  EXPECT_EQ(code(R"({"renameCollection": "main.c", "to": "main.c"})", "admin"), 20);
  EXPECT_EQ(code(R"({"renameCollection": "main.c", "to": "main.y"})"), 13);
  (void)run(R"({"renameCollection": "main.c", "to": "main.d", "dropTarget": true})", "admin");
  EXPECT_EQ(ids("d"), "1 ");
  (void)run(R"({"renameCollection": "main.d", "to": "other.e"})", "admin");
  reopen();
  EXPECT_EQ(store_->list_indexes({"other", "e"}).size(), 2U);
  EXPECT_TRUE(store_->list_collections("main").empty());
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(CatalogFile, AnotherConnectionSeesARenameAtOnce) {
  (void)run(R"({"insert": "c", "documents": [{"_id": 1}]})");
  const auto other = open(path_ + "?durability=normal");
  EXPECT_EQ(count(*other), 1);
  bool found = other->find_one({"main", "c"}, json(R"({"_id": 1})"), {}, [](bson::View) {});
  EXPECT_TRUE(found);
  (void)run(R"({"renameCollection": "main.c", "to": "main.d"})", "admin");
  found = other->find_one({"main", "c"}, json(R"({"_id": 1})"), {}, [](bson::View) {});
  EXPECT_FALSE(found);
  EXPECT_EQ(count(*other), 0);
  other->close();
}

TEST_F(CatalogFile, ViewsAreKeptListedAndNotWritten) {
  (void)run(R"({"create": "v", "viewOn": "c", "pipeline": [{"$match": {"a": 1}}]})");
  reopen();
  const auto all = store_->list_collections("main");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "system.views");
  EXPECT_EQ(all[1].type, "view");
  EXPECT_EQ(code(R"({"insert": "v", "documents": [{"_id": 1}]})"), 166);
  EXPECT_EQ(code(R"({"createIndexes": "v", "indexes": [{"key": {"a": 1}, "name": "a"}]})"), 166);
  EXPECT_EQ(code(R"({"listIndexes": "v"})"), 166);
  EXPECT_EQ(code(R"({"create": "w", "viewOn": "w"})"), 5);
  EXPECT_EQ(code(R"({"create": "v", "viewOn": "c", "pipeline": [{"$match": {"a": 1}}]})"), 0);
  EXPECT_EQ(code(R"({"create": "v", "viewOn": "d"})"), 48);
  EXPECT_EQ(code(R"({"create": "c", "viewOn": "v"})"), 5);
  EXPECT_EQ(code(R"({"create": "w", "viewOn": "c", "pipeline": [{"$out": "x"}]})"), 167);
  (void)run(R"({"collMod": "v", "viewOn": "d", "pipeline": []})");
  EXPECT_EQ(bson::to_json(options("v")), R"({"viewOn": "d", "pipeline": []})");
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
  (void)run(R"({"drop": "v"})");
  EXPECT_TRUE(store_->list_collections("main").empty());
}

TEST_F(CatalogFile, ViewsStandOnAtMostTwentyViews) {
  std::string below = "c";
  for (int i = 1; i <= 20; ++i) {
    const std::string name = "v" + std::to_string(i);
    ASSERT_EQ(code(R"({"create": ")" + name + R"(", "viewOn": ")" + below + R"("})"), 0) << name;
    below = name;
  }
  EXPECT_EQ(code(R"({"create": "v21", "viewOn": "v20"})"), 165);
}

TEST_F(CatalogFile, IndexTurnsUniqueByCollMod) {
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 1}, {"_id": 2, "a": 1}]})");
  EXPECT_EQ(code(R"({"collMod": "c", "index": {"name": "a_1", "unique": true}})"), 72);
  const auto prepared = run(R"({"collMod": "c", "index": {"name": "a_1", "prepareUnique": true}})");
  EXPECT_TRUE(prepared["prepareUnique_new"].as_bool());
  EXPECT_EQ(run(R"({"insert": "c", "documents": [{"_id": 3, "a": 1}]})")["n"].as_int32(), 0);
  EXPECT_EQ(code(R"({"collMod": "c", "index": {"name": "a_1", "unique": true}})"), 359);
  (void)run(R"({"update": "c", "updates": [{"q": {"_id": 2}, "u": {"$set": {"a": 2}}}]})");
  EXPECT_TRUE(
      run(R"({"collMod": "c", "index": {"name": "a_1", "unique": true}})")["unique_new"].as_bool());
  EXPECT_EQ(run(R"({"insert": "c", "documents": [{"_id": 3, "a": 2}]})")["n"].as_int32(), 0);
  EXPECT_EQ(run(R"({"count": "c", "query": {"a": 2}})")["n"].as_int32(), 1);
  reopen();
  EXPECT_TRUE(store_->list_indexes({"main", "c"})[1]["unique"].as_bool());
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(CatalogFile, CollModHidesAnIndexAndChangesItsTime) {
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  const auto hidden = run(R"({"collMod": "c", "index": {"keyPattern": {"a": 1}, "hidden": true}})");
  EXPECT_FALSE(hidden["hidden_old"].as_bool());
  EXPECT_TRUE(store_->list_indexes({"main", "c"})[1]["hidden"].as_bool());
  const auto timed = run(R"({"collMod": "c", "index": {"name": "a_1", "expireAfterSeconds": 7}})");
  EXPECT_EQ(timed["expireAfterSeconds_new"].as_int64(), 7);
  EXPECT_EQ(code(R"({"collMod": "c", "index": {"name": "_id_", "hidden": true}})"), 2);
  EXPECT_EQ(code(R"({"collMod": "c", "index": {"name": "no", "hidden": true}})"), 27);
  EXPECT_EQ(code(R"({"collMod": "c", "index": {"name": "a_1"}})"), 72);
}

TEST_F(CatalogFile, ListsDatabasesWithTheirSizes) {
  (void)run(R"({"insert": "c", "documents": [{"_id": 1}]})");
  const auto reply = run(R"({"listDatabases": 1, "filter": {"name": "main"}})", "admin");
  const auto first = reply["databases"].as_array().begin()->value.as_document();
  EXPECT_EQ(first["name"].as_string(), "main");
  EXPECT_GT(first["sizeOnDisk"].as_int64(), 0);
  EXPECT_EQ(reply["totalSize"].as_int64(), first["sizeOnDisk"].as_int64());
}

TEST_F(CatalogFile, ViewsAreReadThroughTheirPipeline) {
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 1}, {"_id": 2, "a": 2},
                {"_id": 3, "a": 3}]})");
  (void)run(R"({"create": "v", "viewOn": "c", "pipeline": [{"$match": {"a": {"$gte": 2}}}]})");
  EXPECT_EQ(ids("v"), "2 3 ");
  EXPECT_EQ(run(R"({"count": "v", "query": {"a": 3}})")["n"].as_int32(), 1);
  EXPECT_EQ(run(R"({"distinct": "v", "key": "a"})")["values"].as_array().count(), 2U);
  std::int32_t seen = 0;
  EXPECT_TRUE(store_->find_one({"main", "v"}, json(R"({"a": 2})"), {},
                               [&](bson::View found) { seen = found["_id"].as_int32(); }));
  EXPECT_EQ(seen, 2);
  EXPECT_FALSE(store_->find_one({"main", "v"}, json(R"({"_id": 1})"), {}, [](bson::View) {}));
}

TEST_F(CatalogFile, ConvertsToCappedAndClones) {
  (void)run(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}, {"_id": 3}]})");
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  (void)run(R"({"cloneCollectionAsCapped": "c", "toCollection": "d", "size": 4096})");
  EXPECT_EQ(ids("d"), "1 2 3 ");
  (void)run(R"({"convertToCapped": "c", "size": 30})");
  EXPECT_EQ(ids(), "2 3 ");
  EXPECT_EQ(bson::to_json(options("c")), R"({"capped": true, "size": 30})");
  EXPECT_EQ(store_->list_indexes({"main", "c"}).size(), 1U);
  EXPECT_EQ(code(R"({"cloneCollectionAsCapped": "c", "toCollection": "d", "size": 4096})"), 48);
  EXPECT_EQ(code(R"({"convertToCapped": "c", "size": 0})"), 72);
  EXPECT_EQ(code(R"({"convertToCapped": "x", "size": 9})"), 26);
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(CatalogFile, TellsSizesAndValidates) {
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 1}, {"_id": 2, "a": 2}]})");
  (void)run(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  const auto stats = run(R"({"collStats": "c"})");
  EXPECT_EQ(stats["count"].as_int32(), 2);
  EXPECT_EQ(stats["size"].as_int32(), 42);
  EXPECT_EQ(stats["nindexes"].as_int32(), 2);
  EXPECT_GT(stats["storageSize"].as_int32(), 0);
  EXPECT_EQ(run(R"({"dbStats": 1})")["objects"].as_int64(), 2);
  EXPECT_EQ(run(R"({"dataSize": "main.c"})")["size"].as_int64(), 42);
  const auto valid = run(R"({"validate": "c"})");
  EXPECT_TRUE(valid["valid"].as_bool());
  EXPECT_EQ(valid["keysPerIndex"].as_document()["a_1"].as_int32(), 2);
  EXPECT_EQ(code(R"({"validate": "x"})"), 26);
  EXPECT_EQ(run(R"({"reIndex": "c"})")["nIndexes"].as_int32(), 2);
  EXPECT_EQ(run(R"({"count": "c", "query": {"a": 2}})")["n"].as_int32(), 1);
  EXPECT_TRUE(check(*store_).ok()) << check(*store_).str();
}

TEST_F(CatalogFile, ExplainsReadsAndWrites) {
  (void)run(R"({"insert": "c", "documents": [{"_id": 1, "a": 1}]})");
  const auto told = run(R"({"explain": {"update": "c", "updates": [{"q": {"a": 1},
                            "u": {"$set": {"b": 1}}}]}, "verbosity": "queryPlanner"})");
  EXPECT_EQ(told["queryPlanner"].as_document()["winningPlan"].as_document()["stage"].as_string(),
            "UPDATE");
  EXPECT_FALSE(told.view().contains("executionStats"));
  EXPECT_EQ(run(R"({"count": "c", "query": {"b": 1}})")["n"].as_int32(), 0);
  EXPECT_EQ(code(R"({"explain": {"find": "c"}, "verbosity": "x"})"), 9);
  EXPECT_EQ(code(R"({"explain": {}})"), 9);
  EXPECT_EQ(code(R"({"explain": {"nothing": 1}})"), 59);
}

}  // namespace
}  // namespace quire::store::embedded
