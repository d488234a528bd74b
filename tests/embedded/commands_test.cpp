#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/store.hpp"
#include "store/embedded/commands/command_layer.hpp"
#include "store/embedded/commands/reply.hpp"

namespace quire::store::embedded {
namespace {

class Commands : public ::testing::Test {
 protected:
  bson::Document run(std::string_view json, std::string_view database = "shop") {
    return store_->run_command(database, bson::from_json(json), nullptr);
  }
  std::string answer(std::string_view json, std::string_view database = "shop") {
    return bson::to_json(run(json, database));
  }
  /// The server's number of the failure; 0 = it succeeded.
  int code(std::string_view json, std::string_view database = "shop") {
    try {
      (void)run(json, database);
      return 0;
    } catch (const Error& error) {
      return error.backend_code();
    }
  }
  ErrorCode kind(std::string_view json) {
    try {
      (void)run(json);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }
  void fill(int n) {
    for (int i = 0; i < n; ++i)
      (void)run(R"({"insert": "tea", "documents": [{"_id": )" + std::to_string(i) + "}]}");
  }
  std::shared_ptr<Store> store_ = open(":memory:");
};

TEST_F(Commands, InsertKeepsWriteErrorsInTheReply) {
  (void)run(R"({"insert": "tea", "documents": [{"_id": 1}]})");
  const auto reply =
      run(R"({"insert": "tea", "documents": [{"_id": 1}, {"_id": 2}], "ordered": false})");
  EXPECT_EQ(reply["n"].as_int32(), 1);
  EXPECT_EQ(reply["ok"].as_double(), 1.0);
  const auto error = reply["writeErrors"].as_array().begin()->value.as_document();
  EXPECT_EQ(error["index"].as_int32(), 0);
  EXPECT_EQ(error["code"].as_int32(), 11000);
  EXPECT_EQ(error["keyValue"].as_document()["_id"].as_int32(), 1);
}

TEST_F(Commands, AnUpsertTakesNoExpr) {
  fill(1);
  for (const char* filter : {R"({"$expr": {"$eq": ["$_id", 0]}})", R"({"$and": [{"$expr": 1}]})"}) {
    const std::string given(filter);
    const auto reply = run(R"({"update": "tea", "updates": [{"q": )" + given +
                           R"(, "u": {"$set": {"n": 1}}, "upsert": true}]})");
    EXPECT_EQ(reply["writeErrors"].as_array().begin()->value.as_document()["code"].as_int32(), 224);
    const auto change =
        R"({"findAndModify": "tea", "update": {"$set": {"n": 1}}, "query": )" + given;
    EXPECT_EQ(code(change + R"(, "upsert": true})"), 224);
    EXPECT_EQ(code(change + "}"), 0);
  }
}

TEST_F(Commands, GraphLookupTakesAMissingFieldForNoValue) {
  (void)run(
      R"({"insert": "tea", "documents": [{"_id": 1}, {"_id": 2, "n": null}, {"_id": 3, "n": 1}]})");
  const auto found = [&](std::string_view start) {
    const auto reply =
        run(R"({"aggregate": "tea", "cursor": {}, "pipeline": [{"$match": {"_id": 1}},
        {"$graphLookup": {"from": "tea", "startWith": )" +
            std::string(start) +
            R"(, "connectFromField": "m", "connectToField": "n", "as": "set"}},
        {"$project": {"_id": 0, "set": "$set._id"}}]})");
    return bson::to_json(reply["cursor"].as_document()["firstBatch"]);
  };
  EXPECT_EQ(found(R"("$n")"), R"([{"set": []}])");
  EXPECT_EQ(found(R"({"$literal": null})"), R"([{"set": [2]}])");
  EXPECT_EQ(found("[1, null]"), R"([{"set": [2, 3]}])");
}

TEST_F(Commands, GroupsComputeNothingMoreOnceTheyHaveTheFirst) {
  (void)run(R"({"insert": "tea", "documents": [{"_id": 1, "t": [3]}, {"_id": 2, "t": "x"}]})");
  const auto reply = run(R"({"aggregate": "tea", "cursor": {}, "pipeline": [{"$sort": {"_id": 1}},
      {"$group": {"_id": null, "first": {"$first": {"$size": "$t"}}}}]})");
  EXPECT_EQ(bson::to_json(reply["cursor"].as_document()["firstBatch"]),
            R"([{"_id": null, "first": 1}])");
  EXPECT_EQ(code(R"({"aggregate": "tea", "cursor": {}, "pipeline": [{"$sort": {"_id": 1}},
      {"$group": {"_id": null, "last": {"$last": {"$size": "$t"}}}}]})"),
            17124);
}

