#include <thread>

#include "observe_fixture.hpp"

namespace quire::observe::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(SlowLogLine, ShowsShapesAndNoValues) {
  std::vector<std::string> lines;
  SlowLog log({.threshold = milliseconds(5),
               .sink = [&](const SlowOperation& one) { lines.push_back(one.str()); }});
  const auto filter = bson::from_json(R"({"age": {"$gte": 4711}})");
  const auto sort = bson::from_json(R"({"name": -1})");
  auto slow = event("find", "users", microseconds(153204));
  slow.filter = filter;
  slow.sort = sort;
  log.on_command(slow);
  slow.ok = false;
  slow.code = ErrorCode::timeout;
  slow.server = "db1:27017";
  slow.sort = {};
  log.on_command(slow);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0],
            R"(slow find app.users 153.204 ms ok filter={"age":{"$gte":"?"}} sort={"name":-1})");
  EXPECT_EQ(
      lines[1],
      R"(slow find app.users 153.204 ms failed:timeout filter={"age":{"$gte":"?"}} server=db1:27017)");
}

TEST(SlowLogLine, IsOneLineWhateverACollectionIsCalled) {
  std::string line;
  SlowLog log(
      {.threshold = microseconds(0), .sink = [&](const SlowOperation& one) { line = one.str(); }});
  log.on_command(event("insert", "a\nslow find app.users", microseconds(1)));
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(SlowLog, TellsFromTheThresholdOn) {
  int n = 0;
  SlowLog log({.threshold = milliseconds(10), .sink = [&](const SlowOperation&) { ++n; }});
  log.on_command(event("find", "users", microseconds(9999)));
  EXPECT_EQ(n, 0);
  log.on_command(event("find", "users", microseconds(10000)));
  EXPECT_EQ(n, 1);
}

TEST(SlowLog, HasARateLimitThatCountsWhatItLeavesOut) {
  std::vector<std::uint64_t> left_out;
  SlowLog log({.threshold = microseconds(0),
               .sink = [&](const SlowOperation& one) { left_out.push_back(one.left_out); },
               .max_per_second = 2});
  for (int i = 0; i < 10; ++i) log.on_command(event("find", "users", microseconds(1)));
  EXPECT_EQ(left_out, (std::vector<std::uint64_t>{0, 0}));
  std::this_thread::sleep_for(milliseconds(1050));
  log.on_command(event("find", "users", microseconds(1)));
  EXPECT_EQ(left_out, (std::vector<std::uint64_t>{0, 0, 8}));
}

TEST(SlowLog, CallsTheSinkForOneOperationAtATimeAndMayBeThrownAt) {
  int n = 0;  // plain: the sink needs no lock
  SlowLog log({.threshold = microseconds(0), .sink = [&](const SlowOperation&) {
                 ++n;
                 throw std::runtime_error("mine");
               }});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) log.on_command(event("find", "users", microseconds(1)));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(n, 4000);
}

TEST(SlowLog, WritesToStandardErrorWithoutASink) {
  SlowLog log({.threshold = microseconds(0)});
  ::testing::internal::CaptureStderr();
  log.on_command(event("find", "users", microseconds(1500)));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "slow find app.users 1.500 ms ok\n");
}

using SlowLogOnStore = ObservedStore;
INSTANTIATE_TEST_SUITE_P(Stores, SlowLogOnStore, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(SlowLogOnStore, TellsOfRealOperations) {
  std::vector<std::string> lines;
  auto watching =
      slow_log(*db_, {.threshold = microseconds(0),
                      .sink = [&](const SlowOperation& one) { lines.push_back(one.str()); }});
  (void)people_->find(age > 4711).sort(city.asc()).to_vector();
  watching.end();
  (void)people_->find(age > 4711).to_vector();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("slow find " + db_->name() + ".people "), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find(R"(filter={"age":{"$gt":"?"}} sort={"city":1})"), std::string::npos)
      << lines[0];
}

TEST_P(SlowLogOnStore, ASinkThatWritesToTheStoreIsNotLoggedAgain) {
  int n = 0;
  auto watching = slow_log(*db_, {.threshold = microseconds(0), .sink = [&](const SlowOperation&) {
                                    if (++n < 5)
                                      people_->insert(Person{.email = std::to_string(n)});
                                  }});
  (void)people_->find(age > 1).to_vector();
  EXPECT_EQ(n, 1);
}

}  // namespace
}  // namespace quire::observe::test
