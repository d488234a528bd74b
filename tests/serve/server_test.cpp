#include "quire/serve/server.hpp"

#include <atomic>

#include "quire/store/embedded/embedded.hpp"
#include "serve_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

TEST_F(ServeTest, AnswersCommandsOfAnyDriver) {
  start();
  const auto wire = connect();
  EXPECT_TRUE(is_ok(wire.run(R"({"insert": "c", "documents": [{"_id": 1, "a": 2}]})")));
  const auto found = wire.run(R"({"find": "c", "filter": {"a": 2}})");
  EXPECT_EQ(shown(found["cursor"].as_document()["firstBatch"].as_array()),
            R"({"0": {"_id": 1, "a": 2}})");
  EXPECT_EQ(code_of(wire.run(R"({"nonsense": 1})")), 59);
  EXPECT_EQ(code_of(wire.run(R"({"saslStart": 1, "mechanism": "SCRAM-SHA-256"})")), 18);
}

TEST_F(ServeTest, HelloShowsASetOfOneMember) {
  start();
  const auto wire = connect();
  const auto hello = wire.run(R"({"hello": 1})", "admin");
  const std::string me = "127.0.0.1:" + std::to_string(server->port());
  EXPECT_EQ(hello["setName"].as_string(), "quire");
  EXPECT_EQ(hello["me"].as_string(), me);
  EXPECT_EQ(shown(hello["hosts"].as_array()), R"({"0": ")" + me + R"("})");
  EXPECT_TRUE(hello["isWritablePrimary"].as_bool());
  EXPECT_EQ(hello["maxWireVersion"].as_int32(), 27);
  EXPECT_EQ(hello["logicalSessionTimeoutMinutes"].as_int32(), 30);
  EXPECT_FALSE(hello.contains("compression"));
  EXPECT_TRUE(wire.run(R"({"isMaster": 1, "helloOk": true})", "admin")["helloOk"].as_bool());
}

TEST_F(ServeTest, StandaloneHelloNamesNoSet) {
  options.replica_set.clear();
  start();
  const auto hello = connect().run(R"({"hello": 1})", "admin");
  EXPECT_FALSE(hello.contains("setName"));
  EXPECT_EQ(server->connection_string(),
            "mongodb://127.0.0.1:" + std::to_string(server->port()) + "/");
}

TEST_F(ServeTest, RefusesToListenBeyondLoopbackWithoutUsers) {
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1", "::ffff:127.0.0.1"}) {
    options.address = address;
    try {
      start();
      FAIL() << address;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << address;
    }
  }
  for (const char* address : {"localhost", "", "127.0.0"}) {
    options.address = address;
    EXPECT_THROW(start(), Error) << address;
  }
}

TEST_F(ServeTest, ReadOnlyAnswersWritesAsAServerDoes) {
  start();
  (void)connect().run(R"({"insert": "c", "documents": [{"_id": 1}]})");
  EXPECT_THROW(serve::Server(store::open(file("a.quire")), {.port = 0, .read_only = true}), Error);
  server.reset();
  options.read_only = true;
  start();
  const auto wire = connect();
  EXPECT_TRUE(wire.run(R"({"hello": 1})", "admin")["readOnly"].as_bool());
  EXPECT_TRUE(is_ok(wire.run(R"({"find": "c"})")));
  for (const char* write :
       {R"({"insert": "c", "documents": [{"_id": 2}]})", R"({"drop": "c"})", R"({"create": "d"})",
        R"({"update": "c", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]})",
        R"({"findAndModify": "c", "remove": true})", R"({"delete": "c", "deletes": []})"})
    EXPECT_EQ(code_of(wire.run(write)), 20) << write;
}

TEST_F(ServeTest, UnacknowledgedCommandsGetNoReply) {
  start();
  const auto wire = connect();
  wire.send(op_msg(
      with_db(R"({"insert": "c", "documents": [{"_id": 1}], "writeConcern": {"w": 0}})"), 2));
  const auto count = wire.run(R"({"count": "c"})");  // the next reply is this one's
  EXPECT_EQ(count["n"].as_int32(), 1);
}

TEST_F(ServeTest, AProgramMayUseTheStoreThatItServes) {
  const std::shared_ptr<store::Store> store = store::open(file("a.quire"));
  server = std::make_unique<serve::Server>(store, options);
  server->start();
  (void)connect().run(R"({"insert": "c", "documents": [{"_id": 1}]})");
  EXPECT_EQ(store->count({"test", "c"}, bson::View{}, {}), 1);
  server->stop();
  EXPECT_EQ(store->count({"test", "c"}, bson::View{}, {}), 1) << "stop() closes no store";
  EXPECT_THROW(server->start(), Error);
}

