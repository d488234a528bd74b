#include "quire/collection/watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "own_server.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/collection/document.hpp"
#include "servers.hpp"
#ifdef QUIRE_TEST_MONGODB
#include "quire/store/mongodb/interop.hpp"
#endif

namespace quire {
namespace {

using namespace std::chrono_literals;
using query::field;
using query::json;

struct Address {
  std::string city = {};
};
struct User {
  ObjectId id = {};
  std::string email = {};
  int age = 0;
  std::optional<Address> address = {};
  std::vector<std::string> tags = {};
  static auto model() { return quire::model<User>("users"); }
};
constexpr auto email = field<&User::email>;
constexpr auto age = field<&User::age>;
constexpr auto address = field<&User::address>;
constexpr auto tags = field<&User::tags>;

template <class F>
ErrorCode code_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode{};
}

/// Waits for an event as long as a server may take for one.
template <class T>
std::optional<ChangeEvent<T>> wait_for_event(ChangeStream<T>& stream) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < end) {
    if (auto event = stream.next()) return event;
    if (stream.ended()) break;
  }
  return std::nullopt;
}

class Watch : public ::testing::Test {
 protected:
  void SetUp() override {
    QUIRE_NEEDS_SERVER(given, "replica_set");
    uri = given;
    db.emplace(open(uri));
    users.emplace(db->collection<User>());
  }
  void TearDown() override {
    if (db) db->store().drop_database(db->name());
  }
  std::string uri;
  std::optional<Database> db;
  std::optional<Collection<User>> users;
};

TEST_F(Watch, GivesATypedEventOfEachOperation) {
  auto stream = users->watch();
  User ada{.email = "ada", .age = 36, .address = Address{"London"}};
  users->insert(ada);
  users->update_one(email == "ada", age.set(37), address.unset());
  ada.age = 1;
  users->replace(ada);
  users->remove(ada.id);

  auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::insert);
  EXPECT_EQ(event->operation_name, "insert");
  EXPECT_EQ(event->database, db->name());
  EXPECT_EQ(event->collection, "users");
  EXPECT_EQ(event->id, ada.id);
  EXPECT_EQ(event->document_key, bson::make_document("_id", ada.id));
  ASSERT_TRUE(event->document);
  EXPECT_EQ(event->document->age, 36);
  EXPECT_EQ(event->document->address->city, "London");
  EXPECT_FALSE(event->before);
  EXPECT_TRUE(event->cluster_time);
  EXPECT_EQ(event->raw["operationType"].as_string(), "insert");
  EXPECT_EQ(event->resume_token, stream.resume_token());
  if (event->wall_time) {  // of MongoDB 6.0 and newer
    EXPECT_LT(std::chrono::abs(now() - *event->wall_time), 1min);
  }

  event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::update);
  EXPECT_EQ(event->id, ada.id);
  EXPECT_FALSE(event->document);
  EXPECT_EQ(event->update.updated_fields, bson::make_document("age", 37));
  EXPECT_EQ(event->update.removed_fields, std::vector<std::string>{"address"});

  event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::replace);
  EXPECT_EQ(event->document->age, 1);
  EXPECT_TRUE(event->update.updated_fields.empty());

  event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::remove);
  EXPECT_EQ(event->operation_name, "delete");
  EXPECT_EQ(event->id, ada.id);
  EXPECT_FALSE(event->document);
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.ended());
}

TEST_F(Watch, EndsAfterADrop) {
  users->insert(User{.email = "a"});
  auto stream = users->watch();
  users->insert(User{.email = "b"});
  users->drop();
  std::vector<ChangeType> types;
  for (const auto& event : stream) types.push_back(event.type);
  EXPECT_EQ(types, (std::vector<ChangeType>{ChangeType::insert, ChangeType::drop,
                                            ChangeType::invalidate}));
  EXPECT_TRUE(stream.ended());
  EXPECT_FALSE(stream.next());
  // The token of the invalidate: a new stream may start behind it.
  auto after = users->watch({}, {.start_after = stream.resume_token(), .max_await = 100ms});
  users->insert(User{.email = "c"});
  const auto event = wait_for_event(after);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->document->email, "c");
}

