#include "fixture.hpp"

/// Nothing answers, or too late, or there is no connection to be had: a typed error in time, and a
/// store that works afterwards.
namespace quire::store::mongodb_test {
namespace {

// Busy machines get some more time than the time-outs say.
constexpr milliseconds slack{1500};

class Limits : public ProxyTest {};

TEST_F(Limits, APoolThatIsExhaustedSaysSoInTimeAndWorksAfterwards) {
  const Things things = through("maxPoolSize=1&waitQueueTimeoutMS=200");
  direct_->insert(R"({"_id": 1})");
  {
    const auto session = things.store->start_session();  // holds the one connection
    const auto failure = failure_of([&] { (void)things.count(); });
    EXPECT_EQ(failure.code, ErrorCode::pool_exhausted) << failure.text;
    EXPECT_GE(failure.after, milliseconds(190));
    EXPECT_LT(failure.after, milliseconds(200) + slack);
    EXPECT_TRUE(has(failure.text, "1 of maxPoolSize=1")) << failure.text;
    const auto state = things.store->pool_state();
    EXPECT_EQ(state.in_use, 1);
    EXPECT_EQ(state.timeouts, 1);
    // Whether the server is well can be asked all the same.
    EXPECT_TRUE(things.store->health(milliseconds(2000)).ok);
    // Within the session the connection is there.
    CountOptions options;
    options.session = session.get();
    EXPECT_EQ(things.store->count(things.ns(), json("{}"), options), 1);
  }
  EXPECT_EQ(things.count(), 1);
  // A cursor holds one until its end.
  direct_->insert(R"({"_id": 2})");
  FindOptions small;
  small.batch_size = 1;
  auto cursor = things.store->find(things.ns(), json("{}"), small);
  EXPECT_EQ(failure_of([&] { things.insert("{}"); }).code, ErrorCode::pool_exhausted);
  while (cursor->next()) {
  }
  things.insert(R"({"_id": 3})");
  EXPECT_EQ(things.store->pool_state().limit, 1);
  EXPECT_EQ(things.store->pool_state().in_use, 0);
}

TEST_F(Limits, WhoWaitsForAConnectionGetsItWhenItIsGivenBack) {
  const Things things = through("maxPoolSize=1&waitQueueTimeoutMS=20000");
  auto session = things.store->start_session();
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(150));
    session.reset();
  });
  EXPECT_EQ(things.count(), 0);
  other.join();
  EXPECT_GE(things.store->pool_state().waits, 1);
  EXPECT_EQ(things.store->pool_state().timeouts, 0);
}

TEST_F(Limits, ABlackHoleEndsAtSocketTimeout) {
  const Things things =
      through("socketTimeoutMS=300&connectTimeoutMS=300&serverSelectionTimeoutMS=600");
  things.insert(R"({"_id": 1})");
  proxy_->black_hole(true);
  auto failure = failure_of([&] { things.update("{}", R"({"$set": {"n": 1}})", true); });
  EXPECT_EQ(failure.code, ErrorCode::network_error) << failure.text;
  EXPECT_TRUE(has(failure.text, "not known")) << failure.text;
  EXPECT_GE(failure.after, milliseconds(290));
  EXPECT_LT(failure.after, milliseconds(300) + slack);
  // One that is tried once more ends as well: a second wait, or no server that is worth one.
  failure = failure_of([&] { things.insert(R"({"_id": 2})"); });
  EXPECT_TRUE(failure.code == ErrorCode::network_error ||
              failure.code == ErrorCode::server_unreachable)
      << failure.text;
  EXPECT_LT(failure.after, milliseconds(1500) + slack);
  const auto start = Clock::now();
  const auto health = things.store->health(milliseconds(400));
  EXPECT_LT(Clock::now() - start, milliseconds(400) + slack);
  EXPECT_FALSE(health.ok);
  EXPECT_FALSE(health.error.empty());
  proxy_->black_hole(false);
  proxy_->cut_all();  // what was swallowed never comes: those connections are of no use
  const auto end = Clock::now() + std::chrono::seconds(10);
  while (failure_of([&] { things.insert(R"({"_id": 3})"); }).code != ErrorCode::internal &&
         Clock::now() < end)
    std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(direct_->count(R"({"_id": 3})"), 1);
}

