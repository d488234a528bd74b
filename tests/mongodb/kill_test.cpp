#include <array>
#include <atomic>
#include <set>

#include "fixture.hpp"

namespace quire::store::mongodb_test {
namespace {

/// What a thread knows about its writes.
struct Ledger {
  std::vector<std::int64_t> acknowledged, unknown;  // _id of inserts
  std::int64_t added = 0, maybe_added = 0;          // increments of its counter
  std::int64_t failures = 0;
};

constexpr int threads = 16;
constexpr std::int64_t stride = 1'000'000;

void work(const Things& things, int thread, const std::atomic<bool>& stop, Ledger& ledger) {
  const std::string counter = R"({"_id": )" + std::to_string(-1 - thread) + "}";
  for (std::int64_t i = 1; !stop && i < stride; ++i) {
    const std::int64_t id = thread * stride + i;
    try {
      things.insert(R"({"_id": )" + std::to_string(id) + R"(, "thread": )" +
                    std::to_string(thread) + "}");
      ledger.acknowledged.push_back(id);
    } catch (const Error& error) {
      ++ledger.failures;
      EXPECT_TRUE(error.code() == ErrorCode::network_error ||
                  error.code() == ErrorCode::server_unreachable)
          << error.what();
      ledger.unknown.push_back(id);
    }
    try {
      things.update(counter, R"({"$inc": {"n": 1}})");
      ++ledger.added;
    } catch (const Error& error) {
      ++ledger.failures;
      EXPECT_TRUE(error.code() == ErrorCode::network_error ||
                  error.code() == ErrorCode::server_unreachable)
          << error.what();
      ++ledger.maybe_added;
    }
    if (i % 4 == 0) {
      try {
        (void)things.store->find_one(things.ns(), json(counter), {}, [](bson::View) {});
      } catch (const Error&) {
        ++ledger.failures;
      }
    }
  }
}

/// SecantusDB writes its log to the disk at a commit only with --sync-on-commit, and remembers
/// retryable writes in memory only: after a restart it would do one that is sent again a second
/// time, where MongoDB knows it from config.transactions. So nothing is sent again here; that is
/// tested with connections that break (retry_test).
TEST(Killed, NoAcknowledgedWriteIsLostAndNoneIsDoneTwice) {
  const auto program = test::server("server");
  if (program.empty()) GTEST_SKIP() << "no server can be started";
  test::OwnServer server(program, {"--sync-on-commit"});
  const Things things(server.uri(
      "app", "retryWrites=false&serverSelectionTimeoutMS=10000&heartbeatFrequencyMS=500"));
  for (int i = 0; i < threads; ++i)
    things.insert(R"({"_id": )" + std::to_string(-1 - i) + R"(, "n": {"$numberLong": "0"}})");

  std::atomic<bool> stop{false};
  std::array<Ledger, threads> ledgers;
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([&, i] { work(things, i, stop, ledgers[static_cast<std::size_t>(i)]); });
  for (int kills = 0; kills < 2; ++kills) {
    std::this_thread::sleep_for(milliseconds(1200));
    server.kill_now();
    std::this_thread::sleep_for(milliseconds(200));
    server.start();
  }
  std::this_thread::sleep_for(milliseconds(1200));
  stop = true;
  for (auto& one : workers) one.join();

  // The same store goes on; what is there is asked of the server as it is after a last kill.
  server.kill_now();
  server.start();
  std::multiset<std::int64_t> there;
  std::int64_t acknowledged = 0, failures = 0;
  const auto cursor = things.store->find(things.ns(), json(R"({"thread": {"$exists": true}})"), {});
  while (const auto document = cursor->next()) {
    const auto id = (*document)["_id"];
    there.insert(id.type() == bson::Type::int32 ? id.as_int32() : id.as_int64());
  }
  for (int i = 0; i < threads; ++i) {
    const Ledger& ledger = ledgers[static_cast<std::size_t>(i)];
    acknowledged += static_cast<std::int64_t>(ledger.acknowledged.size());
    failures += ledger.failures;
    for (const auto id : ledger.acknowledged) ASSERT_EQ(there.count(id), 1U) << id << " is lost";
    for (const auto id : ledger.unknown) ASSERT_LE(there.count(id), 1U) << id << " is there twice";
    std::int64_t n = -1;
    ASSERT_TRUE(things.store->find_one(
        things.ns(), json(R"({"_id": )" + std::to_string(-1 - i) + "}"), {}, [&](bson::View d) {
          n = d["n"].type() == bson::Type::int32 ? d["n"].as_int32() : d["n"].as_int64();
        }));
    EXPECT_GE(n, ledger.added) << "an acknowledged increment of thread " << i << " is lost";
    EXPECT_LE(n, ledger.added + ledger.maybe_added) << "one of thread " << i << " was done twice";
  }
  EXPECT_GT(failures, 0) << "the server was not killed under load";
  EXPECT_GT(acknowledged, 10);  // few on a busy machine
  RecordProperty("acknowledged", static_cast<int>(acknowledged));
  EXPECT_EQ(things.store->pool_state().in_use, 0);
}

}  // namespace
}  // namespace quire::store::mongodb_test
