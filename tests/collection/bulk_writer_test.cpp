#include "quire/collection/bulk_writer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "own_server.hpp"
#include "quire/bson/writer.hpp"
#include "servers.hpp"

namespace quire {
namespace {

using query::field;

struct Item {
  std::int64_t id = 0;
  std::string name = {};
  int stock = 0;
  static auto model() {
    return quire::model<Item>("items").check(field<&Item::stock>, between(0, 1'000'000));
  }
};
constexpr auto id = field<&Item::id>;
constexpr auto name = field<&Item::name>;
constexpr auto stock = field<&Item::stock>;

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

/// On both stores, and on a server without transactions.
class Writers : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (test::on_server()) GTEST_SKIP() << "these tests name their stores themselves";
    std::string uri = ":memory:";
    if (GetParam() != "embedded") {
      uri = test::with_database(test::server(GetParam()), test::fresh_database());
      if (uri.empty()) GTEST_SKIP() << "no server \"" << GetParam() << "\" was started";
    }
    db.emplace(open(uri));
    items.emplace(db->collection<Item>());
  }
  void TearDown() override {
    if (db && db->store().kind() == "mongodb") db->store().drop_database(db->name());
  }
  std::optional<Database> db;
  std::optional<Collection<Item>> items;
};

TEST_P(Writers, SendABatchWhenItIsFullAndTheRestAtTheEndOfTheScope) {
  {
    auto writer = items->bulk_writer({.batch = 4});
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(writer.insert({.id = i, .stock = i}), i);
      EXPECT_EQ(items->count(), (i + 1) / 4 * 4);
    }
    EXPECT_EQ(writer.totals().operations, 10);
    EXPECT_EQ(writer.totals().inserted, 8);
    EXPECT_EQ(writer.totals().buffered, 2);
    EXPECT_EQ(writer.totals().batches, 2);
  }
  EXPECT_EQ(items->count(), 10);
}

TEST_P(Writers, SendABatchWhenItsBytesAreThere) {
  auto writer = items->bulk_writer({.bytes = 5000});
  const std::string kilobyte(1000, 'x');
  for (int i = 0; i < 4; ++i) (void)writer.insert({.id = i, .name = kilobyte});
  EXPECT_EQ(items->count(), 0);
  (void)writer.insert({.id = 4, .name = kilobyte});  // 5 × more than 1,000
  EXPECT_EQ(items->count(), 5);
  // The filters and updates count too.
  (void)writer.update_one(id == 0, name.set(std::string(6000, 'y')));
  EXPECT_EQ(writer.totals().buffered, 0);
  EXPECT_EQ(items->get(0).name.size(), 6000U);
}

TEST_P(Writers, SendWhatHasWaitedTooLongAtTheNextCall) {
  auto writer = items->bulk_writer({.max_wait = std::chrono::milliseconds(30)});
  (void)writer.insert({.id = 1});
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  EXPECT_EQ(items->count(), 0);  // no thread looks at the clock
  (void)writer.insert({.id = 2});
  EXPECT_EQ(items->count(), 2);
}

TEST_P(Writers, DoEachKindOfOperationAndCountIt) {
  auto writer = items->bulk_writer();
  for (int i = 0; i < 6; ++i) (void)writer.insert({.id = i, .stock = i});
  writer.flush();
  EXPECT_EQ(items->count(), 6);
  EXPECT_EQ(writer.update_one(id == 0, stock.set(10) & name.set("a")), 6);
  EXPECT_EQ(writer.update_many(stock >= 4 && stock < 10, name.set("b")), 7);
  EXPECT_EQ(writer.upsert(id == 7, stock.set(70)), 8);
  EXPECT_EQ(writer.replace_one(id == 1, {.id = 1, .name = "c"}), 9);
  EXPECT_EQ(writer.replace_one(id == 8, {.id = 8, .name = "d"}, true), 10);
  EXPECT_EQ(writer.remove_one(id == 2), 11);
  EXPECT_EQ(writer.remove_many(id == 3 || id == 99), 12);
  const auto totals = writer.close();
  EXPECT_EQ(totals.operations, 13);
  EXPECT_EQ(totals.batches, 2);
  EXPECT_EQ(totals.inserted, 6);
  EXPECT_EQ(totals.matched, 4);
  EXPECT_EQ(totals.modified, 4);
  EXPECT_EQ(totals.upserted, 2);
  EXPECT_EQ(totals.removed, 2);
  EXPECT_EQ(totals.failed + totals.unknown + totals.not_sent + totals.buffered, 0);
  EXPECT_EQ(items->count(), 6);
  EXPECT_EQ(items->get(5).name, "b");
  EXPECT_EQ(items->get(8).name, "d");
}

