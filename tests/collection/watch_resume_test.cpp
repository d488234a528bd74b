#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "own_server.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "watch_fixture.hpp"
#ifdef QUIRE_TEST_MONGODB
#include "quire/store/mongodb/interop.hpp"
#endif

namespace quire::watch_test {
namespace {

class ResumedWatch : public Watch {};

INSTANTIATE_TEST_SUITE_P(Stores, ResumedWatch, watched_stores, store_name);

TEST_P(ResumedWatch, GoesOnFromAStoredTokenInANewStore) {
  std::string stored;
  {
    auto stream = users->watch();
    for (int i = 0; i < 5; ++i) users->insert(User{.email = "u", .age = i});
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(wait_for_event(stream));
    stored = bson::to_json(stream.resume_token(), bson::JsonMode::canonical);
    ASSERT_TRUE(wait_for_event(stream));  // in hand when the program dies: it comes again
  }
  auto other = open(uri);
  auto stream = other.collection<User>().watch({}, {.resume_after = bson::from_json(stored)});
  EXPECT_EQ(stream.resume_token(), bson::from_json(stored));
  for (const int n : {2, 3, 4}) {
    const auto event = wait_for_event(stream);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->document->age, n);
  }
  other.close();
  EXPECT_EQ(code_of([&] { (void)stream.next(); }), ErrorCode::store_closed);
}

TEST_P(ResumedWatch, MovesItsTokenOnWhileIdle) {
  auto stream = users->watch({only_changes({ChangeType::drop})}, {.max_await = 100ms});
  const auto first = stream.resume_token();
  EXPECT_FALSE(first.empty());
  for (int i = 0; i < 3; ++i) users->insert(User{.email = "a"});
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (stream.resume_token() == first && std::chrono::steady_clock::now() < end)
    EXPECT_FALSE(stream.next());
  EXPECT_NE(stream.resume_token(), first);
}

TEST_P(ResumedWatch, StartsAtATime) {
  auto stream = users->watch();
  users->insert(User{.age = 1});
  users->insert(User{.age = 2});
  (void)wait_for_event(stream);
  const auto second = wait_for_event(stream);
  ASSERT_TRUE(second && second->cluster_time);
  auto again = users->watch({}, {.start_at = second->cluster_time});
  const auto event = wait_for_event(again);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->document->age, 2);
}

TEST_P(ResumedWatch, EndsItsLoopWhenStopped) {
  std::stop_source source;
  auto stream = users->watch({}, {.max_await = 100ms, .stop = source.get_token()});
  users->insert(User{.age = 1});
  std::atomic<int> seen = 0;
  std::thread worker([&] {
    for (const auto& event : stream) seen += event.document->age;
  });
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (seen == 0 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  source.request_stop();
  worker.join();
  EXPECT_EQ(seen, 1);
  EXPECT_FALSE(stream.ended());
  EXPECT_FALSE(stream.next());
  // A stop loses nothing.
  users->insert(User{.age = 5});
  auto later = users->watch({}, {.resume_after = stream.resume_token()});
  EXPECT_EQ(wait_for_event(later)->document->age, 5);
}

TEST_P(ResumedWatch, WaitsNoLongerThanItIsTold) {
  auto stream = users->watch({}, {.max_await = 50ms});
  const auto start = std::chrono::steady_clock::now();
  // What others write may wake the server early; it must not be asked without a pause.
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(stream.next());
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, 50ms);
  EXPECT_LT(took, 10s);
}

TEST_P(ResumedWatch, LeavesItsTokenBeforeADocumentThatDoesNotFit) {
  auto raw = db->collection<bson::Document>("users");
  auto stream = users->watch();
  users->insert(User{.email = "a"});
  raw.insert(bson::from_json(R"({"_id": {"$oid": "5f43a1000000000000000000"}, "email": 5})"));
  users->insert(User{.email = "b"});
  ASSERT_TRUE(wait_for_event(stream));
  const auto token = stream.resume_token();
  try {
    (void)wait_for_event(stream);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::type_mismatch);
    EXPECT_EQ(error.path().str(), "email");
    EXPECT_NE(error.detail().find("5f43a1000000000000000000"), std::string::npos);
  }
  EXPECT_EQ(stream.resume_token(), token);
  EXPECT_EQ(wait_for_event(stream)->document->email, "b");  // the next call goes on behind it
  raw.insert(bson::make_document("_id", 7, "email", "x"));
  try {
    (void)wait_for_event(stream);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const MappingError& error) {
    EXPECT_EQ(error.path().str(), "_id");
    EXPECT_NE(error.detail().find("users"), std::string::npos);
  }
}