TEST_F(ServeTest, StopLetsARunningCommandFinish) {
  start();
  std::atomic<bool> answered{false};
  const auto wire = connect();
  std::string documents;
  for (int i = 0; i < 20'000; ++i)
    documents += (i == 0 ? "{\"_id\":" : ",{\"_id\":") + std::to_string(i) + "}";
  wire.send(op_msg(with_db(R"({"insert": "c", "documents": [)" + documents + "]}")));
  std::thread reader([&] { answered = wire.reply().has_value(); });
  while (server->statistics().commands == 0) std::this_thread::yield();
  server->stop();
  reader.join();
  EXPECT_TRUE(answered);
  EXPECT_TRUE(wire.is_closed());
  server = std::make_unique<serve::Server>(file("a.quire"), options);
  server->start();
  EXPECT_EQ(connect().run(R"({"count": "c"})")["n"].as_int32(), 20'000);
}

TEST_F(ServeTest, StopRollsOpenTransactionsBack) {
  start();
  const auto wire = connect();
  EXPECT_TRUE(is_ok(wire.run(
      R"({"insert": "c", "documents": [{"_id": 1}], "lsid": {"id": {"$binary":
      {"base64": "AQAAAAAAAAAAAAAAAAAAAQ==", "subType": "04"}}}, "txnNumber": {"$numberLong": "1"},
      "startTransaction": true, "autocommit": false})")));
  server.reset();
  start();
  EXPECT_EQ(connect().run(R"({"count": "c"})")["n"].as_int32(), 0);
  EXPECT_TRUE(store::embedded::check(server->store()).ok());
}

TEST_F(ServeTest, AnswersWhatToolsAskFirst) {
  start();
  const auto wire = connect();
  (void)wire.run(R"({"insert": "c", "documents": [{"_id": 1}]})");
  for (const char* command :
       {R"({"buildInfo": 1})", R"({"getLog": "startupWarnings"})", R"({"hostInfo": 1})",
        R"({"getParameter": 1, "featureCompatibilityVersion": 1})", R"({"getCmdLineOpts": 1})",
        R"({"whatsmyuri": 1})", R"({"connectionStatus": 1, "showPrivileges": true})",
        R"({"listDatabases": 1})", R"({"serverStatus": 1})", R"({"ping": 1})", R"({"logout": 1})"})
    EXPECT_TRUE(is_ok(wire.run(command, "admin"))) << command;
  EXPECT_EQ(code_of(wire.run(R"({"atlasVersion": 1})", "admin")), 59);
  const auto listed =
      wire.run(R"({"listDatabases": 1, "nameOnly": true, "filter": {"name": "test"}})", "admin");
  EXPECT_EQ(shown(listed["databases"].as_array()), R"({"0": {"name": "test"}})");
  EXPECT_EQ(code_of(wire.run(R"({"listDatabases": 1})")), 13) << "on admin only";
  EXPECT_EQ(wire.run(R"({"serverStatus": 1})", "admin")["connections"]
                .as_document()["current"]
                .as_int32(),
            1);
}

TEST_F(ServeTest, KeepsTransactionsOfManyClientsApart) {
  start();
  const auto in_transaction = [](int session, int number, const std::string& rest) {
    return with_db(R"({"insert": "c", "documents": [{"_id": )" + std::to_string(session) +
                   R"(}], "lsid": {"id": {"$binary": {"base64": "AQAAAAAAAAAAAAAAAAAAA)" +
                   std::string(1, static_cast<char>('A' + session)) +
                   R"(==", "subType": "04"}}}, "txnNumber": {"$numberLong": ")" +
                   std::to_string(number) + R"("}, "autocommit": false)" + rest + "}");
  };
  const auto wire = connect();
  EXPECT_TRUE(is_ok(wire.run(in_transaction(0, 1, R"(, "startTransaction": true)").view())));
  // Others read meanwhile, whatever thread their command runs on; another writer waits its turn.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(connect().run(R"({"count": "c"})")["n"].as_int32(), 0);
  const auto other = connect();
  other.send(op_msg(with_db(R"({"insert": "c", "documents": [{"_id": 9}]})")));
  const auto commit = bson::from_json(
      R"({"commitTransaction": 1, "lsid": {"id": {"$binary": {"base64": "AQAAAAAAAAAAAAAAAAAAAA==",
      "subType": "04"}}}, "txnNumber": {"$numberLong": "1"}, "autocommit": false, "$db": "admin"})");
  EXPECT_TRUE(is_ok(wire.run(commit.view())));
  EXPECT_TRUE(is_ok(*other.reply()));
  EXPECT_EQ(wire.run(R"({"count": "c"})")["n"].as_int32(), 2);
}

}  // namespace
}  // namespace quire
