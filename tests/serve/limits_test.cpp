#include "serve_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;
using std::chrono::milliseconds;

bool serves(const serve::Server& server) {
  return is_ok(Wire(server.port()).run(R"({"ping": 1})", "admin"));
}

class Malformed : public ServeTest {
 protected:
  /// The connection ends, the server goes on.
  void expect_closed(const Bytes& bytes, const std::string& what) {
    const auto wire = connect();
    wire.send(bytes);
    EXPECT_TRUE(wire.is_closed()) << what;
    EXPECT_TRUE(serves(*server)) << what;
  }
};

TEST_F(Malformed, LengthsThatCannotBeEndTheConnection) {
  start();
  const auto body = body_of(with_db(R"({"ping": 1})"));
  for (const std::int32_t length : {0, 1, 15, -1, 48'000'001, 0x7FFFFFFF})
    expect_closed(message(2013, body, length), std::to_string(length));
  expect_closed(message(2013, body, 16), "the rest is read as the next message");
  EXPECT_GE(server->statistics().protocol_errors, 7U);
}

TEST_F(Malformed, OpcodesThatAreNotAnsweredEndTheConnection) {
  start();
  const auto body = body_of(with_db(R"({"ping": 1})"));
  for (const std::int32_t opcode : {1, 2001, 2002, 2005, 2006, 2007, 2012, 99, -5})
    expect_closed(message(opcode, body), std::to_string(opcode));
}

TEST_F(Malformed, WrongChecksumsAndFlagsEndTheConnection) {
  start();
  const auto body = body_of(with_db(R"({"ping": 1})"), 1);
  auto bytes = message(2013, body, static_cast<std::int32_t>(body.size() + 20));
  put(bytes, std::uint32_t{12345});
  expect_closed(bytes, "checksum");
  expect_closed(op_msg(with_db(R"({"ping": 1})"), 0x80), "flags");
}

TEST_F(Malformed, MistakesInsideAMessageAreAnswered) {
  start();
  const auto wire = connect();
  Bytes two = body_of(with_db(R"({"ping": 1})"));
  const Bytes again(two.begin() + 4, two.end());
  two.insert(two.end(), again.begin(), again.end());
  wire.send(message(2013, two));
  EXPECT_EQ(code_of(*wire.reply()), 40430);
  EXPECT_TRUE(is_ok(wire.run(R"({"ping": 1})")));
  bson::Writer deep;
  deep.append("insert", "c").append("$db", "test");
  for (int i = 0; i < 300; ++i) deep.begin_document("a");
  for (int i = 0; i < 300; ++i) deep.end();
  EXPECT_EQ(code_of(wire.run(deep.finish().view())), 22);
  EXPECT_EQ(code_of(wire.run(bson::Document().view())), 40571);
}

TEST_F(Malformed, TextThatIsNoUtf8IsRefusedByName) {
  start();
  const auto wire = connect();
  bson::Writer command;
  command.append("insert", "c").begin_array("documents");
  command.push(bson::make_document("_id", "a\xC3("));
  command.end().append("$db", "test");
  const auto reply = wire.run(command.finish().view());
  EXPECT_TRUE(reply.contains("writeErrors") || code_of(reply) != 0) << shown(reply);
  EXPECT_TRUE(is_ok(wire.run(R"({"ping": 1})")));
}

TEST_F(Malformed, HalfAMessageIsForgotten) {
  start();
  {
    const auto wire = connect();
    auto bytes = op_msg(with_db(R"({"insert": "c", "documents": [{"_id": 1}]})"));
    bytes.resize(bytes.size() - 3);
    wire.send(bytes);
  }
  EXPECT_EQ(connect().run(R"({"count": "c"})")["n"].as_int32(), 0);
}

TEST_F(ServeTest, AClientThatDawdlesIsCutOff) {
  options.limits.read = milliseconds(200);
  start();
  const auto wire = connect();
  const auto bytes = op_msg(with_db(R"({"ping": 1})"));
  const auto began = std::chrono::steady_clock::now();
  for (const auto byte : bytes) {
    wire.send({byte});
    std::this_thread::sleep_for(milliseconds(20));
    if (std::chrono::steady_clock::now() - began > milliseconds(600)) break;
  }
  EXPECT_TRUE(wire.is_closed(milliseconds(500)));
  EXPECT_TRUE(serves(*server));
}

