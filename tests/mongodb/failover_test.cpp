#include <algorithm>
#include <utility>

#include "fixture.hpp"
#include "quire/collection/database.hpp"
#include "quire/store/transaction.hpp"

/// What a server answers while it is no primary, and transactions that are cut short. The fail
/// points are a server's own, so the server is the test's own too.
namespace quire::store::mongodb_test {
namespace {

class Failover : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto program = test::server("server");
    if (program.empty()) GTEST_SKIP() << "no server can be started";
    // Without the option SecantusDB keeps in memory what kill -9 then takes.
    server_ =
        std::make_unique<test::OwnServer>(program, std::vector<std::string>{"--sync-on-commit"});
  }
  void TearDown() override {
    if (server_) server_->kill_now();
  }
  std::unique_ptr<test::OwnServer> server_;
};

TEST_F(Failover, AnErrorOfAServerThatIsNoPrimaryIsTriedOnceMoreThenTold) {
  const Things things(server_->uri("app", "heartbeatFrequencyMS=500"));
  things.insert(R"({"_id": 0})");
  for (const int code : {10107, 189}) {  // NotWritablePrimary, PrimarySteppedDown
    const std::string number = std::to_string(code);
    const std::string data = R"({"failCommands": ["insert"], "errorCode": )" + number + "}";
    things.fail_point(R"({"times": 1})", data);
    ASSERT_NO_THROW(things.insert(R"({"_id": )" + number + "}")) << number;

    things.fail_point(R"("alwaysOn")", data);
    const auto failure = failure_of([&] { things.insert(R"({"_id": -1})"); });
    EXPECT_EQ(failure.code, ErrorCode::not_primary) << failure.text;
    EXPECT_EQ(failure.backend_code, code);
    EXPECT_LT(failure.after, milliseconds(5000));
    things.fail_point(R"("off")");
  }
  EXPECT_EQ(things.count(), 3);
  things.insert(R"({"_id": -2})");
  EXPECT_EQ(things.count(R"({"_id": {"$lt": 0}})"), 1);
}

TEST_F(Failover, ATransactionIsDoneOnceWhateverBreaks) {
  test::TcpProxy proxy(server_->port());
  const Things things(proxy.uri("app"));
  const Things direct(server_->uri("app"));
  things.insert(R"({"_id": 1, "n": 0})");
  int runs = 0;
  const auto add = [&](Session& session) {
    ++runs;
    things.update(R"({"_id": 1})", R"({"$inc": {"n": 1}})", false, &session);
    things.insert(R"({"run": )" + std::to_string(runs) + "}", &session);
  };
  const auto run = [&](milliseconds retry_for = std::chrono::seconds(30)) {
    runs = 0;
    TransactionSettings settings;
    settings.retry_for = retry_for;
    run_transaction(*things.store, settings, add);
  };
  const auto expect = [&](int n) {
    EXPECT_EQ(direct.count(R"({"_id": 1, "n": )" + std::to_string(n) + "}"), 1);
    EXPECT_EQ(direct.count(R"({"run": {"$exists": true}})"), n) << "more or less than the update";
    EXPECT_EQ(things.store->pool_state().in_use, 0);
  };
  using Cut = test::TcpProxy::Cut;

  // The driver asks for the commit once more by itself; three breaks are beyond it.
  int done = 0;
  for (const auto& [when, times] : {std::pair{Cut::before, 1}, std::pair{Cut::after, 3}}) {
    SCOPED_TRACE(std::string(when == Cut::before ? "before" : "after") + " the commit, " +
                 std::to_string(times));
    proxy.cut(when, "commitTransaction", times);
    ASSERT_NO_THROW(run());
    EXPECT_EQ(runs, 1) << "a commit of unknown outcome is no reason to do the work again";
    expect(++done);
  }
  // A statement that is lost takes its transaction along: the work is done again.
  proxy.cut(Cut::after, "insert");
  ASSERT_NO_THROW(run());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(direct.count(R"({"run": 2})"), 1);
  expect(++done);
  // What the server calls transient.
  things.fail_point(R"({"times": 2})", R"({"failCommands": ["update"], "errorCode": 251})");
  ASSERT_NO_THROW(run());
  EXPECT_EQ(runs, 3);
  expect(++done);
  things.fail_point(R"({"times": 2})",
                    R"({"failCommands": ["commitTransaction"], "errorCode": 251,
                        "errorLabels": ["TransientTransactionError"]})");
  ASSERT_NO_THROW(run());
  EXPECT_EQ(runs, 3);
  expect(++done);

  // For ever is not tried: the error comes through with its label, and nothing is left.
  things.fail_point(R"("alwaysOn")", R"({"failCommands": ["update"], "errorCode": 112})");
  auto failure = failure_of([&] { run(milliseconds(300)); });
  EXPECT_EQ(failure.code, ErrorCode::write_conflict) << failure.text;
  EXPECT_EQ(failure.labels, std::vector<std::string>{"TransientTransactionError"});
  EXPECT_LT(failure.after, milliseconds(3000));
  EXPECT_GT(runs, 2);
  // An error that is not transient is not tried again.
  things.fail_point(R"({"times": 1})", R"({"failCommands": ["update"], "errorCode": 8000})");
  failure = failure_of([&] { run(); });
  EXPECT_EQ(failure.code, ErrorCode::command_failed) << failure.text;
  EXPECT_EQ(failure.backend_code, 8000);
  EXPECT_EQ(runs, 1);
  things.fail_point(R"("off")");
  expect(done);
  run();
  expect(++done);
}