TEST_F(Watch, TellsTheNewNameOfARenamedCollection) {
  users->insert(User{.email = "a"});
  auto stream = users->watch();
  (void)db->with_name("admin").run_command(
      bson::make_document("renameCollection", db->name() + ".users", "to", db->name() + ".people"));
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::rename);
  EXPECT_EQ(event->collection, "users");
  EXPECT_EQ(event->renamed_to, "people");
  EXPECT_FALSE(event->id);
}

TEST_F(Watch, LooksUpTheDocumentOfAnUpdate) {
  users->insert(User{.email = "a", .age = 1});
  auto stream = users->watch({}, {.full_document = FullDocument::update_lookup});
  users->update_one(email == "a", age.set(2));
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  ASSERT_TRUE(event->document);
  EXPECT_EQ(event->document->age, 2);
  // It is looked up when the event is read: what is gone by then is no document.
  users->update_one(email == "a", age.set(3));
  users->remove_many({});
  const auto gone = wait_for_event(stream);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->type, ChangeType::update);
  EXPECT_FALSE(gone->document);
}

TEST_F(Watch, GivesImagesOfBeforeAndAfterWhereTheCollectionKeepsThem) {
  db->create_collection("users",
                        bson::from_json(R"({"changeStreamPreAndPostImages": {"enabled": true}})"));
  users->insert(User{.email = "a", .age = 1});
  auto stream = users->watch(
      {}, {.full_document = FullDocument::when_available, .before_change = BeforeChange::required});
  for (const int n : {1, 2}) {
    // One by one: the test server looks the document up late, also where images are kept.
    users->update_one(email == "a", age.set(n + 1));
    const auto event = wait_for_event(stream);
    ASSERT_TRUE(event);
    ASSERT_TRUE(event->before);
    EXPECT_EQ(event->before->age, n);
    ASSERT_TRUE(event->document);
    EXPECT_EQ(event->document->age, n + 1);
  }
  users->remove_one(email == "a");
  const auto removed = wait_for_event(stream);
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->before->age, 3);
  EXPECT_FALSE(removed->document);
}

TEST_F(Watch, FailsWhereARequiredImageIsMissing) {
  users->insert(User{.email = "a", .age = 1});
  auto stream = users->watch({}, {.before_change = BeforeChange::required});
  users->update_one(email == "a", age.set(2));
  EXPECT_EQ(code_of([&] { (void)wait_for_event(stream); }), ErrorCode::command_failed);
}

TEST_F(Watch, FiltersByPipelineAndByTheDocument) {
  auto adults = users->watch({document_matches(age >= 18 && email != "x")});
  auto either = users->watch({document_matches(email == "b" || !(age < 30))});
  auto removes = users->watch({only_changes({ChangeType::remove, ChangeType::drop})});
  auto own = users->watch({json(R"({"$match": {"fullDocument.email": "c"}})")});
  users->insert(User{.email = "a", .age = 17});
  users->insert(User{.email = "b", .age = 18});
  users->insert(User{.email = "c", .age = 40});
  users->insert(User{.email = "x", .age = 50});
  users->remove_many(age == 40);
  const auto emails = [](auto& stream, int n) {
    std::string all;
    for (int i = 0; i < n; ++i) {
      const auto event = wait_for_event(stream);
      all += event && event->document ? event->document->email : "-";
    }
    EXPECT_FALSE(stream.next());
    return all;
  };
  EXPECT_EQ(emails(adults, 2), "bc");
  EXPECT_EQ(emails(either, 3), "bcx");
  EXPECT_EQ(emails(removes, 1), "-");
  EXPECT_EQ(emails(own, 1), "c");
}

TEST_F(Watch, FiltersByTheDocumentBeforeTheChange) {
  db->create_collection("users",
                        bson::from_json(R"({"changeStreamPreAndPostImages": {"enabled": true}})"));
  users->insert(User{.email = "a", .age = 1});
  users->insert(User{.email = "b", .age = 2});
  auto stream = users->watch({before_matches(age == 2)}, {.before_change = BeforeChange::required});
  users->remove_many({});
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->before->email, "b");
  EXPECT_FALSE(stream.next());
}

