#include "quire/store/mongodb/interop.hpp"

#include <stdexcept>

#include "fixture.hpp"
#include "quire/collection/collection.hpp"
#include "quire/collection/database.hpp"
#include "quire/store/transaction.hpp"

/// quire beside an application's own libmongoc.
namespace quire::store::mongodb_test {
namespace {

struct Uri {
  mongoc_uri_t* uri;
  explicit Uri(const std::string& text) : uri(mongoc_uri_new(text.c_str())) {}
  ~Uri() { mongoc_uri_destroy(uri); }
};

struct Owned {
  bson_t* document;
  ~Owned() { bson_destroy(document); }
};

class Interop : public ::testing::Test {
 protected:
  void SetUp() override {
    uri_ = test::with_database(test::server("replica_set"), test::fresh_database());
    if (uri_.empty()) GTEST_SKIP() << "no server \"replica_set\" was started";
    mongoc_init();
    direct_ = std::make_unique<Things>(uri_);
  }
  void TearDown() override {
    if (direct_) direct_->store->drop_database(direct_->database);
  }
  /// As an application does by itself.
  static void insert_by_driver(mongoc_collection_t* collection, int id,
                               const bson_t* opts = nullptr) {
    bson_t* document = BCON_NEW("_id", BCON_INT32(id));
    bson_error_t error;
    EXPECT_TRUE(mongoc_collection_insert_one(collection, document, opts, nullptr, &error))
        << error.message;
    bson_destroy(document);
  }
  std::string uri_;
  std::unique_ptr<Things> direct_;
};

TEST_F(Interop, APoolOfTheApplicationServesBoth) {
  const Uri uri(uri_);
  mongoc_client_pool_t* pool = mongoc_client_pool_new(uri.uri);
  {
    Things things(uri_);
    things.store = mongodb::adopt(pool);
    EXPECT_EQ(things.store->kind(), "mongodb");
    EXPECT_EQ(things.store->default_database(), direct_->database);
    EXPECT_EQ(things.store->redacted_uri(), uri_);
    things.insert(R"({"_id": 1})");
    mongoc_client_t* client = mongoc_client_pool_pop(pool);
    mongoc_collection_t* collection =
        mongoc_client_get_collection(client, direct_->database.c_str(), "things");
    insert_by_driver(collection, 2);
    mongoc_collection_destroy(collection);
    EXPECT_EQ(things.count(), 2) << "while the application holds a client of its own";
    mongoc_client_pool_push(pool, client);
    EXPECT_TRUE(things.store->health(milliseconds(2000)).ok);
    EXPECT_TRUE(things.store->capabilities().transactions);
    things.store->close();
    EXPECT_EQ(failure_of([&] { (void)things.count(); }).code, ErrorCode::store_closed);
  }
  mongoc_client_t* client = mongoc_client_pool_pop(pool);  // the pool is the application's still
  EXPECT_NE(client, nullptr);
  mongoc_client_pool_push(pool, client);
  mongoc_client_pool_destroy(pool);
}

TEST_F(Interop, ASingleClientServesCallsOneAfterTheOther) {
  const Uri uri(uri_);
  mongoc_client_t* client = mongoc_client_new_from_uri(uri.uri);
  {
    const auto store = mongodb::adopt(client);
    const Database db(store, store->default_database());
    Things things(uri_);
    things.store = store;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&things, t] {
        for (int i = 0; i < 10; ++i)
          things.insert(R"({"_id": )" + std::to_string(t * 100 + i) + "}");
      });
    }
    for (auto& one : threads) one.join();
    EXPECT_EQ(things.count(), 80);
    // Two cursors and a write between them, on one connection.
    FindOptions small;
    small.batch_size = 2;
    auto a = store->find(things.ns(), json("{}"), small);
    auto b = store->find(things.ns(), json("{}"), small);
    int n = 0;
    while (a->next() && b->next()) ++n;
    EXPECT_EQ(n, 80);
    a.reset();
    b.reset();
    TransactionSettings settings;
    run_transaction(*store, settings,
                    [&](Session& session) { things.insert(R"({"_id": -1})", &session); });
    mongoc_collection_t* collection =
        mongoc_client_get_collection(client, direct_->database.c_str(), "things");
    insert_by_driver(collection, -2);
    mongoc_collection_destroy(collection);
    EXPECT_EQ(things.count(), 82);
    // Nothing is timed but the application's own limits; the client is still as it was.
    EXPECT_TRUE(store->health(milliseconds(2000)).ok);
  }
  mongoc_client_destroy(client);
}

TEST_F(Interop, WhatTheDriverDoesInATransactionIsAPartOfIt) {
  const auto& things = *direct_;
  things.insert(R"({"_id": 0})");
  struct Stop {};
  const auto both = [&](bool stop) {
    run_transaction(*things.store, {}, [&](Session& session) {
      things.insert(R"({"_id": 1})", &session);
      mongodb::with_collection(*things.store, things.ns(), session,
                               [&](const mongodb::LentCollection& lent) {
                                 insert_by_driver(lent.collection, 2, lent.opts);
                               });
      if (stop) throw Stop{};
    });
  };
  EXPECT_THROW(both(true), Stop);
  EXPECT_EQ(things.count(), 1) << "rolled back together";
  both(false);
  EXPECT_EQ(things.count(), 3);
  EXPECT_EQ(things.store->pool_state().in_use, 0);
}

