#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "observe_fixture.hpp"
#include "own_server.hpp"

namespace quire::observe::test {
namespace {

using Events = ObservedStore;
INSTANTIATE_TEST_SUITE_P(Stores, Events, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(Events, EachCallTellsItsCommandAndNamespace) {
  const std::set<std::string> without_collection{"listCollections", "dropDatabase"};
  Recorder recorder(*db_);
  auto& store = db_->store();
  const auto expect = [&](const std::string& command, const auto& call) {
    (void)recorder.take();
    call();
    const auto seen = recorder.take(command);
    ASSERT_EQ(seen.size(), 1U) << command;
    EXPECT_TRUE(seen[0].ok) << command << " " << seen[0].error;
    EXPECT_EQ(seen[0].database, db_->name()) << command;
    EXPECT_EQ(seen[0].collection, without_collection.contains(command) ? "" : "people") << command;
    EXPECT_GE(seen[0].duration.count(), 0);
    EXPECT_LT(seen[0].duration, std::chrono::seconds(20));
    EXPECT_EQ(seen[0].server.empty(), embedded());
  };
  expect("insert", [&] { people_->insert(Person{.email = "a@example.org", .age = 1}); });
  expect("find", [&] { (void)people_->find(age == 1).to_vector(); });
  expect("find", [&] { (void)people_->find_one(age == 1); });
  expect("update", [&] { people_->update_many(age == 1, age.inc(1)); });
  expect("findAndModify", [&] { (void)people_->find_one_and_update(age == 2, age.inc(1)); });
  expect("delete", [&] { people_->remove_one(age == 99); });
  expect("distinct", [&] { (void)store.distinct(db_->ns("people"), "age", {}, {}); });
  expect("listIndexes", [&] { (void)store.list_indexes(db_->ns("people")); });
  expect("createIndexes", [&] {
    const auto spec = bson::from_json(R"({"key": {"city": 1}, "name": "city_1"})");
    const bson::View view = spec;
    store.create_indexes(db_->ns("people"), {&view, 1}, {});
  });
  expect("dropIndexes", [&] { store.drop_index(db_->ns("people"), "city_1", {}); });
  expect("listCollections", [&] { (void)store.list_collections(db_->name()); });
  expect("drop", [&] { (void)store.drop_collection(db_->ns("people"), {}); });
  expect("create", [&] { store.create_collection(db_->ns("people"), {}, {}); });
  expect("dropDatabase", [&] { store.drop_database(db_->name()); });
}

TEST_P(Events, CountsAndExplainsAreToldByTheCommandThatRuns) {
  Recorder recorder(*db_);
  (void)people_->count(age > 3);
  EXPECT_EQ(recorder.take(embedded() ? "count" : "aggregate").size(), 1U);
  (void)db_->store().estimated_count(db_->ns("people"));
  EXPECT_EQ(recorder.take("count").size(), 1U);
  (void)people_->find(age > 3).explain();
  EXPECT_EQ(recorder.take("explain").size(), 1U);
}

TEST_P(Events, BulkWritesAreTold) {
  Recorder recorder(*db_);
  people_->bulk()
      .insert(Person{.email = "a@example.org"})
      .update_one(email == "a@example.org", age.set(3))
      .run();
  std::multiset<std::string> commands;
  for (const auto& seen : recorder.take()) {
    EXPECT_EQ(seen.collection, "people");
    commands.insert(seen.command);
    const auto filter = seen.command == "insert" ? "{}" : R"({"email": "a@example.org"})";
    EXPECT_EQ(bson::from_json(seen.filter), bson::from_json(filter));
  }
  EXPECT_EQ(commands, embedded() ? std::multiset<std::string>{"bulkWrite"}
                                 : (std::multiset<std::string>{"insert", "update"}));
}

TEST_P(Events, FilterAndSortStandInTheEvent) {
  Recorder recorder(*db_);
  (void)people_->find(age >= 17 && city == "Rome").sort(email.desc()).to_vector();
  auto seen = recorder.take("find");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(filter_shape(bson::from_json(seen[0].filter)), R"({"age":{"$gte":"?"},"city":"?"})");
  EXPECT_EQ(sort_shape(bson::from_json(seen[0].sort)), R"({"email":-1})");
  people_->update_one(city == "Rome", age.set(1));
  seen = recorder.take("update");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(bson::from_json(seen[0].filter), bson::from_json(R"({"city": "Rome"})"));
}

TEST_P(Events, TransactionsAreToldWhereTheyEnd) {
  if (!db_->store().capabilities().transactions) GTEST_SKIP() << "no transactions";
  Recorder recorder(*db_);
  auto session = db_->store().start_session();
  session->start_transaction();
  people_->insert(Person{.email = "a@example.org"}, {.session = *session});
  session->commit_transaction();
  auto seen = recorder.take("commitTransaction");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].ok);
  EXPECT_EQ(seen[0].database, "admin");
  EXPECT_EQ(seen[0].collection, "");

