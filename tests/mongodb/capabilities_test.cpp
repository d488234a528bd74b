#include "fixture.hpp"
#include "quire/collection/database.hpp"
#include "quire/store/transaction.hpp"

namespace quire::store::mongodb_test {
namespace {

TEST(MongoCapabilities, AReplicaSetHasAll) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const Things things(uri);
  const auto can = things.store->capabilities();
  EXPECT_TRUE(can.transactions);
  EXPECT_TRUE(can.sessions);
  EXPECT_TRUE(can.change_streams);
  EXPECT_TRUE(can.aggregation);
  EXPECT_TRUE(can.json_schema);
  EXPECT_TRUE(can.collation);
  // Not every service has it.
  const int refused =
      failure_of([&] { (void)things.count(R"({"$text": {"$search": "a"}})"); }).backend_code;
  EXPECT_EQ(can.text_search, refused == 27) << refused;  // IndexNotFound: it is only not there yet
  EXPECT_TRUE(can.kill_op);
  EXPECT_TRUE(can.update_pipelines);
  EXPECT_TRUE(can.retryable_writes);
  EXPECT_TRUE(can.views);
  EXPECT_TRUE(can.collection_options);
  EXPECT_FALSE(can.sharding);
  EXPECT_FALSE(can.online_backup);
  EXPECT_FALSE(can.snapshot_cursors);
  EXPECT_FALSE(can.atomic_multi_writes);
  EXPECT_TRUE(things.store->list_collections(things.database).empty()) << "a probe left something";
  EXPECT_EQ(things.store->pool_state().in_use, 0);
}

TEST(MongoCapabilities, OfTransactionsDoNotDependOnTheOptionsOfTheUri) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  for (const auto* option : {"readPreference=secondaryPreferred", "w=no_such_mode"}) {
    SCOPED_TRACE(option);
    const Things things(uri + (uri.find('?') == std::string::npos ? "?" : "&") + option);
    EXPECT_TRUE(things.store->capabilities().transactions);
  }
}

TEST(MongoCapabilities, AStandaloneServerHasNoTransactionsAndNoChangeStreams) {
  QUIRE_NEEDS_SERVER(uri, "standalone");
  const Things things(uri);
  const auto can = things.store->capabilities();
  EXPECT_FALSE(can.transactions);
  EXPECT_FALSE(can.change_streams);
  EXPECT_FALSE(can.retryable_writes);
  EXPECT_FALSE(can.sharding);
  EXPECT_TRUE(can.aggregation);
  EXPECT_TRUE(can.update_pipelines);
  EXPECT_TRUE(can.json_schema);
  EXPECT_TRUE(things.store->list_collections(things.database).empty()) << "a probe left something";
}

TEST(MongoCapabilities, AreAskedForOnce) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  test::TcpProxy proxy(test::port_of(uri));
  const Things things(proxy.uri("app", "serverSelectionTimeoutMS=300"));
  const auto first = things.store->capabilities();
  proxy.refuse(true);
  EXPECT_EQ(things.store->capabilities().transactions, first.transactions);
}

TEST(MongoCapabilities, AreAskedForAgainWhereNobodyAnswered) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  test::TcpProxy proxy(test::port_of(uri));
  proxy.refuse(true);
  const Things things(proxy.uri("app", "serverSelectionTimeoutMS=200&heartbeatFrequencyMS=500"));
  EXPECT_EQ(failure_of([&] { (void)things.store->capabilities(); }).code,
            ErrorCode::server_unreachable);
  proxy.refuse(false);
  bool known = false;
  for (int i = 0; i < 50 && !known; ++i) {
    try {
      known = things.store->capabilities().transactions;
    } catch (const StoreError&) {
    }
  }
  EXPECT_TRUE(known);
}

/// SecantusDB takes transactions standalone as well, which no server of MongoDB does; by its
/// topology it has none.
TEST(MongoTransaction, OnAStandaloneServerFailsBeforeAnythingIsWritten) {
  QUIRE_NEEDS_SERVER(uri, "standalone");
  const Things things(uri);
  int runs = 0;
  auto failure = failure_of([&] {
    run_transaction(*things.store, {}, [&](Session& session) {
      ++runs;
      things.insert(R"({"_id": 1})", &session);
    });
  });
  EXPECT_EQ(failure.code, ErrorCode::unsupported) << failure.text;
  EXPECT_EQ(runs, 0);
  const Database db(things.store, things.database);
  failure = failure_of([&] { db.transaction([&](auto&) { ++runs; }); });
  EXPECT_EQ(failure.code, ErrorCode::unsupported) << failure.text;
  EXPECT_EQ(runs, 0);
  const auto session = things.store->start_session();
  failure = failure_of([&] { session->start_transaction(); });
  EXPECT_EQ(failure.code, ErrorCode::unsupported) << failure.text;
  EXPECT_FALSE(session->in_transaction());
  things.insert(R"({"_id": 2})", session.get());  // the session is of use all the same
  EXPECT_EQ(things.count(), 1);
  things.store->drop_database(things.database);
}

TEST(MongoTransaction, OneInsideOfAnotherIsRefused) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const Things things(uri);
  things.insert(R"({"_id": 0})");
  const auto failure = failure_of([&] {
    run_transaction(*things.store, {}, [&](Session& session) {
      things.insert(R"({"_id": 1})", &session);
      run_transaction(*things.store, {}, [](Session&) {});
    });
  });
  EXPECT_EQ(failure.code, ErrorCode::transaction_state) << failure.text;
  EXPECT_EQ(things.count(), 1);
  things.store->drop_database(things.database);
}

}  // namespace
}  // namespace quire::store::mongodb_test