TEST_F(Failover, ACommitWhoseOutcomeStaysUnknownIsToldAsThat) {
  test::TcpProxy proxy(server_->port());
  const Things things(proxy.uri("app"));
  things.insert(R"({"_id": 1})");
  const auto session = things.store->start_session();
  session->start_transaction();
  things.insert(R"({"_id": 2})", session.get());
  proxy.cut(test::TcpProxy::Cut::after, "commitTransaction", 2);
  const auto failure = failure_of([&] { session->commit_transaction(); });
  EXPECT_EQ(failure.code, ErrorCode::network_error) << failure.text;
  EXPECT_EQ(
      std::count(failure.labels.begin(), failure.labels.end(), "UnknownTransactionCommitResult"),
      1);
  EXPECT_TRUE(has(failure.text, "not known")) << failure.text;
  ASSERT_NO_THROW(session->commit_transaction()) << "to ask again is right";
  EXPECT_EQ(things.count(), 2);
}

TEST_F(Failover, ACommitTellsTheNumberOfItsWriteConcernsError) {
  const Things things(server_->uri("app"));
  ASSERT_TRUE(things.store->capabilities().transactions);  // asked now, not at the fail point
  things.insert(R"({"_id": 1})");
  const auto session = things.store->start_session();
  StartOptions start;
  start.write_concern = WriteConcern{};
  start.write_concern->w = "no_such_mode";
  session->start_transaction(start);
  things.insert(R"({"_id": 2})", session.get());
  const auto failure = failure_of([&] { session->commit_transaction(); });
  EXPECT_EQ(failure.code, ErrorCode::write_concern_failed) << failure.text;
  EXPECT_EQ(failure.backend_code, 79);  // UnknownReplWriteConcern
  EXPECT_EQ(things.count(), 2);

  // Time that ran out in the write concern ends the retries of the commit, as its own does.
  things.fail_point(R"({"times": 1})",
                    R"({"failCommands": ["commitTransaction"],
                        "writeConcernError": {"code": 50, "errmsg": "operation exceeded time limit"}})");
  const auto expired = failure_of([&] {
    run_transaction(*things.store, {}, [&](Session& own) { things.insert(R"({"_id": 3})", &own); });
  });
  EXPECT_EQ(expired.backend_code, 50) << expired.text;
  EXPECT_EQ(
      std::count(expired.labels.begin(), expired.labels.end(), "UnknownTransactionCommitResult"),
      1);
  EXPECT_EQ(things.count(), 3);
}

