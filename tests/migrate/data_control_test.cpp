// Rejects, limits, the control document, throttle and progress.
#include <mutex>
#include <thread>

#include "data_fixture.hpp"
#include "migrate/data/monitor.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::migrate::test::data_control {

using std::chrono::milliseconds;

/// Fails for names that are "bad".
std::optional<bson::Document> strict(bson::View document) {
  if (document["name"].as_string() == "bad")
    throw MappingError(ErrorCode::check_failed, FieldPath("name"), "bad name");
  return bson::Document(document);
}
void spoil(Database& db, int id) {
  set(db, "people", R"({"_id":)" + std::to_string(id) + "}", R"({"$set":{"name":"bad"}})");
}

TEST(DataRejects, ArePutAsideWithWhatWasWrongAndTriedAgain) {
  auto db = empty_database();
  put_people(db, 30);
  spoil(db, 3);
  spoil(db, 14);
  auto job = small_job(db, db);
  auto report = job.map(strict).rejects(RejectPolicy::reject).verify(VerifyLevel::digest).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.written, 28);
  EXPECT_EQ(report.counts.rejected, 2);
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(
      count(db, "_quire_rejects",
            R"({"job":"people-users","key":3,"_id.stage":"map","code":114,"name":"check_failed",
                "field":"name","text":"bad name","document.name":"bad","attempts":1})"),
      1);
  set(db, "people", R"({"_id":3})", R"({"$set":{"name":"good"}})");
  report = job.retry_rejects();
  EXPECT_EQ(report.result, DataResult::rejects);
  EXPECT_EQ(report.exit_code(), 40);
  EXPECT_EQ(report.counts.written, 1);
  EXPECT_EQ(report.counts.rejected, 1);
  EXPECT_EQ(count(db, "users", R"({"_id":3,"name":"good"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"attempts":2,"key":14})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects"), 1);
  set(db, "people", R"({"_id":14})", R"({"$set":{"name":"good"}})");
  EXPECT_TRUE(job.retry_rejects().ok());
  EXPECT_EQ(count(db, "users"), 30);
  EXPECT_EQ(count(db, "_quire_rejects"), 0);
}

/// Two processes try the same documents again: the later one leaves no note behind.
TEST(DataRejects, AreNotPutAsideAgainWhereAnotherProcessWroteThemMeanwhile) {
  auto db = empty_database();
  put_people(db, 6);
  spoil(db, 3);
  const auto job = [](const Database& on) {
    auto one = small_job(on, on);
    one.map(strict).rejects(RejectPolicy::reject);
    return one;
  };
  ASSERT_EQ(job(db).run().counts.rejected, 1);
  set(db, "people", R"({"_id":3})", R"({"$set":{"name":"good"}})");
  bool once = false;
  const Database later{std::make_shared<testing::HookedStore>(
                           db.shared_store(),
                           [&](const testing::StoreCall& call) {
                             if (!call.returned || call.ns.collection != "_quire_rejects" ||
                                 !call.operation.starts_with("find") || std::exchange(once, true))
                               return;
                             EXPECT_TRUE(job(db).retry_rejects().ok());
                           }),
                       db.name()};
  const auto report = job(later).retry_rejects();
  EXPECT_TRUE(once);
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "users"), 6);
  EXPECT_EQ(count(db, "_quire_rejects"), 0);
}

TEST(DataRejects, TypedFunctionsTellWhetherReadingOrMappingFailed) {
  auto db = empty_database();
  put_people(db, 4);
  set(db, "people", R"({"_id":1})", R"({"$set":{"name":5}})");
  spoil(db, 2);
  const auto report = small_job(db, db)
                          .transform<OldPerson, NewPerson>([](const OldPerson& old) {
                            if (old.name == "bad") throw 7;
                            return split(old);
                          })
                          .rejects(RejectPolicy::reject)
                          .run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "_quire_rejects", R"({"key":1,"_id.stage":"read","field":"name"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"key":2,"_id.stage":"map"})"), 1);
}

TEST(DataRejects, WhatAUniqueIndexRefusesIsOneToo) {
  auto db = empty_database();
  put_people(db, 12);
  set(db, "people", R"({"_id":8})", R"({"$set":{"name":"F3 L3"}})");
  const auto unique = bson::from_json(R"({"key":{"name":1},"name":"name_1","unique":true})");
  const bson::View view = unique;
  db.store().create_indexes(db.ns("users"), {&view, 1}, {});
  const auto report =
      small_job(db, db).workers(1).rejects(RejectPolicy::reject).verify(VerifyLevel::full).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.written, 11);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"key":8,"_id.stage":"write","name":"duplicate_key"})"),
            1);
}