TEST_P(Writers, NameAnOperationThatFailsByItsIndexSinceTheStart) {
  auto writer = items->bulk_writer({.batch = 3});
  for (const int i : {0, 1, 2, 3, 1, 4, 5, 3}) (void)writer.insert({.id = i});
  EXPECT_EQ(writer.errors().size(), 1U);
  try {
    writer.close();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const BulkError& error) {
    ASSERT_EQ(error.items().size(), 2U);
    EXPECT_EQ(error.items()[0].index, 4U);
    EXPECT_EQ(error.items()[1].index, 7U);
    EXPECT_EQ(error.items()[1].error.code(), ErrorCode::duplicate_key);
  }
  EXPECT_FALSE(writer.errors()[0].unknown);
  EXPECT_EQ(writer.totals().failed, 2);
  EXPECT_EQ(writer.totals().inserted, 6);  // the others of the batch are done
  EXPECT_EQ(items->count(), 6);
  EXPECT_EQ(writer.close().failed, 2);  // once is enough
  EXPECT_EQ(code_of([&] { (void)writer.insert({.id = 9}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { writer.flush(); }), ErrorCode::invalid_argument);
}

TEST_P(Writers, TellErrorsToTheCallbackInsteadOfKeepingThem) {
  std::vector<std::int64_t> told;
  const auto on_error = [&](const BulkWriterError& error) {
    EXPECT_EQ(error.error.code(), ErrorCode::duplicate_key);
    told.push_back(error.index);
  };
  {
    auto writer = items->bulk_writer({.batch = 2, .on_error = on_error});
    for (const int i : {0, 0, 1, 1}) (void)writer.insert({.id = i});
    EXPECT_EQ(told, (std::vector<std::int64_t>{1, 3}));
    (void)writer.insert({.id = 0});
    EXPECT_EQ(writer.close().failed, 3);  // does not throw
    EXPECT_TRUE(writer.errors().empty());
  }
  {
    auto writer = items->bulk_writer({.on_error = on_error});
    (void)writer.insert({.id = 0});
  }
  EXPECT_EQ(told, (std::vector<std::int64_t>{1, 3, 4, 0}));  // by the destructor, too
}

TEST_P(Writers, KeepTheErrorsThatACallbackThatThrowsWasNotTold) {
  auto writer = items->bulk_writer({.on_error = [](const BulkWriterError& error) {
    if (error.index == 2) throw std::runtime_error("enough");
  }});
  for (int i = 0; i < 5; ++i) (void)writer.insert({.id = 0});
  EXPECT_THROW(writer.flush(), std::runtime_error);
  ASSERT_EQ(writer.errors().size(), 2U);
  EXPECT_EQ(writer.errors()[0].index, 3);
  EXPECT_EQ(writer.totals().buffered, 0);
  (void)writer.insert({.id = 1});
  writer.flush();
  EXPECT_EQ(items->count(), 2);
}

TEST_P(Writers, KeepAThousandErrorsAndCountAll) {
  auto writer = items->bulk_writer({.batch = 500});
  for (int i = 0; i < 1203; ++i) (void)writer.insert({.id = 0});
  try {
    writer.close();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const BulkError& error) {
    EXPECT_EQ(error.items().size(), 1000U);
    EXPECT_NE(error.detail().find("1202 failed"), std::string::npos) << error.detail();
  }
  EXPECT_EQ(writer.totals().failed, 1202);
}

TEST_P(Writers, DoNotSendWhatACheckRefuses) {
  auto writer = items->bulk_writer();
  (void)writer.insert({.id = 0, .stock = -1});
  (void)writer.insert({.id = 1, .stock = 1});
  writer.flush();
  (void)writer.update_one(id == 1, stock.set(-5));
  (void)writer.update_one(id == 1, stock.set(5));
  EXPECT_THROW(writer.close(), BulkError);
  ASSERT_EQ(writer.errors().size(), 2U);
  EXPECT_EQ(writer.errors()[0].index, 0);
  EXPECT_EQ(writer.errors()[1].index, 2);
  EXPECT_EQ(writer.errors()[1].error.code(), ErrorCode::check_failed);
  EXPECT_EQ(items->get(1).stock, 5);
  EXPECT_EQ(items->count(), 1);
}

TEST_P(Writers, EndAtTheFirstErrorWhenOrdered) {
  auto writer = items->bulk_writer({.batch = 5, .ordered = true});
  for (const int i : {0, 1, 2, 1, 4}) (void)writer.insert({.id = i});
  EXPECT_EQ(items->count(), 3);
  EXPECT_EQ(writer.totals().failed, 1);
  EXPECT_EQ(writer.totals().not_sent, 1);
  EXPECT_EQ(code_of([&] { (void)writer.insert({.id = 5}); }), ErrorCode::bulk_failed);
  EXPECT_EQ(code_of([&] { writer.flush(); }), ErrorCode::bulk_failed);
  try {
    writer.close();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const BulkError& error) {
    ASSERT_EQ(error.items().size(), 1U);
    EXPECT_EQ(error.items()[0].index, 3U);
  }
}

TEST_P(Writers, WriteInTheOrderGivenWhenOrdered) {
  auto writer = items->bulk_writer({.batch = 50, .ordered = true});
  for (int i = 0; i < 40; ++i) {
    (void)writer.insert({.id = i, .stock = 1});
    (void)writer.update_one(id == i, stock.inc(1));
    (void)writer.replace_one(id == i, {.id = i, .stock = 7});
    (void)writer.update_one(id == i, stock.inc(1));
    if (i % 2 == 0) (void)writer.remove_one(id == i);
  }
  EXPECT_EQ(writer.close().inserted, 40);
  EXPECT_EQ(items->count(), 20);
  EXPECT_EQ(items->count(stock == 8), 20);
}

TEST_P(Writers, TakePartInATransaction) {
  if (!db->capabilities().transactions) GTEST_SKIP() << "no transactions here";
  (void)db->create_collection("items");
  EXPECT_THROW(db->transaction([&](Session& session) {
    auto writer = items->bulk_writer({.batch = 2, .session = session});
    for (int i = 0; i < 5; ++i) (void)writer.insert({.id = i});
    EXPECT_EQ(writer.close().inserted, 5);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(items->count(), 0);
  db->transaction([&](Session& session) {
    auto writer = items->bulk_writer({.batch = 2, .session = session});
    for (int i = 0; i < 5; ++i) (void)writer.insert({.id = i});
    (void)writer.close();
  });
  EXPECT_EQ(items->count(), 5);
}

TEST_P(Writers, SendTheRestButThrowNothingWhileAnExceptionPasses) {
  try {
    auto writer = items->bulk_writer();
    (void)writer.insert({.id = 1});
    (void)writer.insert({.id = 1});
    throw std::runtime_error("mine");
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "mine");
  }
  EXPECT_EQ(items->count(), 1);
}

class Maintenance : public DatabaseHooks {
 public:
  void before_write(store::Namespace) override {
    throw StoreError(ErrorCode::read_only, "maintenance");
  }
};

TEST_P(Writers, KnowThatNothingWasWrittenWhereAHookRefuses) {
  auto writer = items->bulk_writer();
  (void)writer.insert({.id = 1});
  db->set_hooks(std::make_shared<Maintenance>());
  EXPECT_EQ(code_of([&] { writer.flush(); }), ErrorCode::read_only);
  db->set_hooks(nullptr);
  EXPECT_EQ(writer.totals().failed, 1);
  EXPECT_EQ(writer.totals().unknown, 0);
  ASSERT_EQ(writer.errors().size(), 1U);
  EXPECT_FALSE(writer.errors()[0].unknown);
  EXPECT_EQ(items->count(), 0);
}

TEST_P(Writers, SetTheIdsOfObjectsThatAreNotConst) {
  struct Note {
    ObjectId id = {};
    std::string text = {};
  };
  const auto notes = db->collection<Note>("notes");
  auto writer = notes.bulk_writer();
  Note note{.text = "a"};
  (void)writer.insert(note);
  EXPECT_FALSE(note.id.empty());
  writer.flush();
  EXPECT_EQ(notes.get(note.id).text, "a");
  const auto raw = db->collection<bson::Document>("notes");
  auto documents = raw.bulk_writer();
  (void)documents.insert(bson::make_document("text", "b"));
  EXPECT_EQ(documents.close().inserted, 1);
}

TEST_P(Writers, RefuseOptionsThatMeanNothing) {
  EXPECT_EQ(code_of([&] { (void)items->bulk_writer({.batch = 0}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)items->bulk_writer({.bytes = 0}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)items->bulk_writer({.max_wait = std::chrono::milliseconds(-1)}); }),
            ErrorCode::invalid_argument);
}

TEST_P(Writers, DoNothingWhenNothingWasAdded) {
  auto writer = items->bulk_writer();
  writer.flush();
  EXPECT_EQ(writer.close().batches, 0);
  EXPECT_TRUE(db->collection_names().empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, Writers,
                         ::testing::Values("embedded", "replica_set", "standalone"),
                         [](const auto& row) { return row.param; });

TEST(Writer, ReportsTheOperationsOfABatchThatBreaksOffAsUnknownAndGoesOn) {
  const auto program = test::on_server() ? "" : test::server("server");
  if (program.empty()) GTEST_SKIP() << "no server was started";
  test::OwnServer server(program, {"--standalone"});
  auto db = open(server.uri(test::fresh_database(), "serverSelectionTimeoutMS=1000"));
  const auto items = db.collection<Item>();
  auto writer = items.bulk_writer({.batch = 3});
  for (int i = 0; i < 4; ++i) (void)writer.insert({.id = i});
  (void)writer.insert({.id = 4, .stock = -1});  // known all the same: it is never sent
  server.kill_now();
  const auto code = code_of([&] { (void)writer.insert({.id = 5}); });
  EXPECT_TRUE(code == ErrorCode::network_error || code == ErrorCode::server_unreachable)
      << to_string(code);
  EXPECT_EQ(writer.totals().inserted, 3);
  EXPECT_EQ(writer.totals().unknown, 2);
  EXPECT_EQ(writer.totals().failed, 1);
  ASSERT_EQ(writer.errors().size(), 3U);
  EXPECT_EQ(writer.errors()[0].index, 3);
  EXPECT_TRUE(writer.errors()[0].unknown);
  EXPECT_FALSE(writer.errors()[1].unknown);
  EXPECT_EQ(writer.errors()[1].error.code(), ErrorCode::check_failed);
  EXPECT_TRUE(writer.errors()[2].unknown);
  server.start();
  (void)writer.insert({.id = 6});
  writer.flush();
  EXPECT_EQ(writer.totals().inserted, 4);
  EXPECT_THROW(writer.close(), BulkError);
}

}  // namespace
}  // namespace quire