TEST_F(Limits, HealthChecksThatMeetAllAnswerInTime) {
  const Things things = through("");
  ASSERT_TRUE(things.store->health(std::chrono::seconds(5)).ok);
  proxy_->black_hole(true);
  const auto start = Clock::now();
  std::vector<std::thread> all;
  std::atomic<int> well{0};
  for (int i = 0; i < 8; ++i) {
    all.emplace_back([&] { well += things.store->health(milliseconds(300)).ok ? 1 : 0; });
  }
  for (auto& one : all) one.join();
  EXPECT_LT(Clock::now() - start, 2 * milliseconds(300) + slack);
  EXPECT_EQ(well, 0);
}

TEST_F(Limits, ABlackHoleFromTheBeginningEndsAtServerSelectionTimeout) {
  proxy_->black_hole(true);
  const Things things =
      through("connectTimeoutMS=200&socketTimeoutMS=200&serverSelectionTimeoutMS=500");
  const auto failure = failure_of([&] { (void)things.count(); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  EXPECT_LT(failure.after, milliseconds(500) + slack);
}

TEST_F(Limits, AnAnswerThatIsSlowIsNoBrokenOne) {
  const Things things = through("socketTimeoutMS=5000");
  things.insert(R"({"_id": 1})");
  proxy_->delay(milliseconds(120));
  const auto start = Clock::now();
  things.insert(R"({"_id": 2})");
  EXPECT_GE(Clock::now() - start, milliseconds(230));  // there and back
  proxy_->delay(milliseconds(0));
  EXPECT_EQ(direct_->count(), 2);
}

TEST_F(Limits, APortThatRefusesIsUnreachableUntilItListensAgain) {
  const Things things = through("serverSelectionTimeoutMS=300&heartbeatFrequencyMS=500");
  things.insert(R"({"_id": 1})");
  proxy_->refuse(true);
  // The first one may find that its connection has broken; from then on nobody is there.
  auto failure = failure_of([&] { (void)things.count(); });
  EXPECT_TRUE(failure.code == ErrorCode::network_error ||
              failure.code == ErrorCode::server_unreachable)
      << failure.text;
  failure = failure_of([&] { (void)things.count(); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  EXPECT_LT(failure.after, milliseconds(300) + slack);
  EXPECT_EQ(things.store->pool_state().in_use, 0);
  proxy_->refuse(false);
  const auto end = Clock::now() + std::chrono::seconds(10);
  while (failure_of([&] { (void)things.count(); }).code != ErrorCode::internal &&
         Clock::now() < end)
    std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(things.count(), 1);
}

struct Unreachable {
  const char* name;
  std::string uri;
};
void PrintTo(const Unreachable& row, std::ostream* out) { *out << row.name; }
class Nobody : public ::testing::TestWithParam<Unreachable> {};
TEST_P(Nobody, IsUnreachableInTime) {
  const Things things(GetParam().uri + "&serverSelectionTimeoutMS=300");
  auto failure = failure_of([&] { things.insert("{}"); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  EXPECT_LT(failure.after, milliseconds(300) + slack);
  failure = failure_of([&] { (void)things.store->capabilities(); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  const auto health = things.store->health(milliseconds(400));
  EXPECT_FALSE(health.ok);
  EXPECT_TRUE(has(health.error, "server_unreachable")) << health.error;
}
std::string one_that_does_not_listen() {
  return "mongodb://127.0.0.1:" + std::to_string(test::free_port()) + "/app?appname=quire";
}
INSTANTIATE_TEST_SUITE_P(
    All, Nobody,
    ::testing::Values(Unreachable{"Port", one_that_does_not_listen()},
                      Unreachable{"Name", "mongodb://no-such-host.invalid/app?appname=quire"},
                      Unreachable{"Socket", "mongodb://%2Ftmp%2Fquire-no-such.sock/app?appname=q"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(NoService, AServiceNameThatDoesNotResolveIsUnreachable) {
  const auto failure =
      failure_of([] { (void)open("mongodb+srv://u:s3cret@cluster.no-such.invalid/app"); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  EXPECT_FALSE(has(failure.text, "s3cret")) << failure.text;
}

}  // namespace
}  // namespace quire::store::mongodb_test