TEST(DataRejects, StopAndStopPartitionEndBeforeTheDocument) {
  auto db = empty_database();
  put_people(db, 40);
  spoil(db, 4);
  auto report = small_job(db, db).map(strict).rejects(RejectPolicy::stop_partition).run();
  EXPECT_EQ(report.result, DataResult::rejects) << report.json();
  EXPECT_EQ(report.exit_code(), 40);
  EXPECT_EQ(report.counts.written, 34);  // 0 to 3, and the other partitions
  EXPECT_EQ(count(db, "users", R"({"_id":{"$gte":4,"$lt":10}})"), 0);
  EXPECT_EQ(count(db, "_quire_rejects"), 1);
  // Repaired, it goes on before it.
  set(db, "people", R"({"_id":4})", R"({"$set":{"name":"good"}})");
  report = small_job(db, db).map(strict).rejects(RejectPolicy::stop_partition).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.written, 40);

  spoil(db, 4);
  report = small_job(db, db, "other").map(strict).workers(1).run();  // the default: stop
  EXPECT_EQ(report.exit_code(), 40) << report.json();
  EXPECT_EQ(report.counts.written, 4);
}

TEST(DataRejects, LimitsByNumberAndByShareEndTheJob) {
  auto db = empty_database();
  put_people(db, 40);
  for (int i = 0; i < 8; ++i) spoil(db, i);
  const auto run = [&](const char* into, RejectLimits limits) {
    return small_job(db, db, into)
        .map(strict)
        .workers(1)
        .batch(2)
        .rejects(RejectPolicy::reject, limits)
        .run();
  };
  auto report = run("a", {.most = 4});
  EXPECT_EQ(report.exit_code(), 40) << report.json();
  EXPECT_LT(report.counts.rejected, 8);
  report = run("b", {.most = 100, .percent = 10});  // four documents
  EXPECT_EQ(report.exit_code(), 40) << report.json();
  EXPECT_LT(report.counts.rejected, 8);
  report = run("c", {.most = 100, .percent = 20});
  EXPECT_EQ(report.exit_code(), 0) << report.json();
  // Without a change it ends at once, with higher limits it goes on.
  report = run("a", {.most = 4});
  EXPECT_EQ(report.exit_code(), 40);
  report = run("a", {.most = 8});
  EXPECT_EQ(report.exit_code(), 0) << report.json();
  EXPECT_EQ(report.counts.written, 32);
}

TEST(DataControl, PausesGoesOnAndStops) {
  auto db = empty_database();
  put_people(db, 30);
  DataMigrator::control(db, "people-users", Desired::pause, "peak hours");
  auto job = small_job(db, db);
  DataReport report;
  std::thread runs([&] { report = job.run(); });
  const auto until = [&](const char* text) {
    for (int i = 0; i < 500; ++i) {
      if (job.health().find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  };
  EXPECT_TRUE(until("peak hours")) << job.health();
  EXPECT_NE(job.health().find(R"("alive": true)"), std::string::npos) << job.health();
  EXPECT_EQ(count(db, "users"), 0);
  DataMigrator::control(db, "people-users", Desired::run);
  runs.join();
  EXPECT_TRUE(report.ok()) << report.json();
  DataMigrator::control(db, "people-more", Desired::stop, "not today");
  report = small_job(db, db, "more").run();
  EXPECT_EQ(report.exit_code(), 32);
  EXPECT_EQ(report.warnings, std::vector<std::string>{"the control document says stop: not today"});
  EXPECT_EQ(count(db, "more"), 0);
}

TEST(DataControl, RateNiceAndCallbackSlowDown) {
  auto db = empty_database();
  put_people(db, 30);
  auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(small_job(db, db, "a").throttle({.rate = 100}).run().ok());
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(200));
  int asked = 0;
  std::mutex mutex;
  start = std::chrono::steady_clock::now();
  auto report =
      small_job(db, db, "b")
          .workers(1)
          .throttle({.wait =
                         [&] {
                           const std::lock_guard guard(mutex);
                           return ++asked <= 2 ? std::string("replicas lag") : std::string();
                         }})
          .run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(190));
  DataMigrator::control(db, "people-c", Desired::run, "", 100);
  start = std::chrono::steady_clock::now();
  ASSERT_TRUE(small_job(db, db, "c").run().ok());
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(200));
}