  session->start_transaction();
  people_->insert(Person{.email = "b@example.org"}, {.session = *session});
  session->abort_transaction();
  EXPECT_EQ(recorder.take("abortTransaction").size(), 1U);

  session->start_transaction();  // one that did nothing sends nothing
  session->commit_transaction();
  EXPECT_EQ(recorder.take().size(), 0U);

  session->start_transaction();
  people_->insert(Person{.email = "c@example.org"}, {.session = *session});
  session.reset();
  EXPECT_EQ(recorder.take("abortTransaction").size(), 1U);
  EXPECT_EQ(people_->count(), 1);
}

TEST_P(Events, FailuresHaveTheCodeAndItsNameAndNoValues) {
  people_->insert(Person{.email = "secret@example.org"});
  Recorder recorder(*db_);
  EXPECT_EQ(code_of([&] { people_->insert(Person{.email = "secret@example.org"}); }),
            ErrorCode::duplicate_key);
  auto seen = recorder.take("insert");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen[0].ok);
  EXPECT_EQ(seen[0].code, ErrorCode::duplicate_key);
  EXPECT_EQ(seen[0].backend_code, 11000);
  EXPECT_EQ(seen[0].error, "duplicate_key");

  const auto bad = bson::from_json(R"({"age": {"$nonsense": 4711}})");
  EXPECT_NE(code_of([&] {
              const auto cursor = db_->store().find(db_->ns("people"), bad, {});
              (void)cursor->next();
            }),
            ErrorCode::internal);
  seen = recorder.take("find");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen[0].ok);
  EXPECT_EQ(seen[0].error, to_string(seen[0].code));

  EXPECT_EQ(code_of([&] { db_->store().drop_index(db_->ns("people"), "nowhere_1", {}); }),
            ErrorCode::index_not_found);
  seen = recorder.take("dropIndexes");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].error, "index_not_found");
}

TEST_P(Events, WhatTheReaderOfADocumentThrowsIsNoFailureOfTheCommand) {
  people_->insert(Person{.email = "a@example.org"});
  Recorder recorder(*db_);
  const auto filter = bson::from_json(R"({"email": "a@example.org"})");
  EXPECT_THROW((void)db_->store().find_one(db_->ns("people"), filter, {},
                                           [](bson::View) { throw std::runtime_error("mine"); }),
               std::runtime_error);
  const auto seen = recorder.take("find");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].ok);
}

TEST_P(Events, EndWithTheSubscription) {
  std::atomic<int> n{0};
  {
    auto first = on_command(*db_, [&](const store::CommandEvent&) { ++n; });
    (void)people_->find_one(age == 1);
    EXPECT_EQ(n, 1);
    auto second = std::move(first);
    EXPECT_FALSE(first.active());  // NOLINT: moved from
    EXPECT_TRUE(second.active());
    (void)people_->find_one(age == 1);
    EXPECT_EQ(n, 2);
    EXPECT_TRUE(db_->store().observers().any());
  }
  EXPECT_FALSE(db_->store().observers().any());
  (void)people_->find_one(age == 1);
  EXPECT_EQ(n, 2);

  Subscription again = on_command(*db_, [&](const store::CommandEvent&) { n += 100; });
  again = on_command(*db_, [&](const store::CommandEvent&) { n += 10; });  // ends the former
  (void)people_->find_one(age == 1);
  EXPECT_EQ(n, 12);
  again.end();
  again.end();
  (void)people_->find_one(age == 1);
  EXPECT_EQ(n, 12);
}

