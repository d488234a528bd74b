// Batches that are read again behind their write, and somebody else who writes in between.
#include <atomic>
#include <stdexcept>

#include "data_fixture.hpp"
#include "quire/testing/testing.hpp"

namespace quire::migrate::test {
namespace {

using std::chrono::milliseconds;

/// A target where something happens right before the first document with _id 17 is read again.
class Between {
 public:
  explicit Between(std::function<void(Database&)> happens) : happens_(std::move(happens)) {
    put_people(plain_, 30);
  }
  [[nodiscard]] Database target() {
    auto hooked = std::make_shared<testing::HookedStore>(
        plain_.shared_store(), [this](const testing::StoreCall& call) {
          if (call.operation != "find" || call.returned || call.ns.collection != "users" ||
              call.in_transaction || done_ || count(plain_, "users", R"({"_id": 17})") == 0)
            return;
          done_ = true;
          happens_(plain_);
        });
    return {hooked, plain_.name()};
  }
  [[nodiscard]] Database& plain() { return plain_; }
  [[nodiscard]] bool done() const { return done_; }

 private:
  Database plain_ = empty_database();
  std::function<void(Database&)> happens_;
  std::atomic<bool> done_{false};
};

DataMigrator job_of(Database from, Database to, RejectPolicy policy, bool is_on = true) {
  auto job = small_job(std::move(from), std::move(to));
  job.workers(1).rejects(policy).verify({.level = VerifyLevel::none, .settle = milliseconds(5)});
  job.inline_verify(is_on);
  return job;
}

void rename_17(Database& db) {
  set(db, "users", R"({"_id": 17})", R"({"$set": {"name": "Somebody else"}})");
}

void put_one_more(Database& db) {
  const auto document = bson::make_document("_id", std::int64_t{16'000}, "name", "nobody's");
  const bson::View view = document;
  ASSERT_EQ(db.store().insert(db.ns("users"), {&view, 1}, {}).inserted, 1);
}

TEST(InlineVerify, WithoutItNobodySeesIt) {
  Between somebody(rename_17);
  const auto report = job_of(somebody.plain(), somebody.plain(), RejectPolicy::stop, false).run();
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
}

TEST(InlineVerify, OfWhatNobodyChangesFindsNothing) {
  Database db = empty_database();
  put_people(db, 30);
  const auto report = job_of(db, db, RejectPolicy::stop).run();
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
  EXPECT_EQ(report.counts.written, 30);
  EXPECT_EQ(without_stamps(db, "users"), all(db, "people"));
  EXPECT_EQ(report.partitions_done, report.partitions);
}

TEST(InlineVerify, StopsTheJobWithKeyAndPathAndGoesOnOnceItIsRepaired) {
  Between somebody(rename_17);
  const auto report = job_of(somebody.plain(), somebody.target(), RejectPolicy::stop).run();
  EXPECT_TRUE(somebody.done());
  EXPECT_EQ(report.result, DataResult::mismatch) << report.json();
  EXPECT_EQ(report.exit_code(), 41);
  ASSERT_TRUE(report.error.has_value());
  EXPECT_NE(report.error->detail().find("17"), std::string::npos) << report.error->detail();
  EXPECT_NE(report.error->detail().find("\"name\""), std::string::npos);
  ASSERT_TRUE(report.verification.has_value());
  ASSERT_EQ(report.verification->differences.size(), 1U);
  EXPECT_EQ(report.verification->differences[0].path, "name");
  EXPECT_EQ(*report.verification->differences[0].key, bson::Value(std::int64_t{17}));
  EXPECT_LT(count(somebody.plain(), "users"), 30);

  // As long as it is so, each run ends there; and it does so although the batch was saved.
  const auto again = job_of(somebody.plain(), somebody.plain(), RejectPolicy::stop).run();
  EXPECT_EQ(again.result, DataResult::mismatch) << again.json();
  set(somebody.plain(), "users", R"({"_id": 17})", R"({"$set": {"name": "F17 L17"}})");
  const auto last = job_of(somebody.plain(), somebody.plain(), RejectPolicy::stop).run();
  EXPECT_EQ(last.result, DataResult::complete) << last.json();
  EXPECT_EQ(without_stamps(somebody.plain(), "users"), all(somebody.plain(), "people"));
}

TEST(InlineVerify, PutsItAsideAndARetryWritesItAgain) {
  Between somebody(rename_17);
  Database& db = somebody.plain();
  auto job = job_of(db, somebody.target(), RejectPolicy::reject);
  const auto report = job.run();
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
  EXPECT_EQ(report.counts.rejected, 1);
  EXPECT_EQ(count(db, "users"), 30);
  EXPECT_EQ(
      count(db, "_quire_rejects",
            R"({"_id.stage": "verify", "key": 17, "field": "name", "name": "write_conflict"})"),
      1);
  const auto retried = job.retry_rejects();
  EXPECT_EQ(retried.counts.written, 1) << retried.json();
  EXPECT_EQ(count(db, "_quire_rejects"), 0);
  EXPECT_EQ(without_stamps(db, "users"), all(db, "people"));
}

TEST(InlineVerify, SaysOfADocumentThatIsGoneThatItIs) {
  Between somebody([](Database& db) {
    ASSERT_EQ(db.store().remove(db.ns("users"), bson::make_document("_id", std::int64_t{17}), {}),
              1);
  });
  const auto report = job_of(somebody.plain(), somebody.target(), RejectPolicy::reject).run();
  EXPECT_EQ(report.counts.rejected, 1) << report.json();
  EXPECT_EQ(count(somebody.plain(), "_quire_rejects",
                  R"({"_id.stage": "verify", "key": 17, "name": "not_found"})"),
            1);
}

TEST(InlineVerify, AComparisonLeavesOutWhatWasPutAsideAndNothingElse) {
  using enum VerifyLevel;
  std::vector<VerifyLevel> levels = {counts, digest};
  if (!quire::test::on_server()) levels.insert(levels.end(), {sample, full});
  for (const VerifyLevel level : levels) {
    Between somebody([](Database& db) {
      rename_17(db);
      (void)db.store().remove(db.ns("users"), bson::make_document("_id", std::int64_t{16}), {});
      put_one_more(db);
    });
    auto job = job_of(somebody.plain(), somebody.target(), RejectPolicy::reject);
    const auto report = job.verify({.level = level, .settle = milliseconds(5)}).run();
    EXPECT_EQ(report.counts.rejected, 2) << report.json();
    ASSERT_TRUE(report.verification.has_value()) << report.json();
    EXPECT_EQ(report.verification->extra, 1) << report.json();
    EXPECT_EQ(report.verification->missing + report.verification->different, 0) << report.json();
  }
}

TEST(InlineVerify, EndsOnlyThePartitionWhereThePolicySaysSo) {
  Between somebody(rename_17);
  Database& db = somebody.plain();
  const auto report = job_of(db, somebody.target(), RejectPolicy::stop_partition).run();
  EXPECT_EQ(report.result, DataResult::rejects) << report.json();
  EXPECT_EQ(count(db, "users", R"({"_id": {"$gte": 20}})"), 10);  // the partition behind it
  EXPECT_LT(count(db, "users", R"({"_id": {"$gte": 10, "$lt": 20}})"), 10);
  const auto again = job_of(db, db, RejectPolicy::stop_partition).run();
  EXPECT_EQ(again.result, DataResult::rejects) << again.json();
  set(db, "users", R"({"_id": 17})", R"({"$set": {"name": "F17 L17"}})");
  const auto last = job_of(db, db, RejectPolicy::stop_partition).run();
  EXPECT_EQ(last.result, DataResult::complete) << last.json();
  EXPECT_EQ(without_stamps(db, "users"), all(db, "people"));
  EXPECT_EQ(count(db, "_quire_rejects"), 0);
}

TEST(InlineVerify, AMoveKeepsTheSourceOfWhatDiffers) {
  for (const auto policy : {RejectPolicy::reject, RejectPolicy::stop}) {
    Between somebody(rename_17);
    Database& db = somebody.plain();
    auto job = job_of(db, somebody.target(), policy);
    const auto report = job.move().run();
    EXPECT_EQ(report.result,
              policy == RejectPolicy::stop ? DataResult::mismatch : DataResult::complete)
        << report.json();
    EXPECT_EQ(count(db, "people", R"({"_id": 17})"), 1);
    if (policy == RejectPolicy::stop) continue;
    EXPECT_EQ(count(db, "people"), 1);
    EXPECT_EQ(job.retry_rejects().counts.removed, 1);
    EXPECT_EQ(count(db, "people"), 0);
    EXPECT_EQ(count(db, "users", R"({"_id": 17, "name": "F17 L17"})"), 1);
  }
}

TEST(InlineVerify, WhatTheApplicationWritesToBothSidesIsNoDifference) {
  Between somebody([](Database& db) {
    set(db, "people", R"({"_id": 17})", R"({"$set": {"name": "F17 New"}})");
    set(db, "users", R"({"_id": 17})", R"({"$set": {"name": "F17 New"}})");
  });
  const auto report = job_of(somebody.plain(), somebody.target(), RejectPolicy::stop).run();
  EXPECT_TRUE(somebody.done());
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
}

TEST(InlineVerify, ABatchBehindWhichAProcessDiedIsLookedAtByTheNext) {
  Between somebody([](Database& db) {
    rename_17(db);
    throw std::runtime_error("the process dies here");
  });
  Database& db = somebody.plain();
  const auto died = job_of(db, somebody.target(), RejectPolicy::stop).run();
  EXPECT_EQ(died.result, DataResult::partial) << died.json();
  const auto next = job_of(db, db, RejectPolicy::stop).run();
  EXPECT_EQ(next.result, DataResult::mismatch) << next.json();
  const auto aside = job_of(db, db, RejectPolicy::reject).run();
  EXPECT_EQ(aside.result, DataResult::complete) << aside.json();
  EXPECT_EQ(aside.counts.rejected, 1);
}

}  // namespace
}  // namespace quire::migrate::test