TEST(DataProgress, IsReportedWithRateAndTimeLeftAndEndsAt100) {
  auto db = empty_database();
  put_people(db, 60);
  std::vector<DataProgress> seen;
  const auto report = small_job(db, db)
                          .throttle({.rate = 60})
                          .on_progress([&](const DataProgress& p) { seen.push_back(p); })
                          .run();
  ASSERT_TRUE(report.ok()) << report.json();
  ASSERT_GE(seen.size(), 2U);
  bool eta = false;
  for (std::size_t i = 0; i + 1 < seen.size(); ++i) {
    EXPECT_LE(seen[i].done, seen[i].total);
    EXPECT_LT(seen[i].percent(), 100);
    EXPECT_LE(seen[i].done, seen[i + 1].done);
    if (seen[i].eta_seconds >= 0) {
      eta = true;
      EXPECT_LE(seen[i].eta_low_seconds, seen[i].eta_seconds);
      EXPECT_GE(seen[i].eta_high_seconds, seen[i].eta_seconds);
    }
  }
  EXPECT_TRUE(eta);
  EXPECT_EQ(seen.back().percent(), 100);
  EXPECT_EQ(seen.back().done, 60);
}

TEST(DataProgress, ACallbackThatThrowsEndsTheRun) {
  auto db = empty_database();
  put_people(db, 60);
  const auto report = small_job(db, db)
                          .throttle({.rate = 50})
                          .on_progress([calls = 0](const DataProgress&) mutable {
                            if (++calls == 1) throw std::runtime_error("no");
                          })
                          .run();
  EXPECT_TRUE(report.exit_code() == 30 || report.exit_code() == 31) << report.json();
  EXPECT_NE(report.error->detail().find("no"), std::string::npos);
}

TEST(DataProgress, EstimatesNeverPass100AndStallsAreTold) {
  data::DataMonitor monitor;
  monitor.begin("job", JobState::running, 0, 10, false, milliseconds(400));
  monitor.add(15, 0);
  auto p = monitor.progress();
  EXPECT_EQ(p.total, 15);
  EXPECT_EQ(p.percent(), 99);
  EXPECT_FALSE(p.stalled);
  std::this_thread::sleep_for(milliseconds(450));
  EXPECT_TRUE(monitor.progress().stalled);
  EXPECT_NE(monitor.health().find(R"("alive": false)"), std::string::npos);
  monitor.waits("paused");
  EXPECT_FALSE(monitor.progress().stalled);
  monitor.waits("");
  EXPECT_FALSE(monitor.progress().stalled);  // its time begins anew
  monitor.add(1, 0);
  EXPECT_FALSE(monitor.progress().stalled);
}

/// The partitions may have a batch before its worker tells of it.
TEST(DataProgress, CountsNoBatchTwice) {
  data::DataMonitor monitor;
  monitor.begin("job", JobState::running, 20, 60, true, milliseconds(400));
  monitor.add(5, 1);
  monitor.all(40, 3);  // 10 more of this process's, which it has not added yet, and 5 of another's
  monitor.add(10, 2);
  EXPECT_EQ(monitor.progress().done, 40);
  EXPECT_EQ(monitor.progress().rejected, 3);
  monitor.add(10, 0);
  EXPECT_EQ(monitor.progress().done, 45);
}

TEST(DataProgress, BatchesAdaptToTheTimeTheyTake) {
  data::BatchSize size(1000, milliseconds(200));
  const auto first = size.documents();
  for (int i = 0; i < 20; ++i) size.took(milliseconds(10), size.documents());
  EXPECT_EQ(size.documents(), 1000);
  size.took(milliseconds(500), 1000);
  EXPECT_EQ(size.documents(), 500);
  for (int i = 0; i < 20; ++i) size.took(milliseconds(500), 1);
  EXPECT_EQ(size.documents(), 1);
  size.took(milliseconds(1), 0);  // a batch that was cut short tells nothing
  EXPECT_EQ(size.documents(), 1);
  EXPECT_LT(first, 1000);
}

TEST(DataProgress, IsALineForPeople) {
  DataProgress p;
  p.state = JobState::running;
  p.done = 250'000;
  p.total = 1'000'000;
  p.eta_seconds = 75;
  EXPECT_EQ(ProgressView::line(p),
            "running [####............]  25 %  250,000 of about 1,000,000, 75 s left");
  p.reason = std::string(100, 'x');
  EXPECT_EQ(ProgressView::line(p).size(), 79U);
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  {
    ProgressView lines(file, false);
    lines.show(p);
    lines.show(p);  // within ten seconds: not again
    p.state = JobState::copied;
    lines.show(p);
    lines.finish();
  }
  std::rewind(file);
  int count = 0;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    EXPECT_NE(c, '\r');
    if (c == '\n') ++count;
  }
  std::fclose(file);
  EXPECT_EQ(count, 2);
}

}  // namespace quire::migrate::test::data_control
