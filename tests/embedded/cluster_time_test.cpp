#include <chrono>

#include "command_fixture.hpp"
#include "quire/bson/writer.hpp"
#include "store/embedded/commands/command_layer.hpp"
#include "store/embedded/engine/cluster_clock.hpp"

namespace quire::store::embedded {
namespace {

/// The commands of a replica set's one member.
class ReplicaSet : public CommandFileTest {
 protected:
  bson::Document answer(std::string_view text, std::string_view database = "main") {
    return layer_.run_reply(*store_, database, json(text), nullptr);
  }
  bson::Document answer(const bson::Document& command) {
    return layer_.run_reply(*store_, "main", command, nullptr);
  }
  static int code_of(bson::View reply) {
    return reply.contains("code") ? reply["code"].as_int32() : 0;
  }
  static bson::Timestamp operation_time(bson::View reply) {
    return reply["operationTime"].as_timestamp();
  }
  static bson::View batch(bson::View reply) {
    return reply["cursor"].as_document()["firstBatch"].as_array();
  }
  bson::Document find_at(const char* name, bson::Timestamp time, const char* level) {
    return answer(bson::make_document(
        "find", "c", "readConcern", bson::make_document("level", level, name, bson::Value(time))));
  }
  CommandLayer layer_{{.replica_set = true}};
};

TEST(ClusterClock, NeverGoesBackAndPassesWhatItIsTold) {
  ClusterClock clock;
  const auto first = clock.tick();
  const auto second = clock.tick();
  EXPECT_LT(first, second);
  EXPECT_LE(second, clock.now());
  const auto later = to_log_time({7, to_timestamp(second).seconds + 100});
  clock.advance(later);
  EXPECT_GE(clock.now(), later);
  EXPECT_GT(clock.tick(), later);
  EXPECT_GT(clock.tick(later + 50), later + 50);
  clock.advance(first);
  EXPECT_GT(clock.now(), later);
  EXPECT_LT(clock.last_committed(), first);
  clock.committed(first);
  EXPECT_EQ(clock.last_committed(), first);
}

TEST_F(ReplicaSet, RepliesTellTimesThatWritesAdvance) {
  const auto one = answer(R"({"insert": "c", "documents": [{"_id": 1}]})");
  const auto read = answer(R"({"find": "c"})");
  const auto two = answer(R"({"insert": "c", "documents": [{"_id": 2}]})");
  EXPECT_EQ(operation_time(one), operation_time(read));
  EXPECT_LT(operation_time(one), operation_time(two));
  const auto cluster = two["$clusterTime"].as_document();
  EXPECT_GE(cluster["clusterTime"].as_timestamp(), operation_time(two));
  EXPECT_EQ(cluster["signature"].as_document()["hash"].as_binary().size, 20U);
  EXPECT_EQ(cluster["signature"].as_document()["keyId"].as_int64(), 0);
  EXPECT_TRUE(answer(R"({"find": "c", "filter": {"a": {"$no": 1}}})").contains("operationTime"));
  EXPECT_FALSE(run(R"({"ping": 1})").contains("operationTime"));  // of a single server
}

TEST_F(ReplicaSet, TheTimesStandBehindAllThatAReplyHas) {
  (void)answer(R"({"insert": "c", "documents": [{"_id": 1, "a": "text"}]})");
  for (const auto* command : {R"({"find": "c"})", R"({"find": 1})", R"({"ping": 1})"}) {
    const auto reply = answer(command);
    bson::validate(reply);
    std::vector<std::string> names;
    for (const auto& field : reply) names.emplace_back(field.key);
    ASSERT_GE(names.size(), 3U);
    EXPECT_EQ(names.end()[-2], "$clusterTime");
    EXPECT_EQ(names.back(), "operationTime");
    EXPECT_TRUE(reply.contains("ok"));
  }
  EXPECT_EQ(batch(answer(R"({"find": "c"})")).begin()->value.as_document()["a"].as_string(),
            "text");
}

TEST_F(ReplicaSet, EventsHaveTheTimeOfTheirWrite) {
  (void)answer(R"({"create": "c"})");
  const auto opened =
      answer(R"({"aggregate": "c", "pipeline": [{"$changeStream": {}}], "cursor": {}})");
  const auto one = answer(R"({"insert": "c", "documents": [{"_id": 1}]})");
  const auto two = answer(R"({"insert": "c", "documents": [{"_id": 2}]})");
  const auto from = [&](bson::View reply) {
    return answer(bson::make_document(
        "aggregate", "c", "pipeline",
        bson::Value::array(bson::make_array(bson::make_document(
            "$changeStream",
            bson::make_document("startAtOperationTime", bson::Value(operation_time(reply)))))),
        "cursor", bson::Document()));
  };
  const auto events = from(one);
  ASSERT_EQ(batch(events).count(), 2U);
  EXPECT_EQ(batch(events).begin()->value.as_document()["clusterTime"].as_timestamp(),
            operation_time(one));
  ASSERT_EQ(batch(from(two)).count(), 1U);
  EXPECT_EQ(batch(from(opened)).count(), 2U);
}

TEST_F(ReplicaSet, TheVariableIsOneValueOfACommand) {
  (void)answer(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}, {"_id": 3}]})");
  const auto read = answer(
      R"({"aggregate": "c", "pipeline": [{"$group": {"_id": "$$CLUSTER_TIME"}}], "cursor": {}})");
  ASSERT_EQ(batch(read).count(), 1U);
  const auto time = batch(read).begin()->value.as_document()["_id"].as_timestamp();
  EXPECT_GE(time, operation_time(read));
  EXPECT_EQ(code_of(answer(R"({"count": "c", "query": {"$expr": "$$CLUSTER_TIME"}})")), 10071200);
  EXPECT_EQ(code(R"({"find": "c", "filter": {"$expr": "$$CLUSTER_TIME"}})"), 10071200);
  EXPECT_FALSE(CommandTime::current());
}