TEST_F(ServeTest, ASilentConnectionIsClosed) {
  options.limits.idle = milliseconds(150);
  start();
  const auto wire = connect();
  EXPECT_TRUE(is_ok(wire.run(R"({"ping": 1})")));
  EXPECT_TRUE(wire.is_closed(milliseconds(3000)));
}

TEST_F(ServeTest, OneConnectionTooManyIsClosed) {
  options.limits.connections = 3;
  start();
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 3; ++i) {
    wires.push_back(std::make_unique<Wire>(server->port()));
    EXPECT_TRUE(is_ok(wires.back()->run(R"({"ping": 1})")));
  }
  EXPECT_TRUE(connect().is_closed());
  EXPECT_EQ(server->statistics().connections_refused, 1U);
  wires.pop_back();
  for (int i = 0; i < 100 && server->statistics().connections == 3; ++i)
    std::this_thread::sleep_for(milliseconds(20));
  EXPECT_TRUE(serves(*server));
}

TEST_F(ServeTest, AMessageThatIsTooLongEndsTheConnection) {
  options.limits.message_bytes = 4096;
  start();
  const auto wire = connect();
  EXPECT_EQ(wire.run(R"({"hello": 1})", "admin")["maxMessageSizeBytes"].as_int32(), 4096);
  bson::Writer large;
  large.append("ping", 1).append("$db", "test").append("a", std::string(5000, 'x'));
  wire.send(op_msg(large.finish()));
  EXPECT_TRUE(wire.is_closed());
}

TEST_F(ServeTest, TakesMessagesUpToTheLimit) {
  start();
  const auto wire = connect();
  bson::Writer command;
  command.append("insert", "c").begin_array("documents");
  for (int i = 0; i < 3; ++i)
    command.push(bson::make_document("_id", i, "a", std::string(15'000'000, 'x')));
  command.end().append("$db", "test");
  EXPECT_EQ(wire.run(command.finish().view())["n"].as_int32(), 3);
  const auto found = wire.run(R"({"find": "c"})");
  EXPECT_EQ(found["cursor"].as_document()["firstBatch"].as_array().count(), 1U)
      << "a reply of several stays below the largest document";
}

TEST_F(ServeTest, CursorsAreCounted) {
  options.limits.cursors_of_connection = 2;
  options.limits.cursors = 3;
  start();
  const auto wire = connect();
  (void)wire.run(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}, {"_id": 3}]})");
  const char* open = R"({"find": "c", "batchSize": 1})";
  const auto first = wire.run(open);
  EXPECT_TRUE(is_ok(first));
  EXPECT_TRUE(is_ok(wire.run(open)));
  EXPECT_EQ(code_of(wire.run(open)), 365);
  const auto other = connect();
  EXPECT_TRUE(is_ok(other.run(open)));
  EXPECT_EQ(code_of(other.run(open)), 365) << "of all connections";
  const auto id = std::to_string(first["cursor"].as_document()["id"].as_int64());
  EXPECT_TRUE(
      is_ok(wire.run(R"({"killCursors": "c", "cursors": [{"$numberLong": ")" + id + "\"}]}")));
  EXPECT_TRUE(is_ok(wire.run(open)));
}

TEST_F(ServeTest, ATransactionThatIsLeftOpenIsAborted) {
  options.limits.transaction = milliseconds(300);
  start();
  const std::string session =
      R"("lsid": {"id": {"$binary": {"base64": "AQAAAAAAAAAAAAAAAAAAAQ==", "subType": "04"}}},
      "txnNumber": {"$numberLong": "1"}, "autocommit": false)";
  {
    EXPECT_TRUE(is_ok(connect().run(R"({"insert": "c", "documents": [{"_id": 1}],
      "startTransaction": true, )" + session +
                                    "}")));
  }
  const auto wire = connect();
  EXPECT_TRUE(is_ok(wire.run(R"({"insert": "c", "documents": [{"_id": 2}]})")));
  const auto late = wire.run(R"({"insert": "c", "documents": [{"_id": 3}], )" + session + "}");
  EXPECT_EQ(code_of(late), 251);
  EXPECT_EQ(shown(late["errorLabels"].as_array()), R"({"0": "TransientTransactionError"})");
  EXPECT_EQ(wire.run(R"({"count": "c"})")["n"].as_int32(), 1);
}

}  // namespace
}  // namespace quire
