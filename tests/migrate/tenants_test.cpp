// The same migrations on many databases.
#include "quire/migrate/tenants.hpp"

#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "fixture.hpp"

namespace quire::migrate::test {
namespace {

using Result = TenantEntry::Result;

/// Databases of one store, each with a document.
class TenantsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 5; ++i) {
      tenants.push_back(db.with_name(db.name() + "_t" + std::to_string(i)));
      names.push_back(tenants.back().name());
      put(tenants.back(), "counters", R"({"_id":1,"n":0})");
    }
  }
  void TearDown() override {
    for (const auto& name : names) db.store().drop_database(name);
  }
  /// Fails where `n` is -1.
  Migrations list() {
    Migrations all;
    all.add({.id = "m", .up = each<Counter>("counters", [](Counter& c) {
                          if (c.n < 0) throw std::runtime_error("bad");
                          ++c.n;
                        })});
    return all;
  }
  void spoil(std::size_t tenant, int n) {
    const auto body = bson::make_document("$set", bson::make_document("n", std::int64_t{n}));
    (void)db.store().update(tenants[tenant].ns("counters"), {}, {body.view()}, {});
  }
  std::int64_t migrated() {
    std::int64_t sum = 0;
    for (auto& one : tenants) sum += count(one, "counters", R"({"n":1})");
    return sum;
  }
  Database db = empty_database();
  std::vector<Database> tenants;
  std::vector<std::string> names;
};

TEST_F(TenantsTest, AllRunOnceWithLocksAndHistoriesOfTheirOwn) {
  TenantOptions options;
  options.parallel = 3;
  std::set<std::string> told;
  options.on_tenant = [&](const TenantEntry& one) { told.insert(one.name); };
  auto report = run_tenants(tenants, list(), options);
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(told.size(), 5U);
  EXPECT_EQ(migrated(), 5);
  for (auto& one : tenants) EXPECT_EQ(count(one, "_quire_history", R"({"state":"applied"})"), 1);
  EXPECT_TRUE(report.tenants[0].canary);
  EXPECT_FALSE(report.tenants[1].canary);
  const auto json = bson::from_json(report.json());
  EXPECT_EQ(json["result"].as_string(), "done");
  EXPECT_EQ(bson::to_json(json["totals"]),
            same(R"({"tenants":5,"done":5,"failed":0,"not_started":0,"migrations":5})"));
  // Once more: nothing is to do.
  report = run_tenants(tenants, list(), options);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.tenants[2].report->result, MigrationResult::nothing);
  EXPECT_EQ(migrated(), 5);
}

TEST_F(TenantsTest, AFailedCanaryKeepsTheOthersFromStarting) {
  spoil(1, -1);
  TenantOptions options;
  options.canaries = 2;
  auto report = run_tenants(tenants, list(), options);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.count(Result::done), 1);
  EXPECT_EQ(report.count(Result::failed), 1);
  EXPECT_EQ(report.count(Result::not_started), 3);
  EXPECT_TRUE(report.exit_code() == 30 || report.exit_code() == 31) << report.json();
  ASSERT_FALSE(report.next.empty());
  EXPECT_NE(report.next[0].find("canary"), std::string::npos);
  EXPECT_EQ(migrated(), 1);
  // The second start goes on where the first stopped.
  spoil(1, 0);
  report = run_tenants(tenants, list(), options);
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.tenants[0].report->result, MigrationResult::nothing);
  EXPECT_EQ(migrated(), 5);
}

TEST_F(TenantsTest, SoManyFailuresStopIt) {
  for (const std::size_t i : {1U, 2U, 4U}) spoil(i, -1);
  TenantOptions options;
  options.parallel = 1;
  options.stop_after = 2;
  auto report = run_tenants(tenants, list(), options);
  EXPECT_EQ(report.count(Result::failed), 2) << report.json();
  EXPECT_EQ(report.count(Result::not_started), 2);
  options.stop_after = 0;
  report = run_tenants(tenants, list(), options);
  EXPECT_EQ(report.count(Result::failed), 3);
  EXPECT_EQ(report.count(Result::done), 2);
  EXPECT_NE(report.exit_code(), 0);
}

TEST_F(TenantsTest, WhatCannotBeOpenedHasFailed) {
  TenantOptions options;
  options.canaries = 0;
  options.stop_after = 0;
  const auto report = run_tenants(
      names,
      [&](const std::string& name) -> Database {
        if (name == names[3]) throw std::runtime_error("no such tenant");
        return db.with_name(name);
      },
      list(), options);
  EXPECT_EQ(report.count(Result::done), 4);
  EXPECT_EQ(report.tenants[3].result, Result::failed);
  ASSERT_TRUE(report.tenants[3].error.has_value());
  EXPECT_EQ(report.tenants[3].error->detail(), "no such tenant");
  EXPECT_EQ(report.exit_code(), 1);
  EXPECT_NE(report.json().find("no such tenant"), std::string::npos);
}

TEST_F(TenantsTest, ARequestStopsIt) {
  std::stop_source stop;
  TenantOptions options;
  options.stop = stop.get_token();
  options.parallel = 1;
  options.on_tenant = [&](const TenantEntry& one) {
    if (one.name == names[2]) stop.request_stop();
  };
  auto report = run_tenants(tenants, list(), options);
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.count(Result::done), 3) << report.json();
  EXPECT_EQ(report.count(Result::not_started), 2);
  EXPECT_EQ(report.exit_code(), 32);
  EXPECT_FALSE(report.next.empty());
  options.stop = {};
  EXPECT_TRUE(run_tenants(tenants, list(), options).ok());
  EXPECT_EQ(migrated(), 5);
}

TEST_F(TenantsTest, SettingsComeToEachRunner) {
  TenantOptions options;
  std::mutex mutex;
  std::set<std::string> seen;
  options.configure = [&](MigrationRunner& runner, const Database& one) {
    const std::lock_guard guard(mutex);
    seen.insert(one.name());
    runner.application("for " + one.name());
  };
  EXPECT_TRUE(run_tenants(tenants, list(), options).ok());
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(count(tenants[1], "_quire_history"), 1);
  EXPECT_EQ(count(tenants[1], "_quire_history", R"({"app":"for )" + names[1] + "\"}"), 1);
}

TEST_F(TenantsTest, ListsThatMakeNoSenseAreRefused) {
  const auto refused = [&](const std::vector<std::string>& given) {
    try {
      (void)run_tenants(given, [&](const std::string& name) { return db.with_name(name); }, list());
    } catch (const MigrationError& error) {
      return error.code() == ErrorCode::invalid_migration;
    }
    return false;
  };
  EXPECT_TRUE(refused({names[0], names[1], names[0]}));
  EXPECT_TRUE(refused({names[0], ""}));
  const std::vector<Database> twice{tenants[0], tenants[0]};
  EXPECT_THROW((void)run_tenants(twice, list()), MigrationError);
  Migrations wrong;
  wrong.add({.id = "a", .depends_on = {"nowhere"}, .up = create_collection("x")});
  EXPECT_THROW((void)run_tenants(tenants, wrong), MigrationError);
  EXPECT_TRUE(run_tenants(std::span<const Database>(), list()).ok());
}

}  // namespace
}  // namespace quire::migrate::test