TEST_F(Watch, GoesOnFromAStoredTokenInAnotherProcess) {
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

TEST_F(Watch, MovesItsTokenOnWhileIdle) {
  auto stream = users->watch({only_changes({ChangeType::drop})}, {.max_await = 100ms});
  const auto first = stream.resume_token();
  EXPECT_FALSE(first.empty());
  for (int i = 0; i < 3; ++i) users->insert(User{.email = "a"});
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (stream.resume_token() == first && std::chrono::steady_clock::now() < end)
    EXPECT_FALSE(stream.next());
  EXPECT_NE(stream.resume_token(), first);
}

TEST_F(Watch, StartsAtATime) {
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

TEST_F(Watch, EndsItsLoopWhenStopped) {
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

TEST_F(Watch, WaitsNoLongerThanItIsTold) {
  auto stream = users->watch({}, {.max_await = 200ms});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(stream.next());
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 5s);
}

TEST_F(Watch, LeavesItsTokenBeforeADocumentThatDoesNotFit) {
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

class AgeInMonths : public DatabaseHooks {
 public:
  std::optional<bson::Document> upgrade(store::Namespace ns, bson::View document) override {
    EXPECT_EQ(ns.collection, "users");
    if (document.contains("age")) return std::nullopt;
    return bson::make_document("_id", document["_id"], "age", document["months"].as_int32() / 12);
  }
};

TEST_F(Watch, GivesDocumentsInTheShapeOfToday) {
  db->set_hooks(std::make_shared<AgeInMonths>());
  auto stream = users->watch();
  auto all = db->watch();
  auto old = open(uri);
  old.collection<bson::Document>("users").insert(
      bson::make_document("_id", ObjectId::generate(), "months", 24));
  EXPECT_EQ(wait_for_event(stream)->document->age, 2);
  const auto event = wait_for_event(all);
  EXPECT_EQ((*event->document)["age"].as_int32(), 2);
  EXPECT_EQ(event->raw["fullDocument"].as_document()["months"].as_int32(), 24);
}

TEST_F(Watch, OfADatabaseGivesRawEventsOfAllCollections) {
  auto stream = db->watch();
  users->insert(User{.email = "a"});
  (void)db->collection<bson::Document>("other").insert(bson::make_document("_id", "x", "n", 1));
  std::vector<std::string> seen;
  for (int i = 0; i < 2; ++i) {
    const auto event = wait_for_event(stream);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, ChangeType::insert);
    ASSERT_TRUE(event->document);
    seen.push_back(event->collection);
    if (event->collection == "other") {
      EXPECT_EQ(event->id, bson::Value("x"));
      EXPECT_EQ((*event->document)["n"].as_int32(), 1);
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"users", "other"}));
  db->store().drop_database(db->name());
  std::vector<ChangeType> types;
  for (const auto& event : stream) types.push_back(event.type);
  ASSERT_GE(types.size(), 2U);
  EXPECT_EQ(types[types.size() - 2], ChangeType::drop_database);
  EXPECT_EQ(types.back(), ChangeType::invalidate);
}

TEST_F(Watch, CallsWhatItDoesNotKnowByTheServersName) {
  auto stream = users->watch({json(R"({"$addFields": {"operationType": "reshardCollection"}})")});
  users->insert(User{.email = "a"});
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::other);
  EXPECT_EQ(event->operation_name, "reshardCollection");
  EXPECT_EQ(to_string(event->type), "other");
  EXPECT_EQ(event->document->email, "a");
}

#if defined(QUIRE_TEST_MONGODB) && MONGOC_CHECK_VERSION(1, 24, 0)
TEST_F(Watch, TellsOfIndexesWhenAskedForAllEvents) {
  users->insert(User{.email = "a"});
  auto stream = users->watch({}, {.show_expanded_events = true});
  (void)db->run_command(bson::from_json(
      R"({"createIndexes": "users", "indexes": [{"key": {"age": 1}, "name": "age_1"}]})"));
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::other);
  EXPECT_EQ(event->operation_name, "createIndexes");
}
#endif