TEST_F(Commands, OrderedStopsAtTheFirstError) {
  (void)run(R"({"insert": "tea", "documents": [{"_id": 1}]})");
  EXPECT_EQ(run(R"({"insert": "tea", "documents": [{"_id": 2}, {"_id": 1}, {"_id": 3}]})")["n"]
                .as_int32(),
            1);
  EXPECT_EQ(run(R"({"count": "tea"})")["n"].as_int32(), 2);
}

TEST_F(Commands, UpdateTellsWhatItMatchedChangedAndInserted) {
  (void)run(R"({"insert": "tea", "documents": [{"_id": 1, "n": 1}, {"_id": 2, "n": 1}]})");
  const auto reply = run(R"({"update": "tea", "updates": [
      {"q": {"n": 1}, "u": {"$set": {"n": 2}}, "multi": true},
      {"q": {"_id": 9}, "u": {"$set": {"n": 5}}, "upsert": true},
      {"q": {"_id": 1}, "u": {"$set": {"n": 2}}}]})");
  EXPECT_EQ(reply["n"].as_int32(), 4);
  EXPECT_EQ(reply["nModified"].as_int32(), 2);
  const auto upserted = reply["upserted"].as_array().begin()->value.as_document();
  EXPECT_EQ(upserted["index"].as_int32(), 1);
  EXPECT_EQ(upserted["_id"].as_int32(), 9);
}

TEST_F(Commands, UnacknowledgedWritesTellNothing) {
  (void)run(R"({"insert": "tea", "documents": [{"_id": 1}]})");
  const auto reply =
      run(R"({"insert": "tea", "documents": [{"_id": 1}], "writeConcern": {"w": 0}})");
  EXPECT_FALSE(reply.contains("writeErrors"));
  EXPECT_EQ(reply["ok"].as_double(), 1.0);
}

TEST_F(Commands, FindAndModifyGivesTheDocumentBeforeOrAfter) {
  (void)run(R"({"insert": "tea", "documents": [{"_id": 1, "n": 1}]})");
  auto reply =
      run(R"({"findAndModify": "tea", "query": {"_id": 1}, "update": {"$inc": {"n": 1}}})");
  EXPECT_EQ(reply["value"].as_document()["n"].as_int32(), 1);
  reply = run(
      R"({"findAndModify": "tea", "query": {"_id": 1}, "update": {"$inc": {"n": 1}}, "new": true})");
  EXPECT_EQ(reply["value"].as_document()["n"].as_int32(), 3);
  reply =
      run(R"({"findAndModify": "tea", "query": {"_id": 7}, "update": {"n": 0}, "upsert": true})");
  EXPECT_TRUE(reply["value"].is_null());
  EXPECT_EQ(reply["lastErrorObject"].as_document()["upserted"].as_int32(), 7);
  EXPECT_EQ(code(R"({"findAndModify": "tea", "query": {}, "remove": true, "new": true})"), 9);
}

TEST_F(Commands, CursorsGiveTheirBatchesAndEnd) {
  fill(5);
  auto reply = run(R"({"find": "tea", "batchSize": 2, "sort": {"_id": 1}})");
  auto cursor = reply["cursor"].as_document();
  EXPECT_EQ(cursor["ns"].as_string(), "shop.tea");
  EXPECT_EQ(cursor["firstBatch"].as_array().count(), 2U);
  const auto id = cursor["id"].as_int64();
  ASSERT_NE(id, 0);
  const auto more = [&] {
    return R"({"getMore": {"$numberLong": ")" + std::to_string(id) +
           R"("}, "collection": "tea", "batchSize": 3})";
  };
  reply = run(more());
  cursor = reply["cursor"].as_document();
  EXPECT_EQ(cursor["nextBatch"].as_array().count(), 3U);
  EXPECT_EQ(cursor["id"].as_int64(), 0);
  EXPECT_EQ(code(more()), 43);
  EXPECT_EQ(kind(more()), ErrorCode::cursor_not_found);
}