#ifdef QUIRE_TEST_MONGODB
std::atomic<std::int64_t> last_cursor{0};

TEST_P(ResumedWatch, PassesThroughAKilledCursorWithoutALoss) {
  if (is_embedded()) GTEST_SKIP() << "a stream of an embedded file has no cursor on a server";
  // A pool of the application's, whose callback sees the number of the stream's cursor.
  mongoc_uri_t* const parsed = mongoc_uri_new(uri.c_str());
  mongoc_client_pool_t* const pool = mongoc_client_pool_new(parsed);
  mongoc_apm_callbacks_t* const callbacks = mongoc_apm_callbacks_new();
  mongoc_apm_set_command_succeeded_cb(callbacks, [](const mongoc_apm_command_succeeded_t* event) {
    const auto cursor =
        store::mongodb::view(*mongoc_apm_command_succeeded_get_reply(event)).find("cursor");
    if (!cursor || cursor->type() != bson::Type::document) return;
    const auto number = cursor->as_document().find("id");
    if (number && number->type() == bson::Type::int64 && number->as_int64() != 0)
      last_cursor = number->as_int64();
  });
  mongoc_client_pool_set_apm_callbacks(pool, callbacks, nullptr);
  {
    const Database watched(store::mongodb::adopt(pool, db->name()), db->name());
    auto stream = watched.collection<User>().watch({}, {.max_await = 100ms});
    int expected = 0;
    for (int round = 0; round < 3; ++round) {
      users->insert(User{.age = 2 * round});
      auto event = wait_for_event(stream);
      ASSERT_TRUE(event);
      EXPECT_EQ(event->document->age, expected++);
      const std::int64_t cursor = last_cursor;
      ASSERT_NE(cursor, 0);
      bson::Writer command;
      command.append("killCursors", "users").begin_array("cursors").push(cursor).end();
      const auto reply = db->run_command(command.finish());
      EXPECT_EQ(reply["cursorsKilled"].as_array().count(), 1U);
      users->insert(User{.age = 2 * round + 1});  // while no cursor is there
      event = wait_for_event(stream);
      ASSERT_TRUE(event);
      EXPECT_EQ(event->document->age, expected++);
      EXPECT_NE(last_cursor, cursor);
    }
    EXPECT_FALSE(stream.next());
  }
  mongoc_client_pool_destroy(pool);
  mongoc_apm_callbacks_destroy(callbacks);
  mongoc_uri_destroy(parsed);
}
#endif

TEST(WatchOfABrokenServer, IsStoppedBetweenTwoAttemptsToOpenItAgain) {
  const auto program = test::on_server() ? "" : test::server("server");
  if (program.empty()) GTEST_SKIP() << "no server was started";
  test::OwnServer server(program);
  auto db = open(server.uri(test::fresh_database(), "serverSelectionTimeoutMS=300"));
  const auto users = db.collection<User>();
  std::stop_source source;
  auto stream = users.watch({}, {.max_await = 100ms, .stop = source.get_token()});
  users.insert(User{.age = 1});
  ASSERT_TRUE(wait_for_event(stream));
  server.kill_now();
  std::thread stopper([&] {
    std::this_thread::sleep_for(1s);
    source.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  for (const auto& event : stream) ADD_FAILURE() << event.operation_name;
  stopper.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);  // not the two minutes of resume_for
}

TEST(WatchOfABrokenServer, GivesUpAfterItsTimeAndGoesOnWhenItIsBack) {
  const auto program = test::on_server() ? "" : test::server("server");
  if (program.empty()) GTEST_SKIP() << "no server was started";
  test::OwnServer server(program);
  auto db = open(server.uri(test::fresh_database(), "serverSelectionTimeoutMS=3000"));
  const auto users = db.collection<User>();
  std::stop_source source;  // possible, not requested: the loop of the typed stream
  auto stream =
      users.watch({}, {.max_await = 100ms, .resume_for = 500ms, .stop = source.get_token()});
  // Journaled: a killed server may take back what it had not yet written.
  users.insert(User{.age = 1}, {.write_concern = WriteConcern{.w = "1", .journal = true}});
  ASSERT_TRUE(wait_for_event(stream));
  server.kill_now();
  const auto code = code_of([&] { (void)wait_for_event(stream); });
  EXPECT_TRUE(code == ErrorCode::network_error || code == ErrorCode::server_unreachable)
      << to_string(code);
  server.start();
  users.insert(User{.age = 2});
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->document->age, 2);
}

}  // namespace
}  // namespace quire::watch_test