TEST_F(Watch, ToleratesEventsThatAPipelineMadeSmall) {
  auto stream = users->watch({json(R"({"$project": {"documentKey": 1}})")});
  users->insert(User{.email = "a"});
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::other);
  EXPECT_EQ(event->operation_name, "");
  EXPECT_TRUE(event->id);
  EXPECT_FALSE(event->document);
  EXPECT_FALSE(event->cluster_time);
}

TEST_F(Watch, RefusesWhatMeansNothing) {
  EXPECT_EQ(code_of([&] { (void)users->watch({}, {.max_await = 0ms}); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)only_changes({ChangeType::other}); }), ErrorCode::invalid_query);
  EXPECT_EQ(code_of([&] {
              (void)document_matches(query::Filter<User>(json(R"({"$expr": {"$gt": ["$a", 1]}})")));
            }),
            ErrorCode::invalid_query);
  // Servers differ in the number that they give for bytes that are no token.
  EXPECT_THROW(
      {
        auto stream = users->watch({}, {.resume_after = bson::from_json(R"({"_data": "82"})")});
        (void)stream.next();
      },
      Error);
}

struct Person : quire::Document<Person> {
  std::string name;
  BOOST_DESCRIBE_CLASS(Person, (quire::Document<Person>), (name), (), ())
  static auto model() { return quire::model<Person>("people"); }
};

TEST_F(Watch, AttachesActiveRecords) {
  const auto people = db->collection<Person>();
  auto stream = people.watch();
  Person person;
  person.name = "Ada";
  person.save(*db);
  auto event = wait_for_event(stream);
  ASSERT_TRUE(event && event->document);
  event->document->name = "Eve";
  event->document->save();
  EXPECT_EQ(people.get(person.id).name, "Eve");
}

#ifdef QUIRE_TEST_MONGODB
std::atomic<std::int64_t> last_cursor{0};

TEST_F(Watch, PassesThroughAKilledCursorWithoutALoss) {
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
  const auto program = test::server("server");
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
  const auto program = test::server("server");
  if (program.empty()) GTEST_SKIP() << "no server was started";
  test::OwnServer server(program);
  auto db = open(server.uri(test::fresh_database(), "serverSelectionTimeoutMS=300"));
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

TEST(WatchElsewhere, IsRefusedByADeploymentWithoutChangeStreams) {
  QUIRE_NEEDS_SERVER(uri, "standalone");
  const auto db = open(uri);
  EXPECT_EQ(code_of([&] { (void)db.collection<User>().watch(); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { (void)db.watch(); }), ErrorCode::unsupported);
  try {
    (void)db.watch();
  } catch (const StoreError& error) {
    EXPECT_NE(error.detail().find("replica set"), std::string::npos);
  }
}

TEST(WatchElsewhere, IsRefusedByTheEmbeddedStore) {
  const auto db = open(":memory:");
  try {
    (void)db.collection<User>().watch({document_matches(age > 1)});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(error.detail().find("embedded store has no change streams"), std::string::npos);
  }
}

TEST(DocumentMatches, PutsTheFieldsUnderTheDocument) {
  const auto stage = [](const query::Filter<User>& filter) {
    return bson::to_json(document_matches(filter).document());
  };
  EXPECT_EQ(bson::from_json(stage(age >= 18)), bson::from_json(R"({"$match": {
      "fullDocument": {"$type": "object"}, "$and": [{"fullDocument.age": {"$gte": 18}}]}})"));
  EXPECT_EQ(bson::from_json(stage({})),
            bson::from_json(R"({"$match": {"fullDocument": {"$type": "object"}}})"));
  EXPECT_EQ(bson::from_json(stage((age < 1 || email == "a") && tags.size(2))),
            bson::from_json(R"({"$match": {"fullDocument": {"$type": "object"}, "$and": [{
          "$or": [{"fullDocument.age": {"$lt": 1}}, {"fullDocument.email": "a"}],
          "fullDocument.tags": {"$size": 2}}]}})"));
}

TEST(ChangeTypes, HaveTheServersNames) {
  EXPECT_EQ(to_string(ChangeType::remove), "delete");
  EXPECT_EQ(to_string(ChangeType::drop_database), "dropDatabase");
  EXPECT_EQ(to_string(ChangeType::invalidate), "invalidate");
}

}  // namespace
}  // namespace quire