TEST_F(ReplicaSet, ValidatorsSeeTheTimeOfEachWrite) {
  (void)answer(R"({"create": "v", "validator": {"$expr": {"$lte": ["$at", "$$CLUSTER_TIME"]}}})");
  const auto insert =
      R"({"insert": "v", "documents": [{"_id": 1, "at": {"$timestamp": {"t": 1, "i": 1}}}]})";
  EXPECT_EQ(answer(insert)["n"].as_int32(), 1);
  const auto late = answer(
      R"({"insert": "v", "documents": [{"_id": 2, "at": {"$timestamp": {"t": 4294967295, "i": 1}}}]})");
  EXPECT_EQ(late["n"].as_int32(), 0);
  // A program without a cluster's time learns why it cannot write.
  const auto reply = run(R"({"insert": "v", "documents": [{"_id": 3}]})");
  const auto error = reply["writeErrors"].as_array().begin()->value.as_document();
  EXPECT_EQ(error["code"].as_int32(), 10071200);
}

TEST_F(ReplicaSet, ReadsWaitForNothingThatIsPast) {
  const auto wrote = answer(R"({"insert": "c", "documents": [{"_id": 1}]})");
  EXPECT_EQ(batch(find_at("afterClusterTime", operation_time(wrote), "local")).count(), 1U);
  auto future = operation_time(wrote);
  future.seconds += 1000;
  EXPECT_EQ(code_of(find_at("afterClusterTime", future, "majority")), 72);
  EXPECT_EQ(code_of(find_at("afterClusterTime", future, "available")), 72);
  // Another member's clock is further: ours follows.
  const auto told = bson::make_document("ping", 1, "$clusterTime",
                                        bson::make_document("clusterTime", bson::Value(future)));
  EXPECT_GE(answer(told)["$clusterTime"].as_document()["clusterTime"].as_timestamp(), future);
  EXPECT_EQ(code_of(find_at("afterClusterTime", future, "majority")), 0);
  EXPECT_LT(future, operation_time(answer(R"({"insert": "c", "documents": [{"_id": 2}]})")));
  future.seconds += 400 * 86'400;
  EXPECT_EQ(
      code_of(answer(bson::make_document("ping", 1, "$clusterTime",
                                         bson::make_document("clusterTime", bson::Value(future))))),
      210);
  EXPECT_EQ(code_of(answer(R"({"ping": 1, "$clusterTime": 1})")), 14);
}