TEST_F(Interop, AHandleIsLentForTheTimeOfACall) {
  const auto& things = *direct_;
  mongodb::with_collection(*things.store, things.ns(), [&](mongoc_collection_t* collection) {
    EXPECT_STREQ(mongoc_collection_get_name(collection), "things");
    EXPECT_EQ(things.store->pool_state().in_use, 1);
    insert_by_driver(collection, 1);
  });
  mongodb::with_client(*things.store, [&](mongoc_client_t* client) {
    bson_t* ping = BCON_NEW("ping", BCON_INT32(1));
    EXPECT_TRUE(mongoc_client_command_simple(client, "admin", ping, nullptr, nullptr, nullptr));
    bson_destroy(ping);
  });
  EXPECT_EQ(things.count(), 1);
  EXPECT_THROW(mongodb::with_client(*things.store,
                                    [](mongoc_client_t*) { throw std::runtime_error("mine"); }),
               std::runtime_error);
  EXPECT_EQ(things.store->pool_state().in_use, 0);
  things.store->close();
  EXPECT_EQ(failure_of([&] { mongodb::with_client(*things.store, [](mongoc_client_t*) {}); }).code,
            ErrorCode::store_closed);
  direct_ = std::make_unique<Things>(uri_);
}

TEST_F(Interop, AnErrorOfTheDriverBecomesOneOfQuire) {
  const auto& things = *direct_;
  things.insert(R"({"_id": 1})");
  const auto failure = failure_of([&] {
    mongodb::with_collection(*things.store, things.ns(), [](mongoc_collection_t* collection) {
      bson_t* document = BCON_NEW("_id", BCON_INT32(1));
      bson_error_t error;
      bson_t reply;
      EXPECT_FALSE(mongoc_collection_insert_one(collection, document, nullptr, &reply, &error));
      bson_destroy(document);
      const Owned copy{bson_copy(&reply)};
      bson_destroy(&reply);
      mongodb::throw_error(error, copy.document);
    });
  });
  EXPECT_EQ(failure.code, ErrorCode::duplicate_key) << failure.text;
  EXPECT_EQ(failure.backend_code, 11000);
}

TEST(InteropBson, DocumentsAreReadWithoutACopyBothWays) {
  const auto document = json(R"({"a": 1, "b": ["x"]})");
  const mongodb::Borrowed borrowed(document);
  EXPECT_EQ(bson_get_data(borrowed), document.view().data());
  EXPECT_EQ(borrowed.get()->len, document.view().size());
  EXPECT_TRUE(bson_has_field(borrowed, "b.0"));

  bson_t* theirs = BCON_NEW("n", BCON_INT64(7));
  const bson::View view = mongodb::view(*theirs);
  EXPECT_EQ(view.data(), bson_get_data(theirs));
  EXPECT_EQ(view["n"].as_int64(), 7);
  bson_destroy(theirs);
}

TEST(InteropErrors, NoPoolAndNoClientAreRefused) {
  EXPECT_EQ(
      failure_of([] { (void)mongodb::adopt(static_cast<mongoc_client_pool_t*>(nullptr)); }).code,
      ErrorCode::invalid_argument);
  EXPECT_EQ(failure_of([] { (void)mongodb::adopt(static_cast<mongoc_client_t*>(nullptr)); }).code,
            ErrorCode::invalid_argument);
}

/// The driver takes what parse() refuses; a store on it must not show it either.
TEST(InteropErrors, AnAdoptedClientsPasswordIsNotShown) {
  mongoc_init();
  int adopted = 0;
  for (const char* text :
       {"mongodb://ann:S3cret#pw@h/app", "mongodb://ann:S3cret%2Fpw@h/app?appname=x",
        "mongodb://ann:S3cretpw@h/app?authMechanism=GSSAPI&authMechanismProperties="
        "SERVICE_REALM:a@b"}) {
    const Uri uri(text);
    if (uri.uri == nullptr) continue;  // versions of the driver differ in what they take
    ++adopted;
    mongoc_client_t* client = mongoc_client_new_from_uri(uri.uri);
    ASSERT_NE(client, nullptr) << text;
    {
      const auto store = mongodb::adopt(client);
      EXPECT_FALSE(has(store->redacted_uri(), "S3cret")) << store->redacted_uri();
      EXPECT_TRUE(has(store->redacted_uri(), "h")) << store->redacted_uri();
      EXPECT_EQ(store->default_database(), "app");
    }
    mongoc_client_destroy(client);
  }
  EXPECT_GT(adopted, 0);
}

}  // namespace
}  // namespace quire::store::mongodb_test
