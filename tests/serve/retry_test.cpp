#include "serve_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

/// A command with the session's id and a number.
bson::Document numbered(const std::string& json, std::int64_t number,
                        const std::string& database = "test") {
  bson::Writer out;
  out.append_all(bson::from_json(json));
  bson::Binary id;
  id.bytes.assign(16, 7);
  id.subtype = bson::BinarySubtype::uuid;
  out.begin_document("lsid").append("id", bson::Value(std::move(id))).end();
  return out.append("txnNumber", number).append("$db", database).finish();
}

/// What a write did; the times that a reply tells go on.
bson::Document without_times(bson::View reply) {
  bson::Writer out;
  for (const auto& field : reply) {
    if (field.key != "$clusterTime" && field.key != "operationTime") out.append_raw(field);
  }
  return out.finish();
}

std::int32_t value_of(const Wire& wire) {
  const auto found = wire.run(R"({"find": "c"})");
  return found["cursor"].as_document()["firstBatch"].as_array()["0"].as_document()["n"].as_int32();
}

TEST_F(ServeTest, AWriteThatIsSentAgainIsDoneOnce) {
  start();
  const auto wire = connect();
  (void)wire.run(R"({"insert": "c", "documents": [{"_id": 1, "n": 0}]})");
  const auto update =
      numbered(R"({"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$inc": {"n": 1}}}]})", 1);
  const auto first = wire.run(update.view());
  EXPECT_EQ(without_times(wire.run(update.view())), without_times(first));
  EXPECT_EQ(value_of(wire), 1);
  const auto modify = numbered(
      R"({"findAndModify": "c", "query": {"_id": 1}, "update": {"$inc": {"n": 1}}, "new": true})",
      2);
  const auto value = wire.run(modify.view());
  EXPECT_EQ(without_times(wire.run(modify.view())), without_times(value));
  EXPECT_EQ(value_of(wire), 2);
  EXPECT_EQ(code_of(wire.run(update.view())), 225) << "an older number";
}

TEST_F(ServeTest, AWriteIsDoneOnceAcrossARestart) {
  start();
  const auto insert = numbered(R"({"insert": "c", "documents": [{"n": 1}, {"n": 2}]})", 4);
  const auto first = connect().run(insert.view());
  EXPECT_EQ(first["n"].as_int32(), 2);
  server.reset();
  start();
  EXPECT_EQ(without_times(connect().run(insert.view())), without_times(first));
  EXPECT_EQ(connect().run(R"({"count": "c"})")["n"].as_int32(), 2);
}

TEST_F(ServeTest, ACommitIsKnownAcrossARestart) {
  start();
  auto begin = bson::Writer();
  begin.append_all(numbered(R"({"insert": "c", "documents": [{"_id": 1}]})", 5));
  begin.append("startTransaction", true).append("autocommit", false);
  EXPECT_TRUE(is_ok(connect().run(begin.finish().view())));
  bson::Writer commit;
  commit.append_all(numbered(R"({"commitTransaction": 1})", 5, "admin"));
  commit.append("autocommit", false);
  const auto command = commit.finish();
  EXPECT_TRUE(is_ok(connect().run(command.view())));
  server.reset();
  start();
  EXPECT_TRUE(is_ok(connect().run(command.view())));
  EXPECT_EQ(connect().run(R"({"count": "c"})")["n"].as_int32(), 1);
}

TEST_F(ServeTest, FailedStatementsOfANumberedWriteAreToldAndTheOthersKept) {
  start();
  const auto wire = connect();
  const auto insert = numbered(
      R"({"insert": "c", "ordered": false, "documents": [{"_id": 1}, {"_id": 1}, {"_id": 2}]})", 1);
  const auto reply = wire.run(insert.view());
  EXPECT_EQ(reply["n"].as_int32(), 2);
  EXPECT_EQ(reply["writeErrors"].as_array()["0"].as_document()["code"].as_int32(), 11000);
  EXPECT_EQ(without_times(wire.run(insert.view())), without_times(reply));
  // A unique index that an update of many breaks takes only that statement back.
  const auto bulk = numbered(
      R"({"update": "c", "ordered": false, "updates": [{"q": {"_id": 1}, "u": {"$set": {"a": 1}}},
      {"q": {"_id": 5}, "u": {"$set": {"_id": 6}}, "upsert": true},
      {"q": {"_id": 2}, "u": {"$set": {"a": 2}}}]})",
      2);
  EXPECT_EQ(wire.run(bulk.view())["nModified"].as_int32(), 2);
}

TEST_F(ServeTest, NumbersAreForWritesThatMayBeSentAgain) {
  start();
  const auto wire = connect();
  EXPECT_EQ(code_of(wire.run(numbered(R"({"find": "c"})", 1).view())), 50768);
  EXPECT_EQ(code_of(wire.run(
                numbered(R"({"delete": "c", "deletes": [{"q": {}, "limit": 0}]})", 1).view())),
            72);
  EXPECT_EQ(code_of(wire.run(numbered(
                                 R"({"update": "c", "updates": [{"q": {}, "u": {"$set": {"a": 1}},
                                 "multi": true}]})",
                                 1)
                                 .view())),
            72);
}

TEST_F(ServeTest, EndedSessionsLeaveNoRecords) {
  start();
  const auto wire = connect();
  (void)wire.run(numbered(R"({"insert": "c", "documents": [{"_id": 1}]})", 1).view());
  EXPECT_EQ(wire.run(R"({"count": "transactions"})", "config")["n"].as_int32(), 1);
  EXPECT_TRUE(is_ok(wire.run(
      R"({"endSessions": [{"id": {"$binary": {"base64": "BwcHBwcHBwcHBwcHBwcHBw==",
      "subType": "04"}}}]})",
      "admin")));
  EXPECT_EQ(wire.run(R"({"count": "transactions"})", "config")["n"].as_int32(), 0);
}

}  // namespace
}  // namespace quire