TEST_F(Commands, KilledCursorsAreGone) {
  fill(3);
  const auto id =
      run(R"({"find": "tea", "batchSize": 1})")["cursor"].as_document()["id"].as_int64();
  const auto text = R"({"$numberLong": ")" + std::to_string(id) + R"("})";
  auto reply = run(R"({"killCursors": "tea", "cursors": [)" + text + "]}");
  EXPECT_EQ(reply["cursorsKilled"].as_array().count(), 1U);
  reply = run(R"({"killCursors": "tea", "cursors": [)" + text + "]}");
  EXPECT_EQ(reply["cursorsNotFound"].as_array().count(), 1U);
  EXPECT_EQ(code(R"({"getMore": )" + text + R"(, "collection": "tea"})"), 43);
}

TEST_F(Commands, ACursorBelongsToItsCollection) {
  fill(3);
  const auto id =
      run(R"({"find": "tea", "batchSize": 1})")["cursor"].as_document()["id"].as_int64();
  const auto more = [&](std::string_view collection) {
    return R"({"getMore": {"$numberLong": ")" + std::to_string(id) + R"("}, "collection": ")" +
           std::string(collection) + R"("})";
  };
  EXPECT_EQ(code(more("coffee")), 13);
  EXPECT_EQ(code(more("tea")), 0);
}

TEST_F(Commands, BulkWriteCountsAndListsPerOperation) {
  const auto reply =
      run(R"({"bulkWrite": 1, "nsInfo": [{"ns": "shop.tea"}, {"ns": "shop.cups"}], "ordered": false,
      "ops": [{"insert": 0, "document": {"_id": 1}}, {"insert": 0, "document": {"_id": 1}},
              {"update": 1, "filter": {"_id": 2}, "updateMods": {"$set": {"n": 1}}, "upsert": true},
              {"delete": 0, "filter": {"_id": 1}}]})",
          "admin");
  EXPECT_EQ(reply["nErrors"].as_int32(), 1);
  EXPECT_EQ(reply["nInserted"].as_int32(), 1);
  EXPECT_EQ(reply["nUpserted"].as_int32(), 1);
  EXPECT_EQ(reply["nDeleted"].as_int32(), 1);
  EXPECT_EQ(reply["cursor"].as_document()["firstBatch"].as_array().count(), 4U);
}

TEST_F(Commands, IndexesAreMadeListedAndDropped) {
  auto reply = run(R"({"createIndexes": "tea", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  EXPECT_EQ(reply["numIndexesBefore"].as_int32(), 1);
  EXPECT_EQ(reply["numIndexesAfter"].as_int32(), 2);
  EXPECT_TRUE(reply["createdCollectionAutomatically"].as_bool());
  reply = run(R"({"createIndexes": "tea", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  EXPECT_TRUE(reply.contains("note"));
  EXPECT_EQ(
      run(R"({"listIndexes": "tea"})")["cursor"].as_document()["firstBatch"].as_array().count(),
      2U);
  EXPECT_EQ(run(R"({"dropIndexes": "tea", "index": {"a": 1}})")["nIndexesWas"].as_int32(), 2);
  EXPECT_EQ(code(R"({"dropIndexes": "tea", "index": "a_1"})"), 27);
  EXPECT_EQ(code(R"({"dropIndexes": "tea", "index": "_id_"})"), 72);
  EXPECT_EQ(code(R"({"dropIndexes": "none", "index": "a_1"})"), 26);
}

TEST_F(Commands, TheIndexOfIdTakesNoOptions) {
  EXPECT_EQ(code(R"({"createIndexes": "tea", "indexes": [{"key": {"_id": 1}, "name": "_id_"}]})"),
            0);
  EXPECT_EQ(code(R"({"createIndexes": "tea", "indexes": [{"key": {"_id": -1}, "name": "down"}]})"),
            2);
  EXPECT_EQ(
      code(
          R"({"createIndexes": "tea", "indexes": [{"key": {"_id": 1}, "name": "ttl", "expireAfterSeconds": 5}]})"),
      197);
  EXPECT_EQ(code(R"({"createIndexes": "tea", "indexes": [{"key": {"_id": 1}, "name": "part",
                    "partialFilterExpression": {"a": 1}}]})"),
            197);
}