TEST_F(ReplicaSet, PipelinesThatWriteReadNoSnapshot) {
  const auto out = [&](std::string_view level) {
    return code_of(answer(
        R"({"aggregate": "c", "pipeline": [{"$out": "o"}], "cursor": {}, "readConcern": {"level": ")" +
        std::string(level) + R"("}})"));
  };
  EXPECT_EQ(out("majority"), 0);
  EXPECT_EQ(out("linearizable"), 72);
  EXPECT_EQ(out("snapshot"), 238);
  EXPECT_EQ(code_of(answer(R"({"find": "c", "readConcern": {"level": "linearizable"}})")), 0);
}

TEST_F(ReplicaSet, AClosedStoreIsToldInAReply) {
  store_->close();
  EXPECT_EQ(code_of(answer(R"({"find": "c"})")), 91);
}

TEST_F(ReplicaSet, ASnapshotStaysWhatItWas) {
  (void)answer(R"({"insert": "c", "documents": [{"_id": 1}]})");
  const auto first = answer(R"({"find": "c", "readConcern": {"level": "snapshot"}})");
  const auto at = first["cursor"].as_document()["atClusterTime"].as_timestamp();
  (void)answer(R"({"insert": "c", "documents": [{"_id": 2}]})");
  (void)answer(R"({"drop": "other"})");
  EXPECT_EQ(batch(find_at("atClusterTime", at, "snapshot")).count(), 1U);
  const auto values = answer(bson::make_document(
      "distinct", "c", "key", "_id", "readConcern",
      bson::make_document("level", "snapshot", "atClusterTime", bson::Value(at))));
  EXPECT_EQ(values["values"].as_array().count(), 1U);
  EXPECT_EQ(values["atClusterTime"].as_timestamp(), at);
  EXPECT_EQ(batch(answer(R"({"find": "c"})")).count(), 2U);
  auto other = at;
  --other.increment;
  EXPECT_EQ(code_of(find_at("atClusterTime", other, "snapshot")), 246);
  other.seconds += 1000;
  EXPECT_EQ(code_of(find_at("atClusterTime", other, "snapshot")), 72);
  // The session's next snapshot takes its place.
  (void)answer(R"({"find": "c", "readConcern": {"level": "snapshot"}})");
  EXPECT_EQ(code_of(find_at("atClusterTime", at, "snapshot")), 246);
  EXPECT_EQ(code_of(answer(R"({"count": "c", "readConcern": {"level": "snapshot"}})")), 72);
  EXPECT_EQ(code(R"({"find": "c", "readConcern": {"level": "snapshot"}})"), 123);
}

