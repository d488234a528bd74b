#include <thread>

#include "quire/store/transaction.hpp"
#include "store_fixture.hpp"

namespace quire::store::contract {
namespace {

class TransactionContract : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    if (IsSkipped()) return;
    if (!store_->capabilities().transactions) GTEST_SKIP() << "has no transactions";
    insert({R"({"_id":1,"n":1})"});
  }
  UpdateResult increment(Session& session, std::string_view filter = R"({"_id":1})") {
    UpdateOptions options;
    options.session = &session;
    return update(filter, R"({"$inc":{"n":1}})", options);
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, TransactionContract, ::testing::ValuesIn(all_stores()),
                         store_name);

TEST_P(TransactionContract, CommitsAllOrNothing) {
  {
    const auto session = store_->start_session();
    session->start_transaction();
    EXPECT_TRUE(session->in_transaction());
    increment(*session);
    EXPECT_EQ(count(R"({"n":2})", session.get()), 1);  // sees its own
    // Others do not; in memory they would wait for the writer.
    if (GetParam().name != "Memory") {
      EXPECT_EQ(count(R"({"n":2})"), 0);
    }
    session->commit_transaction();
    EXPECT_FALSE(session->in_transaction());
    EXPECT_EQ(count(R"({"n":2})"), 1);
    session->start_transaction();
    increment(*session);
    session->abort_transaction();
    EXPECT_EQ(count(R"({"n":2})"), 1);
    session->start_transaction();
    increment(*session);
  }  // a session that goes rolls back
  EXPECT_EQ(count(R"({"n":2})"), 1);
}

TEST_P(TransactionContract, MisuseIsRefused) {
  const auto session = store_->start_session();
  EXPECT_EQ(code_of([&] { session->commit_transaction(); }), ErrorCode::transaction_state);
  EXPECT_EQ(code_of([&] { session->abort_transaction(); }), ErrorCode::transaction_state);
  session->start_transaction();
  EXPECT_EQ(code_of([&] { session->start_transaction(); }), ErrorCode::transaction_state);
  session->abort_transaction();
  const auto other = open(uri_ == ":memory:" ? std::string(":memory:") : uri_);
  const auto foreign = other->start_session();
  foreign->start_transaction();
  EXPECT_EQ(code_of([&] { (void)count("{}", foreign.get()); }), ErrorCode::transaction_state);
  foreign->abort_transaction();
}

TEST_P(TransactionContract, AFailureWithinTakesAllBack) {
  create_index(R"({"key":{"k":1},"name":"k_1","unique":true,"sparse":true})");
  insert({R"({"_id":2,"k":"taken"})"});
  EXPECT_EQ(code_of([&] {
              run_transaction(*store_, {}, [&](Session& session) {
                increment(session);
                UpdateOptions options;
                options.session = &session;
                update(R"({"_id":1})", R"({"$set":{"k":"taken"}})", options);
              });
            }),
            ErrorCode::duplicate_key);
  EXPECT_EQ(count(R"({"n":1})"), 1);
}

TEST_P(TransactionContract, TheFunctionsExceptionsPassThrough) {
  struct Own {};
  EXPECT_THROW(run_transaction(*store_, {},
                               [&](Session& session) {
                                 increment(session);
                                 throw Own{};
                               }),
               Own);
  EXPECT_EQ(count(R"({"n":1})"), 1);
}

TEST_P(TransactionContract, NestedUseIsRefused) {
  EXPECT_EQ(code_of([&] {
              run_transaction(*store_, {},
                              [&](Session&) { run_transaction(*store_, {}, [](Session&) {}); });
            }),
            ErrorCode::transaction_state);
}

TEST_P(TransactionContract, AFunctionMayEndItsTransactionItself) {
  run_transaction(*store_, {}, [&](Session& session) {
    increment(session);
    session.abort_transaction();
  });
  EXPECT_EQ(count(R"({"n":1})"), 1);
}

TEST_P(TransactionContract, ATransientErrorRunsTheFunctionAgain) {
  int runs = 0;
  run_transaction(*store_, {}, [&](Session& session) {
    increment(session);
    if (++runs < 3) {
      throw StoreError(ErrorCode::network_error, FieldPath(), "made up", 0,
                       {std::string(transient_transaction_error)});
    }
  });
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(count(R"({"n":2})"), 1);
}

TEST_P(TransactionContract, TransientErrorsEndWithTheTime) {
  TransactionSettings settings;
  settings.retry_for = std::chrono::milliseconds(200);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of([&] {
              run_transaction(*store_, settings, [&](Session&) {
                throw StoreError(ErrorCode::network_error, FieldPath(), "made up", 0,
                                 {std::string(transient_transaction_error)});
              });
            }),
            ErrorCode::network_error);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_P(TransactionContract, ThreadsThatMeetAllGetThrough) {
  constexpr int threads = 4, rounds = 10;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < rounds; ++i)
        run_transaction(*store_, {}, [&](Session& session) { increment(session); });
    });
  }
  for (auto& thread : all) thread.join();
  EXPECT_EQ(count(R"({"n":41})"), 1);
}

TEST_P(TransactionContract, ConcernsOfATransactionAreTaken) {
  TransactionSettings settings;
  settings.start.read_concern = ReadConcern{"snapshot"};
  settings.start.write_concern = WriteConcern::majority();
  settings.start.read_preference = ReadPreference{};
  settings.start.max_commit_time = std::chrono::seconds(30);
  run_transaction(*store_, settings, [&](Session& session) { increment(session); });
  EXPECT_EQ(count(R"({"n":2})"), 1);
}

}  // namespace
}  // namespace quire::store::contract
