#include <thread>

#include "exposition.hpp"
#include "observe_fixture.hpp"

namespace quire::observe::test {
namespace {

using std::chrono::microseconds;

store::CommandEvent failed(std::string_view command, ErrorCode code) {
  auto out = event(command, "users", microseconds(100));
  out.ok = false;
  out.code = code;
  return out;
}

TEST(Metrics, CountsAreExactUnderEightThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20'000; ++i) {
        // Series come into being while others are counted.
        const auto name = "c" + std::to_string(i % 50);
        metrics.on_command(event(t % 2 == 0 ? "find" : "insert", name, microseconds(i % 50)));
        if (i % 10 == 0) metrics.on_command(failed("update", ErrorCode::duplicate_key));
        if (i % 20 == 0) metrics.on_command(failed("update", ErrorCode::timeout));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto all = metrics.snapshot();
  ASSERT_EQ(all.operations.size(), 101U);
  for (const auto& one : all.operations) {
    if (one.command == "update") continue;
    EXPECT_EQ(one.operations, 4U * 400) << one.command << one.collection;
    EXPECT_EQ(one.failures, 0U);
    const auto us = std::stoi(one.collection.substr(1));
    EXPECT_EQ(one.total, microseconds(us * 1600));
    EXPECT_EQ(one.longest, microseconds(us));
  }
  const auto& update = all.operations.back();
  EXPECT_EQ(update.command, "update");
  EXPECT_EQ(update.operations, 8U * 3000);
  EXPECT_EQ(update.failures, 8U * 3000);
  EXPECT_EQ(update.failures_by_code, (std::vector<std::pair<std::string, std::uint64_t>>{
                                         {"duplicate_key", 16000}, {"timeout", 8000}}));
  EXPECT_EQ(all.total().operations, 8U * 20'000 + 8U * 3000);
}

TEST(Metrics, BucketsHaveInclusiveUpperBounds) {
  Metrics metrics;
  for (const int us : {0, 10, 11, 25, 1000, 1001, 10'000'000, 10'000'001})
    metrics.on_command(event("find", "users", microseconds(us)));
  const auto one = metrics.snapshot().operations.at(0);
  EXPECT_EQ(one.buckets[0], 2U);   // 0 and 10 us: up to 0.00001 s
  EXPECT_EQ(one.buckets[1], 2U);   // 11 and 25 us
  EXPECT_EQ(one.buckets[6], 1U);   // 1 ms
  EXPECT_EQ(one.buckets[7], 1U);   // 1.001 ms
  EXPECT_EQ(one.buckets[18], 1U);  // 10 s
  EXPECT_EQ(one.buckets[19], 1U);  // beyond
  EXPECT_EQ(one.longest, microseconds(10'000'001));
}

TEST(Metrics, QuantilesAreLinearWithinABucketAndNoLongerThanTheLongest) {
  Metrics metrics;
  EXPECT_EQ(OperationMetrics{}.p99(), 0);
  for (int i = 0; i < 90; ++i) metrics.on_command(event("find", "users", microseconds(200)));
  for (int i = 0; i < 10; ++i) metrics.on_command(event("find", "users", microseconds(9000)));
  auto one = metrics.snapshot().operations.at(0);
  // 90 in (0.0001, 0.00025]: the 50th lies 50/90 into it. 10 in (0.005, 0.01].
  EXPECT_NEAR(one.p50(), 0.0001 + 0.00015 * 50 / 90, 1e-9);
  EXPECT_NEAR(one.p95(), 0.005 + 0.005 * 0.5, 1e-9);
  EXPECT_NEAR(one.p99(), 0.009, 1e-9);  // 0.0095 by the bucket; nothing took longer than 0.009
  EXPECT_NEAR(one.quantile(1), 0.009, 1e-9);
  metrics.on_command(event("find", "users", std::chrono::seconds(30)));
  EXPECT_NEAR(metrics.snapshot().operations.at(0).quantile(1), 30, 1e-9);
}

TEST(Metrics, FurtherSeriesAreCountedTogether) {
  Metrics metrics({.max_series = 3});
  for (int i = 0; i < 10; ++i)
    metrics.on_command(event("find", "c" + std::to_string(i), microseconds(1)));
  metrics.on_command(event("find", "c1", microseconds(1)));
  const auto all = metrics.snapshot();
  ASSERT_EQ(all.operations.size(), 4U);
  EXPECT_EQ(all.operations[1].operations, 2U);
  EXPECT_EQ(all.operations[3].command, "other");
  EXPECT_EQ(all.operations[3].collection, "other");
  EXPECT_EQ(all.operations[3].operations, 7U);
  EXPECT_EQ(all.total().operations, 11U);
  EXPECT_EQ(code_of([] { const Metrics none({.max_series = 0}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { const Metrics many({.max_series = 100'001}); }),
            ErrorCode::invalid_argument);
}

TEST(Metrics, FurtherCodesAreCountedTogether) {
  Metrics metrics;
  for (int i = 0; i < 10; ++i) metrics.on_command(failed("find", static_cast<ErrorCode>(301 + i)));
  const auto one = metrics.snapshot().operations.at(0);
  EXPECT_EQ(one.failures, 10U);
  ASSERT_EQ(one.failures_by_code.size(), 9U);
  EXPECT_EQ(one.failures_by_code[0], (std::pair<std::string, std::uint64_t>{"other", 2}));
}

TEST(PrometheusText, IsValidAndComplete) {
  Metrics metrics;
  metrics.on_command(event("find", "users", microseconds(1500)));
  metrics.on_command(event("find", "users", microseconds(2)));
  metrics.on_command(failed("insert", ErrorCode::duplicate_key));
  metrics.on_server({});
  const auto text = metrics.prometheus();
  const auto all = ExpositionReader::read(text);
  ASSERT_EQ(all.size(), 4U) << text;
  const auto& operations = all.at("quire_operations_total");
  EXPECT_EQ(operations.type, "counter");
  ASSERT_EQ(operations.samples.size(), 2U);
  EXPECT_EQ(operations.samples[0].labels,
            (std::map<std::string, std::string>{
                {"command", "find"}, {"database", "app"}, {"collection", "users"}}));
  EXPECT_EQ(operations.samples[0].value, 2);
  const auto& failures = all.at("quire_operation_failures_total").samples;
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].labels.at("code"), "duplicate_key");
  const auto& duration = all.at("quire_operation_duration_seconds").samples;
  ASSERT_EQ(duration.size(), 2 * (latency_buckets + 2));
  double sum = -1;
  for (const auto& sample : duration) {
    if (sample.name.ends_with("_sum") && sample.labels.at("command") == "find") sum = sample.value;
  }
  EXPECT_DOUBLE_EQ(sum, 0.001502);
  EXPECT_NE(text.find("le=\"0.0025\""), std::string::npos);
  EXPECT_EQ(all.at("quire_server_changes_total").samples.at(0).value, 1);
}

TEST(PrometheusText, EscapesLabelsAndIsUtf8) {
  Metrics metrics;
  const std::string odd = "a\"b\\c\nd\xFF\u00e4";
  metrics.on_command(event("find", odd, microseconds(1)));
  const auto text = metrics.prometheus();
  EXPECT_TRUE(bson::is_utf8(text));
  const auto all = ExpositionReader::read(text);
  const auto name = all.at("quire_operations_total").samples.at(0).labels.at("collection");
  EXPECT_TRUE(name.starts_with("a\"b\\c\nd")) << name;
}

TEST(PrometheusText, IsValidWithoutOperations) {
  EXPECT_EQ(ExpositionReader::read(Metrics().prometheus()).size(), 4U);
}

TEST(PrometheusReader, RefusesWhatTheFormatDoesNotAllow) {
  const std::string head = "# HELP a_total x\n# TYPE a_total counter\n";
  EXPECT_NO_THROW(ExpositionReader::read(head + "a_total{b=\"c\"} 1\n"));
  for (const char* bad :
       {"a_total 1", "a_total{b=\"c} 1\n", "a_total{b=\"\\d\"} 1\n", "a_total{b=\"c\",b=\"c\"} 1\n",
        "a_total x\n", "a_total 1\na_total 1\n", "b_total 1\n", "a_total -1\n", "a_total\n", "\n"})
    EXPECT_ANY_THROW(ExpositionReader::read(head + bad)) << bad;
}

using MetricsOnStore = ObservedStore;
INSTANTIATE_TEST_SUITE_P(Stores, MetricsOnStore, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(MetricsOnStore, CountRealOperationsOfManyThreads) {
  const auto metrics = std::make_shared<Metrics>();
  auto watching = attach(*db_, metrics);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        people_->insert(Person{.email = std::to_string(t) + "/" + std::to_string(i)});
        (void)people_->find_one(email == std::to_string(t) + "/" + std::to_string(i));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(code_of([&] { people_->insert(Person{.email = "0/0"}); }), ErrorCode::duplicate_key);
  }
  watching.end();
  people_->insert(Person{.email = "after the end"});
  std::map<std::string, OperationMetrics> by_command;
  for (const auto& one : metrics->snapshot().operations) {
    EXPECT_EQ(one.database, db_->name());
    if (one.collection == "people") by_command[one.command] = one;
  }
  EXPECT_EQ(by_command["insert"].operations, 203U);
  EXPECT_EQ(by_command["insert"].failures, 3U);
  EXPECT_EQ(by_command["insert"].failures_by_code.at(0).first, "duplicate_key");
  EXPECT_EQ(by_command["find"].operations, 200U);
  EXPECT_GT(by_command["find"].p50(), 0);
  EXPECT_LE(by_command["find"].p50(), by_command["find"].p99());

  const auto all = ExpositionReader::read(metrics->prometheus(*db_));
  EXPECT_EQ(all.size(), 11U);
  EXPECT_EQ(all.at("quire_pool_in_use").samples.at(0).value, 0);
  EXPECT_EQ(all.at("quire_pool_limit").samples.at(0).value, embedded() ? 0 : 100);
  const auto& servers = all.at("quire_server_state").samples;
  ASSERT_EQ(servers.size(), embedded() ? 0U : 1U);
  for (const auto& server : servers)
    EXPECT_TRUE(server.labels.at("server").starts_with("127.0.0.1:"));
}

}  // namespace
}  // namespace quire::observe::test