TEST_F(Commands, ACollectionHasAtMost64Indexes) {
  for (int i = 0; i < 63; ++i) {
    const auto field = "f" + std::to_string(i);
    ASSERT_EQ(code(R"({"createIndexes": "tea", "indexes": [{"key": {")" + field +
                   R"(": 1}, "name": ")" + field + R"("}]})"),
              0);
  }
  EXPECT_EQ(
      code(
          R"({"createIndexes": "tea", "indexes": [{"key": {"one_more": 1}, "name": "one_more"}]})"),
      67);
}

TEST_F(Commands, PartialFiltersThatSayTheSameAreOneIndex) {
  EXPECT_EQ(code(R"({"createIndexes": "tea", "indexes": [{"key": {"a": 1}, "name": "p",
                    "partialFilterExpression": {"$and": [{"b": 1}, {"c": 2}]}}]})"),
            0);
  const auto again = run(R"({"createIndexes": "tea", "indexes": [{"key": {"a": 1}, "name": "p",
                            "partialFilterExpression": {"$and": [{"c": 2}, {"b": 1}]}}]})");
  EXPECT_TRUE(again.contains("note"));
}

TEST_F(Commands, DropIndexesRefusesANameTwiceAndTakesAStar) {
  (void)run(R"({"createIndexes": "tea", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  EXPECT_EQ(code(R"({"dropIndexes": "tea", "index": ["a_1", "a_1"]})"), 27);
  EXPECT_EQ(code(R"({"dropIndexes": "tea", "index": ["*"]})"), 0);
  EXPECT_EQ(
      run(R"({"listIndexes": "tea"})")["cursor"].as_document()["firstBatch"].as_array().count(),
      1U);
}

TEST_F(Commands, DistinctReadsAPathsEmptyLastStep) {
  (void)run(
      R"({"insert": "tea", "documents": [{"_id": 1, "x": "green"}, {"_id": 2, "x": {"": "black"}}]})");
  const auto reply = run(R"({"distinct": "tea", "key": "x."})");
  EXPECT_EQ(reply["values"].as_array().count(), 1U);
}

TEST_F(Commands, TransactionsAreNamedBySessionAndNumber) {
  constexpr auto session =
      R"("lsid": {"id": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}}, "txnNumber": {"$numberLong": "1"}, "autocommit": false)";
  const auto in = [&](std::string_view head, bool start = false) {
    return std::string(head) + ", " + session + (start ? R"(, "startTransaction": true})" : "}");
  };
  ASSERT_EQ(code(R"({"create": "tea"})"), 0);
  ASSERT_EQ(code(in(R"({"insert": "tea", "documents": [{"_id": 1}])", true)), 0);
  EXPECT_EQ(code(in(R"({"count": "tea")")), 263);
  EXPECT_EQ(code(in(R"({"abortTransaction": 1)"), "admin"), 0);
  EXPECT_EQ(run(R"({"count": "tea"})")["n"].as_int32(), 0);
  EXPECT_EQ(code(in(R"({"insert": "tea", "documents": [{"_id": 1}])")), 251);
}

struct Wrong {
  const char* name;
  const char* command;
  int code;
};
class WrongArgument : public Commands, public ::testing::WithParamInterface<Wrong> {};
TEST_P(WrongArgument, IsRefusedByTheServersNumber) {
  EXPECT_EQ(code(GetParam().command, "admin"), GetParam().code);
}
INSTANTIATE_TEST_SUITE_P(
    All, WrongArgument,
    ::testing::Values(
        Wrong{"NoCommand", R"({})", 9}, Wrong{"UnknownCommand", R"({"brew": 1})", 59},
        Wrong{"NameIsNumber", R"({"find": 1})", 73}, Wrong{"NameIsEmpty", R"({"find": ""})", 73},
        Wrong{"UnknownField", R"({"find": "c", "colour": 1})", 40415},
        Wrong{"FieldTwice", R"({"find": "c", "limit": 1, "limit": 2})", 40413},
        Wrong{"FilterIsNumber", R"({"find": "c", "filter": 1})", 14},
        Wrong{"FilterIsNull", R"({"find": "c", "filter": null})", 14},
        Wrong{"NegativeSkip", R"({"find": "c", "skip": -1})", 2},
        Wrong{"NoDocuments", R"({"insert": "c"})", 40414},
        Wrong{"EmptyDocuments", R"({"insert": "c", "documents": []})", 16},
        Wrong{"OrderedIsNumber", R"({"insert": "c", "documents": [{}], "ordered": 1})", 14},
        Wrong{"HintIsNumber", R"({"count": "c", "hint": 1})", 9},
        Wrong{"FractionalLimit", R"({"count": "c", "limit": 1.5})", 9},
        Wrong{"MaxTimeIsText", R"({"count": "c", "maxTimeMS": "1"})", 14},
        Wrong{"MaxTimeIsNegative", R"({"count": "c", "maxTimeMS": -1})", 2},
        Wrong{"MaxTimeIsFraction", R"({"count": "c", "maxTimeMS": 0.5})", 9},
        Wrong{"UpdateIsText", R"({"update": "c", "updates": [{"q": {}, "u": "x"}]})", 9},
        Wrong{"LimitIsTwo", R"({"delete": "c", "deletes": [{"q": {}, "limit": 2}]})", 9},
        Wrong{"ConcernIsText", R"({"insert": "c", "documents": [{}], "writeConcern": "x"})", 14},
        Wrong{"TooManyNodes", R"({"insert": "c", "documents": [{}], "writeConcern": {"w": 51}})",
              9},
        Wrong{"UnknownLevel", R"({"find": "c", "readConcern": {"level": "x"}})", 2},
        Wrong{"Linearizable", R"({"find": "c", "readConcern": {"level": "linearizable"}})", 123},
        Wrong{"WriteConcernOfRead", R"({"count": "c", "writeConcern": {"w": 1}})", 72},
        Wrong{"NoSuchNamespace", R"({"listIndexes": "c"})", 26},
        Wrong{
            "NamespaceIndex",
            R"({"bulkWrite": 1, "nsInfo": [{"ns": "a.b"}], "ops": [{"insert": 1, "document": {}}]})",
            2},
        Wrong{"NumberWithoutSession", R"({"find": "c", "txnNumber": {"$numberLong": "1"}})", 72}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(Commands, WhatIsMissingIsRefusedByName) {
  for (const auto* command : {R"({"create": "c", "timeseries": {"timeField": "t"}})",
                              R"({"find": "c", "collation": {"locale": "en"}})",
                              R"({"find": "c", "filter": {"$where": "true"}})"}) {
    EXPECT_EQ(kind(command), ErrorCode::unsupported) << command;
  }
}

TEST(CommandReply, IsAsAServers) {
  // [run_command]
  auto store = quire::store::open(":memory:");
  auto command =
      quire::bson::from_json(R"({"insert": "tea", "documents": [{"_id": 1, "kind": "green"}]})");
  auto reply = store->run_command("shop", command, nullptr);  // {n: 1, ok: 1.0}
  // [/run_command]
  EXPECT_EQ(bson::to_json(reply), R"({"n": 1, "ok": 1.0})");
}

TEST(CommandReply, RefusesBrokenBytes) {
  const auto store = open(":memory:");
  auto bytes =
      bson::from_json(R"({"insert": "tea", "documents": [{"_id": 1, "a": "text"}]})").release();
  // Each byte in turn: an error of quire's or an answer, never more.
  for (std::size_t at = 4; at + 1 < bytes.size(); ++at) {
    for (const int value : {0, 1, 3, 5, 127, 255}) {
      bson::Buffer broken = bytes;
      broken.data()[at] = static_cast<std::uint8_t>(value);
      try {
        (void)store->run_command("shop", bson::View(broken.data(), broken.size()), nullptr);
      } catch (const Error&) {
        continue;
      }
    }
  }
}

TEST(CommandReply, NamesItsErrors) {
  const auto store = open(":memory:");
  CommandLayer layer;
  const auto reply =
      layer.run_reply(*store, "shop", bson::from_json(R"({"find": "c", "filter": 1})"), nullptr);
  EXPECT_EQ(reply["ok"].as_double(), 0.0);
  EXPECT_EQ(reply["code"].as_int32(), 14);
  EXPECT_EQ(reply["codeName"].as_string(), "TypeMismatch");
  EXPECT_FALSE(reply["errmsg"].as_string().empty());
  EXPECT_EQ(commands::code_name(40415), "Location40415");
  EXPECT_EQ(commands::code_name(11000), "DuplicateKey");
}

}  // namespace
}  // namespace quire::store::embedded
