#include <functional>

#include "fixture.hpp"

/// A connection that ends before the server has the request, or before its answer is back.
namespace quire::store::mongodb_test {
namespace {

using Cut = test::TcpProxy::Cut;

struct Write {
  const char* name;
  const char* command;  // as the server calls it
  std::function<void(const Things&)> write;
  const char* effect;  // a filter that the result fits, once
};

void update_one(const Things& things) { (void)things.update("{}", R"({"$inc": {"n": 1}})"); }
void replace(const Things& things) { (void)things.update(R"({"_id": 1})", R"({"n": 1})"); }
void find_and_modify(const Things& things) {
  (void)things.store->find_and_modify(things.ns(), json("{}"),
                                      {json(R"({"$inc": {"n": 1}})"), false}, {});
}
void bulk(const Things& things) {
  const auto filter = json(R"({"_id": 1})");
  const auto update = json(R"({"$inc": {"n": 1}})");
  BulkOperation one;
  one.kind = BulkOperation::Kind::update_one;
  one.filter = filter;
  one.update = {update, false};
  (void)things.store->bulk_write(things.ns(), {&one, 1}, {});
}
void insert_many(const Things& things) {
  const auto a = json(R"({"_id": 2, "n": 1})");
  const auto b = json(R"({"_id": 3})");
  const bson::View both[] = {a, b};
  EXPECT_EQ(things.store->insert(things.ns(), both, {}).inserted, 2);
}

std::vector<Write> retryable_writes() {
  return {
      {"insert", "insert", [](const Things& t) { (void)t.insert(R"({"_id": 2, "n": 1})"); },
       R"({"n": 1})"},
      {"insert of many", "insert", insert_many, R"({"n": 1})"},
      {"update of one", "update", update_one, R"({"n": 1})"},
      {"replace", "update", replace, R"({"n": 1})"},
      {"find_and_modify", "findAndModify", find_and_modify, R"({"n": 1})"},
      {"bulk write", "update", bulk, R"({"n": 1})"},
      {"remove of one", "delete",
       [](const Things& t) { EXPECT_EQ(t.store->remove(t.ns(), json(R"({"gone": 1})"), {}), 1); },
       R"({"gone": 1, "_id": {"$in": [8, 9]}})"},
  };
}

class Retry : public ProxyTest {
 protected:
  static void fill(const Things& direct) {
    direct.store->drop_collection(direct.ns(), {});
    direct.insert(R"({"_id": 1, "n": 0})");
    direct.insert(R"({"_id": 8, "gone": 1})");
    direct.insert(R"({"_id": 9, "gone": 1})");
  }
};

/// The driver looks at a server again for about a second before it goes on: the cases run side by
/// side, each with a proxy and a database of its own.
TEST_F(Retry, EachWriteOfOneIsDoneOnceWhereverTheConnectionBreaks) {
  std::vector<std::thread> threads;
  for (const auto& one : retryable_writes()) {
    for (const auto when : {Cut::before, Cut::after}) {
      threads.emplace_back([this, one, when] {
        SCOPED_TRACE(std::string(one.name) + (when == Cut::before ? ", before" : ", after"));
        Things direct = *direct_;
        direct.database = test::fresh_database();
        test::TcpProxy proxy(port_);
        const Things things(proxy.uri(direct.database));
        fill(direct);
        proxy.cut(when, one.command);
        EXPECT_NO_THROW(one.write(things));
        EXPECT_EQ(proxy.seen(one.command), 2) << "it was not sent again";
        EXPECT_EQ(direct.count(one.effect), 1);
        EXPECT_EQ(things.store->pool_state().in_use, 0);
        direct.store->drop_database(direct.database);
      });
    }
  }
  for (auto& thread : threads) thread.join();
}

class RetryOfMany : public ProxyTest, public ::testing::WithParamInterface<Cut> {};
TEST_P(RetryOfMany, IsNotDoneAndTheErrorSaysThatTheOutcomeIsNotKnown) {
  const Things things = through();
  const std::int64_t effect = GetParam() == Cut::before ? 0 : 1;
  direct_->insert(R"({"_id": 1, "n": 0})");
  proxy_->cut(GetParam(), "update");
  auto failure = failure_of([&] { things.update("{}", R"({"$inc": {"n": 1}})", true); });
  EXPECT_EQ(failure.code, ErrorCode::network_error) << failure.text;
  EXPECT_TRUE(has(failure.text, "whether it was done is not known")) << failure.text;
  EXPECT_TRUE(has(failure.text, "things")) << failure.text;
  EXPECT_EQ(proxy_->seen("update"), 1);
  EXPECT_EQ(direct_->count(R"({"_id": 1, "n": 1})"), effect);

  proxy_->cut(GetParam(), "delete");
  RemoveOptions many;
  many.multi = true;
  failure = failure_of([&] { (void)things.store->remove(things.ns(), json("{}"), many); });
  EXPECT_EQ(failure.code, ErrorCode::network_error) << failure.text;
  EXPECT_TRUE(has(failure.text, "whether it was done is not known")) << failure.text;
  EXPECT_EQ(proxy_->seen("delete"), 1);
  EXPECT_EQ(direct_->count(), 1 - effect);

  things.insert(R"({"_id": 2})");  // works again
  EXPECT_EQ(direct_->count(R"({"_id": 2})"), 1);
}
INSTANTIATE_TEST_SUITE_P(All, RetryOfMany, ::testing::Values(Cut::before, Cut::after),
                         [](const auto& row) {
                           return row.param == Cut::before ? "Before" : "After";
                         });

TEST_F(Retry, RetryWritesFalseLeavesItToTheProgram) {
  const Things things = through("retryWrites=false");
  EXPECT_FALSE(things.store->capabilities().retryable_writes);
  proxy_->cut(Cut::after, "insert");
  const auto failure = failure_of([&] { things.insert(R"({"_id": 1})"); });
  EXPECT_EQ(failure.code, ErrorCode::network_error) << failure.text;
  EXPECT_TRUE(has(failure.text, "whether it was done is not known")) << failure.text;
  EXPECT_EQ(direct_->count(), 1);
  things.insert(R"({"_id": 2})");
  EXPECT_EQ(things.count(), 2);
}

TEST_F(Retry, ASecondBreakEndsIt) {
  const Things things = through();
  direct_->insert(R"({"_id": 1, "n": 0})");
  proxy_->cut(Cut::after, "update", 2);
  const auto failure = failure_of([&] { update_one(things); });
  EXPECT_EQ(failure.code, ErrorCode::network_error) << failure.text;
  EXPECT_EQ(proxy_->seen("update"), 2);
  EXPECT_EQ(direct_->count(R"({"n": 1})"), 1) << "sent twice, done once";
  update_one(things);
  EXPECT_EQ(direct_->count(R"({"n": 2})"), 1);
}

TEST_F(Retry, ReadsAreAskedAgain) {
  const Things things = through();
  fill(*direct_);
  proxy_->cut(Cut::before, "find");
  bool found = false;
  EXPECT_TRUE(things.store->find_one(things.ns(), json(R"({"_id": 1})"), {},
                                     [&](bson::View) { found = true; }));
  EXPECT_TRUE(found);
  proxy_->cut(Cut::after, "aggregate");
  EXPECT_EQ(things.count(), 3);
  proxy_->cut(Cut::after, "distinct");
  EXPECT_FALSE(things.store->distinct(things.ns(), "gone", json("{}"), {}).empty());
}

TEST_F(Retry, ACursorWhoseConnectionBreaksSaysSoAndGivesItBack) {
  const Things things = through();
  fill(*direct_);
  FindOptions options;
  options.batch_size = 2;
  auto cursor = things.store->find(things.ns(), json("{}"), options);
  ASSERT_TRUE(cursor->next().has_value());
  ASSERT_TRUE(cursor->next().has_value());
  proxy_->cut(Cut::before, "getMore");
  const auto failure = failure_of([&] { (void)cursor->next(); });
  EXPECT_EQ(failure.code, ErrorCode::network_error) << failure.text;
  EXPECT_FALSE(has(failure.text, "not known")) << "it was a read: " << failure.text;
  EXPECT_EQ(things.store->pool_state().in_use, 0);
  EXPECT_EQ(things.count(), 3);
}

TEST_F(Retry, ConnectionsThatAllBrokeAreMadeAnew) {
  const Things things = through();
  for (int i = 0; i < 5; ++i) {
    things.insert(R"({"_id": )" + std::to_string(i) + "}");
    proxy_->cut_all();
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(things.count(), i + 1);
  }
}

}  // namespace
}  // namespace quire::store::mongodb_test