TEST_F(Failover, ABulkWriteWhoseConnectionBreaksInATransactionIsDoneAgain) {
  test::TcpProxy proxy(server_->port());
  const Things things(proxy.uri("app"));
  things.insert(R"({"_id": 1, "n": 0})");
  const auto filter = json(R"({"_id": 1})");
  const auto more = json(R"({"$inc": {"n": 1}})");
  const auto document = json(R"({"_id": 2})");
  std::vector<BulkOperation> operations(2);
  operations[0].kind = BulkOperation::Kind::insert;
  operations[0].document = document;
  operations[1].kind = BulkOperation::Kind::update_one;
  operations[1].filter = filter;
  operations[1].update = {more, false};
  proxy.cut(test::TcpProxy::Cut::after, "update");
  int runs = 0;
  ASSERT_NO_THROW(run_transaction(*things.store, {}, [&](Session& session) {
    ++runs;
    BulkOptions options;
    options.session = &session;
    (void)things.store->bulk_write(things.ns(), operations, options);
  }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(things.count(R"({"_id": 1, "n": 1})"), 1);
  EXPECT_EQ(things.count(), 2);
}

TEST_F(Failover, AChangeStreamGoesOnAfterABreakAndAfterARestart) {
  test::TcpProxy proxy(server_->port());
  const Things things(proxy.uri("app", "serverSelectionTimeoutMS=5000"));
  const auto insert = [&](int i) { things.insert(R"({"_id": )" + std::to_string(i) + "}"); };
  insert(0);
  WatchOptions options;
  options.max_await = milliseconds(100);
  auto stream = things.store->watch(things.ns(), json("{}"), options);
  std::vector<int> seen;
  const auto read = [&](ChangeStream& from, std::size_t until) {
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (seen.size() < until && Clock::now() < end) {
      if (const auto event = from.next())
        seen.push_back((*event)["documentKey"].as_document()["_id"].as_int32());
    }
  };
  insert(1);
  read(*stream, 1);
  proxy.cut_all();
  insert(2);
  read(*stream, 2);
  proxy.cut(test::TcpProxy::Cut::after, "getMore");  // an answer with an event in it is lost
  insert(3);
  read(*stream, 3);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));

  // The server goes away and comes back while the stream waits.
  server_->kill_now();
  std::thread reader([&] { read(*stream, 4); });
  std::this_thread::sleep_for(milliseconds(300));
  server_->start();
  Things(server_->uri("app")).insert(R"({"_id": 4})");
  reader.join();
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4}));

  // Another program goes on from the token that this one kept.
  const bson::Document token = stream->resume_token();
  ASSERT_FALSE(token.empty());
  stream.reset();
  insert(5);
  server_->kill_now();
  server_->start();
  insert(6);
  const Things other(server_->uri("app"));
  options.resume_after = token;
  const auto second = other.store->watch(other.ns(), json("{}"), options);
  EXPECT_EQ(other.count(), 7);
  read(*second, 6);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

TEST_F(Failover, AChangeStreamGivesUpInTheEnd) {
  const Things things(server_->uri("app", "serverSelectionTimeoutMS=200"));
  things.insert(R"({"_id": 0})");
  WatchOptions options;
  options.max_await = milliseconds(100);
  options.resume_for = milliseconds(700);
  const auto stream = things.store->watch(things.ns(), json("{}"), options);
  EXPECT_FALSE(stream->next().has_value());
  server_->kill_now();
  const auto failure = failure_of([&] { (void)stream->next(); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  EXPECT_GE(failure.after, milliseconds(600));
  EXPECT_LT(failure.after, milliseconds(5000));
}

}  // namespace
}  // namespace quire::store::mongodb_test