TEST_P(Events, EndWaitsForCallsThatAreUnderWay) {
  // A callback that used what its scope had would crash or change `n` after the end.
  std::atomic<bool> stop{false};
  std::vector<std::thread> users;
  for (int i = 0; i < 4; ++i) {
    users.emplace_back([&] {
      while (!stop) (void)people_->find_one(age == 1);
    });
  }
  for (int round = 0; round < 50; ++round) {
    auto n = std::make_unique<std::atomic<int>>(0);
    auto subscription = on_command(*db_, [raw = n.get()](const store::CommandEvent&) {
      ++*raw;
      std::this_thread::yield();
      ++*raw;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    subscription.end();
    EXPECT_EQ(*n % 2, 0) << "a call was under way";
    n.reset();
  }
  stop = true;
  for (auto& user : users) user.join();
}

TEST_P(Events, ACallbackMayThrowAndMayEndItself) {
  std::atomic<int> n{0};
  Subscription subscription;
  subscription = on_command(*db_, [&](const store::CommandEvent&) {
    ++n;
    subscription.end();
    throw std::runtime_error("mine");
  });
  (void)people_->find_one(age == 1);
  (void)people_->find_one(age == 1);
  EXPECT_EQ(n, 1);
  EXPECT_FALSE(subscription.active());
}

TEST_P(Events, ASubscriptionDoesNotKeepTheStore) {
  auto own = std::make_unique<Database>(open(uri_));
  std::weak_ptr<store::Store> watched = own->shared_store();
  auto subscription = on_command(*own, [](const store::CommandEvent&) {});
  own->close();
  own.reset();
  EXPECT_TRUE(watched.expired());
  subscription.end();
}

TEST(NoStore, GivesASubscriptionThatIsNotActive) {
  EXPECT_FALSE(on_command(std::shared_ptr<store::Store>(), [](const auto&) {}).active());
  EXPECT_FALSE(attach(std::shared_ptr<store::Store>(), nullptr).active());
}

#ifdef QUIRE_TEST_MONGODB
TEST(Servers, ThatAreFoundAreTold) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const auto db = open(uri);
  std::mutex mutex;
  std::vector<std::string> kinds;
  auto subscription = on_server(db, [&](const store::ServerEvent& event) {
    const std::lock_guard lock(mutex);
    kinds.emplace_back(event.after);
    EXPECT_NE(event.before, event.after);
    EXPECT_FALSE(event.server.empty());
  });
  (void)db.store().list_collections(db.name());
  subscription.end();
  ASSERT_EQ(kinds.size(), 1U);
  EXPECT_EQ(kinds[0], "RSPrimary");
}

TEST(Servers, ThatAreLostAreToldWithTheReason) {
  const std::string program = quire::test::server("server");
  if (program.empty()) GTEST_SKIP() << "no server program";
  quire::test::OwnServer server(program);
  const auto db = open(server.uri("app", "heartbeatFrequencyMS=500&serverSelectionTimeoutMS=1000"));
  std::mutex mutex;
  std::string why;
  auto subscription = on_server(db, [&](const store::ServerEvent& event) {
    const std::lock_guard lock(mutex);
    if (event.after == "Unknown") why = event.error;
  });
  (void)db.store().list_collections(db.name());
  server.kill_now();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    {
      const std::lock_guard lock(mutex);
      if (!why.empty()) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  const std::lock_guard lock(mutex);
  EXPECT_FALSE(why.empty());
}
#endif

}  // namespace
}  // namespace quire::observe::test
