#include <thread>

#include "file_fixture.hpp"

namespace quire::store::embedded {
namespace {

class Transaction : public FileTest, public ::testing::WithParamInterface<bool> {
 protected:
  std::shared_ptr<Store> open_store() { return open(GetParam() ? ":memory:" : path_); }
};
INSTANTIATE_TEST_SUITE_P(Stores, Transaction, ::testing::Values(false, true),
                         [](const auto& row) { return row.param ? "Memory" : "File"; });

TEST_P(Transaction, ReadsItsOwnWritesAndCommits) {
  auto store = open_store();
  auto session = store->start_session();
  session->start_transaction();
  insert(*store, R"({"_id":1,"a":1})", session.get());
  create_index(*store, R"({"key":{"a":1},"name":"a_1"})", session.get());
  update(*store, R"({"_id":1})", R"({"$set":{"a":2}})", session.get());
  EXPECT_EQ(count(*store, R"({"a":2})", session.get()), 1);
  if (!GetParam()) {
    EXPECT_EQ(count(*store), 0);  // others see nothing yet
  }
  session->commit_transaction();
  EXPECT_EQ(count(*store, R"({"a":2})"), 1);
  EXPECT_EQ(store->list_indexes({"main", "c"}).size(), 2U);
  expect_clean(*store);
}

TEST_P(Transaction, AnAbortForgetsDocumentsCollectionsAndIndexes) {
  auto store = open_store();
  insert(*store, R"({"_id":1})");
  auto session = store->start_session();
  session->start_transaction();
  insert(*store, R"({"_id":2,"tags":[1,2]})", session.get());
  create_index(*store, R"({"key":{"tags":1},"name":"tags_1"})", session.get());
  OperationOptions options;
  options.session = session.get();
  store->create_collection({"main", "other"}, {}, options);
  session->abort_transaction();
  EXPECT_EQ(count(*store), 1);
  EXPECT_EQ(store->list_indexes({"main", "c"}).size(), 1U);
  EXPECT_EQ(store->list_collections("main").size(), 1U);
  create_index(*store, R"({"key":{"tags":1},"name":"tags_1"})");
  insert(*store, R"({"_id":3,"tags":[1]})");
  EXPECT_EQ(count(*store, R"({"tags":1})"), 1);
  expect_clean(*store);
}

TEST_P(Transaction, ASessionThatEndsRollsBack) {
  auto store = open_store();
  {
    auto session = store->start_session();
    session->start_transaction();
    insert(*store, R"({"_id":1})", session.get());
  }
  EXPECT_EQ(count(*store), 0);
}

TEST_P(Transaction, AFailedItemLeavesTheTransactionUsable) {
  auto store = open_store();
  create_index(*store, R"({"key":{"a":1},"name":"a_1","unique":true})");
  auto session = store->start_session();
  session->start_transaction();
  insert(*store, R"({"_id":1,"a":1})", session.get());
  EXPECT_EQ(insert(*store, R"({"_id":2,"a":1})", session.get()).errors.size(), 1U);
  EXPECT_EQ(code_of([&] {
              insert(*store, R"({"_id":3,"a":3})", session.get());
              update(*store, "{}", R"({"$set":{"a":9}})", session.get(), true);
            }),
            ErrorCode::duplicate_key);
  session->commit_transaction();
  EXPECT_EQ(count(*store, R"({"a":{"$in":[1,3]}})"), 2);
  EXPECT_EQ(count(*store), 2);
  expect_clean(*store);
}

TEST_P(Transaction, AWriteBesideTheOwnTransactionIsRefusedNotStuck) {
  auto store = open_store();
  auto session = store->start_session();
  session->start_transaction();
  insert(*store, R"({"_id":1})", session.get());
  EXPECT_EQ(code_of([&] { insert(*store, R"({"_id":2})"); }), ErrorCode::transaction_state);
  session->commit_transaction();
}

TEST_P(Transaction, StatesOutOfOrderAreRefused) {
  auto store = open_store();
  auto session = store->start_session();
  EXPECT_EQ(code_of([&] { session->commit_transaction(); }), ErrorCode::transaction_state);
  EXPECT_EQ(code_of([&] { session->abort_transaction(); }), ErrorCode::transaction_state);
  session->start_transaction();
  EXPECT_EQ(code_of([&] { session->start_transaction(); }), ErrorCode::transaction_state);
  session->abort_transaction();
  auto other = open(":memory:");
  auto foreign = other->start_session();
  EXPECT_EQ(code_of([&] { insert(*store, R"({"_id":1})", foreign.get()); }),
            ErrorCode::transaction_state);
}

TEST_P(Transaction, AnotherThreadWaitsForTheCommit) {
  auto store = open_store();
  auto session = store->start_session();
  session->start_transaction();
  insert(*store, R"({"_id":1})", session.get());
  std::thread other([&] { insert(*store, R"({"_id":2})"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  session->commit_transaction();
  other.join();
  EXPECT_EQ(count(*store), 2);
}

TEST_P(Transaction, ClosingWithAnOpenTransactionRollsBack) {
  auto store = open_store();
  insert(*store, R"({"_id":1})");
  auto session = store->start_session();
  session->start_transaction();
  insert(*store, R"({"_id":2})", session.get());
  store->close();
  EXPECT_EQ(code_of([&] { session->commit_transaction(); }), ErrorCode::store_closed);
  session.reset();
  if (GetParam()) return;
  EXPECT_EQ(count(*open(path_)), 1);
}

}  // namespace
}  // namespace quire::store::embedded