TEST_F(ReplicaSet, WritesThatMoreMembersAreToHaveAreDone) {
  const auto reply = answer(
      R"({"insert": "c", "documents": [{"_id": 1}], "writeConcern": {"w": 3, "wtimeout": 10}})");
  EXPECT_EQ(reply["n"].as_int32(), 1);
  const auto error = reply["writeConcernError"].as_document();
  EXPECT_EQ(error["code"].as_int32(), 100);
  EXPECT_EQ(error["codeName"].as_string(), "UnsatisfiableWriteConcern");
  EXPECT_EQ(error["errInfo"].as_document()["writeConcern"].as_document()["w"].as_int32(), 3);
  const auto concern = [&](std::string_view w) {
    const auto given = answer(
        R"({"update": "c", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}], "writeConcern": {"w": )" +
        std::string(w) + "}}");
    return given.contains("writeConcernError")
               ? given["writeConcernError"].as_document()["code"].as_int32()
               : code_of(given);
  };
  EXPECT_EQ(concern(R"("backup")"), 79);
  EXPECT_EQ(concern(R"({"dc": 1})"), 4);
  EXPECT_EQ(concern("51"), 9);
  EXPECT_EQ(concern("1"), 0);
  EXPECT_EQ(concern(R"("majority")"), 0);
  EXPECT_EQ(code(R"({"insert": "c", "documents": [{"_id": 2}], "writeConcern": {"w": 3}})"), 2);
}

TEST_F(ReplicaSet, AFailedWriteTellsItsWriteConcernToo) {
  (void)answer(R"({"create": "c"})");
  const auto reply =
      answer(R"({"create": "c", "capped": true, "size": 4096, "writeConcern": {"w": 2}})");
  EXPECT_EQ(code_of(reply), 48);
  EXPECT_EQ(reply["writeConcernError"].as_document()["code"].as_int32(), 100);
}

TEST_F(ReplicaSet, ChangeStreamsReadWhatTheMajorityHas) {
  const auto opened = [&](std::string_view level) {
    return code_of(answer(R"({"aggregate": "c", "pipeline": [{"$changeStream": {}}], "cursor": {},
                              "readConcern": {"level": ")" +
                          std::string(level) + R"("}})"));
  };
  EXPECT_EQ(opened("majority"), 0);
  EXPECT_EQ(opened("local"), 72);
  EXPECT_EQ(opened("snapshot"), 72);
}

TEST_F(ReplicaSet, TransactionsMakeCollectionsAndTheirIndexesOnly) {
  (void)answer(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})");
  int number = 0;
  const auto begin = [&](std::string_view command) {
    return code_of(answer(std::string(command) +
                          R"(, "lsid": {"id": {"$uuid": "00000000-0000-4000-8000-000000000002"}},
        "txnNumber": {"$numberLong": ")" +
                          std::to_string(++number) +
                          R"("}, "startTransaction": true, "autocommit": false})"));
  };
  EXPECT_EQ(begin(R"({"create": "c")"), 48);
  EXPECT_EQ(begin(R"({"createIndexes": "c", "indexes": [{"key": {"b": 1}, "name": "b_1"}])"), 263);
  EXPECT_EQ(begin(R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}])"), 0);
  EXPECT_EQ(begin(R"({"createIndexes": "d", "indexes": [{"key": {"b": 1}, "name": "b_1"}])"), 0);
}

TEST_F(ReplicaSet, ATransactionThatFindsTheWriterTakenIsAWriteConflict) {
  auto other = open(path_ + "?busy_timeout_ms=20");
  (void)answer(R"({"create": "c"})");
  const auto holder = store_->start_session();
  holder->start_transaction();
  InsertOptions options;
  options.session = holder.get();
  const auto document = bson::make_document("_id", 1);
  const bson::View views[] = {document};
  (void)store_->insert({"main", "c"}, views, options);
  const auto reply =
      CommandLayer({.replica_set = true})
          .run_reply(*other, "main", json(R"({"insert": "c", "documents": [{"_id": 2}],
                                             "lsid": {"id": {"$uuid": "00000000-0000-4000-8000-000000000001"}},
                                             "txnNumber": {"$numberLong": "1"},
                                             "startTransaction": true, "autocommit": false})"),
                     nullptr);
  EXPECT_EQ(code_of(reply), 112);
  EXPECT_EQ(reply["errorLabels"].as_array().begin()->value.as_string(),
            "TransientTransactionError");
  holder->abort_transaction();
}

}  // namespace
}  // namespace quire::store::embedded
