#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "observe_fixture.hpp"

namespace quire::observe::test {
namespace {

using Clock = std::chrono::steady_clock;
using HealthOf = ObservedStore;
INSTANTIATE_TEST_SUITE_P(Stores, HealthOf, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(HealthOf, AStoreThatAnswersIsOkAndWritable) {
  const auto report = health(*db_, std::chrono::seconds(5));
  EXPECT_TRUE(report.ok()) << report.health.error;
  EXPECT_TRUE(report.health.writable);
  EXPECT_EQ(report.health.kind, db_->store().kind());
  EXPECT_FALSE(report.health.version.empty());
  EXPECT_EQ(report.servers.size(), embedded() ? 0U : 1U);
  const auto json = bson::from_json(report.json());
  EXPECT_TRUE(json["ok"].as_bool());
  EXPECT_EQ(json["kind"].as_string(), db_->store().kind());
  EXPECT_FALSE(json.contains("error"));
  EXPECT_EQ(json.contains("server"), !embedded());
  EXPECT_TRUE(json["pool"].as_document().contains("in_use"));
  EXPECT_EQ(report.json().find('\n'), std::string::npos);
}

TEST_P(HealthOf, AStoreThatWasClosedIsNotAndTellsWhy) {
  const auto own = open(uri_);
  own.close();
  const auto report = health(own, std::chrono::seconds(5));
  EXPECT_FALSE(report.ok());
  const auto json = bson::from_json(report.json());
  EXPECT_FALSE(json["ok"].as_bool());
  EXPECT_NE(json["error"].as_string().find("closed"), std::string_view::npos);
  EXPECT_FALSE(json.contains("round_trip_ms"));
}

TEST(HealthJson, HasWhatIsKnownAndNothingElse) {
  store::Health health;
  health.ok = health.writable = true;
  health.kind = "mongodb";
  health.version = "8.0.4";
  health.set_name = "rs0";
  health.server = "db1:27017";
  health.round_trip = std::chrono::microseconds(412);
  const store::PoolState pool{3, 9, 100, 2, 1};
  const std::vector<store::ServerState> servers{
      {"db1:27017", "RSPrimary", std::chrono::milliseconds(1)},
      {"db2:27017", "Unknown", std::chrono::milliseconds(-1)}};
  EXPECT_EQ(
      bson::from_json(health_json(health, pool, servers)),
      bson::from_json(
          R"({"ok": true, "writable": true, "kind": "mongodb", "version": "8.0.4", "set_name": "rs0",
              "server": "db1:27017", "round_trip_ms": 0.412,
              "pool": {"in_use": 3, "most": 9, "limit": 100,
                       "waits": 2, "timeouts": 1},
              "servers": [{"server": "db1:27017", "type": "RSPrimary", "round_trip_ms": 1},
                          {"server": "db2:27017", "type": "Unknown"}]})"));
}

#ifdef QUIRE_TEST_MONGODB
/// A listening socket of the loopback: with `answers` false it takes connections and says nothing.
class Port {
 public:
  Port() {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    number_ = ntohs(address.sin_port);
  }
  ~Port() { ::close(socket_); }
  Port(Port&&) = delete;
  void listen() { EXPECT_EQ(::listen(socket_, 64), 0); }
  [[nodiscard]] std::string uri() const {
    return "mongodb://user:hunter2@127.0.0.1:" + std::to_string(number_) + "/app";
  }

 private:
  int socket_ = -1;
  int number_ = 0;
};

void expect_down_within_limit(const Database& db) {
  const auto start = Clock::now();
  const auto report = health(db, std::chrono::milliseconds(600));
  const auto took = Clock::now() - start;
  EXPECT_FALSE(report.ok());
  EXPECT_FALSE(report.health.error.empty());
  EXPECT_LT(took, std::chrono::milliseconds(1500));
  EXPECT_TRUE(report.servers.empty());
  EXPECT_EQ(report.json().find("hunter2"), std::string::npos) << report.json();
}

TEST(HealthOfNobody, IsToldWithinTheLimitWhereNothingListens) {
  const Port port;  // bound, not listening: refuses
  expect_down_within_limit(open(port.uri()));
}

TEST(HealthOfNobody, IsToldWithinTheLimitWhereNothingIsAnswered) {
  Port port;
  port.listen();
  expect_down_within_limit(open(port.uri()));
}

TEST(HealthWithoutAFreeConnection, IsToldAllTheSame) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const auto db = open(uri + (uri.find('?') == std::string::npos ? "?" : "&") +
                       "maxPoolSize=1&waitQueueTimeoutMS=20000");
  const auto session = db.store().start_session();  // holds the one connection
  const auto metrics = std::make_shared<Metrics>();
  const auto start = Clock::now();
  const auto report = health(db, std::chrono::seconds(4));
  EXPECT_TRUE(report.ok()) << report.health.error;
  EXPECT_EQ(report.pool.in_use, 1);
  EXPECT_EQ(report.pool.limit, 1);
  EXPECT_NE(metrics->prometheus(db).find("quire_pool_in_use 1\n"), std::string::npos);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}
#endif

}  // namespace
}  // namespace quire::observe::test
