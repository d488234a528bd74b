#include "quire/observe/migrations.hpp"

#include <stdexcept>

#include "exposition.hpp"
#include "observe_fixture.hpp"
#include "quire/migrate/data_migrator.hpp"
#include "quire/migrate/migrate.hpp"

namespace quire::observe::test {
namespace {

using migrate::MigrationEvent;
using migrate::MigrationRunner;
using namespace std::chrono_literals;

using MigrationMetricsOnStore = ObservedStore;
INSTANTIATE_TEST_SUITE_P(Stores, MigrationMetricsOnStore, ::testing::ValuesIn(all_stores()),
                         store_name);

/// Of a family, the value of the sample with these labels; -1: there is none.
double value(const Exposition& all, const std::string& name,
             const std::map<std::string, std::string>& labels = {}) {
  const auto family = all.find(name);
  if (family == all.end()) return -1;
  for (const auto& sample : family->second.samples)
    if (sample.labels == labels) return sample.value;
  return -1;
}

migrate::Migrations migrations(bool failing) {
  migrate::Migrations all;
  all.add({.id = "a_city", .up = migrate::add_field("people", "city", "Turin")});
  all.add({.id = "b_age", .revision = 1, .up = migrate::each<Person>("people", [](Person& person) {
                                           ++person.age;
                                         })});
  all.add({.id = "c_last",
           .revision = 1,
           .up = migrate::run(Atomicity::transactional, [failing](Database&, Session&) {
             if (failing) throw std::runtime_error("the price server is away");
           })});
  return all;
}

TEST_P(MigrationMetricsOnStore, TellOfRunsStatesAndTheStepThatGoesOn) {
  if (!db_->capabilities().transactions) GTEST_SKIP() << "the last one needs a transaction";
  for (int i = 0; i < 30; ++i) people_->insert(Person{.email = std::to_string(i)});
  MigrationMetrics metrics;
  const auto commands = std::make_shared<Metrics>();
  auto watching = attach(*db_, commands);
  MigrationRunner runner(*db_, migrations(true));
  std::string meanwhile;
  runner.batch_size(10).slow_after(0ms);
  runner.on_event([&](const MigrationEvent& event) { metrics.on_event(event); });
  runner.also_on_event([&](const MigrationEvent& event) {
    if (event.kind == MigrationEvent::Kind::batch && event.migration == "b_age" && event.done == 20)
      meanwhile = metrics.prometheus(runner);
  });
  const auto report = runner.run();
  EXPECT_EQ(report.result, migrate::MigrationResult::failed) << report.json();

  auto all = ExpositionReader::read(meanwhile);
  const std::map<std::string, std::string> step{{"migration", "b_age"}, {"step", "1"}};
  EXPECT_EQ(value(all, "quire_migration_step_documents", step), 20);
  EXPECT_EQ(value(all, "quire_migration_step_documents_expected", step), 30);
  EXPECT_GE(value(all, "quire_migration_step_documents_per_second", step), 0);
  EXPECT_EQ(value(all, "quire_migration_lock_held"), 1);
  EXPECT_GT(value(all, "quire_migration_lock_token"), 0);
  EXPECT_EQ(value(all, "quire_migration_state", {{"state", "running"}}), 1);
  EXPECT_EQ(value(all, "quire_migration_state", {{"state", "idle"}}), 0);
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "applied"}}), 1);
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "running"}}), 1);
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "pending"}}), 1);
  EXPECT_EQ(value(all, "quire_migration_last_run_success"), -1);  // none ended yet

  // One scrape of both: each family in one place.
  all = ExpositionReader::read(commands->prometheus(*db_) + metrics.prometheus(runner));
  EXPECT_GT(all.at("quire_operations_total").samples.size(), 0U);
  EXPECT_EQ(value(all, "quire_migration_runs_total", {{"operation", "up"}, {"result", "failed"}}),
            1);
  EXPECT_EQ(value(all, "quire_migration_last_run_success"), 0);
  EXPECT_EQ(
      value(all, "quire_migration_last_run_result", {{"operation", "up"}, {"result", "failed"}}),
      1);
  EXPECT_GE(value(all, "quire_migration_last_run_duration_seconds"), 0);
  EXPECT_GT(value(all, "quire_migration_last_run_timestamp_seconds"), 1.7e9);
  EXPECT_EQ(value(all, "quire_migration_outcomes_total", {{"outcome", "finished"}}), 2);
  EXPECT_EQ(value(all, "quire_migration_outcomes_total", {{"outcome", "failed"}}), 1);
  EXPECT_EQ(value(all, "quire_migration_documents_total"), 30);
  EXPECT_EQ(value(all, "quire_migration_lock_held"), 0);
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "failed"}}), 1);
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "applied"}}), 2);
  EXPECT_EQ(value(all, "quire_migration_alive"), 0);
  EXPECT_EQ(value(all, "quire_migration_ready"), 0);
  EXPECT_EQ(value(all, "quire_migration_step_documents", step), -1);  // none runs

  MigrationRunner repaired(*db_, migrations(false));
  repaired.on_event([&](const MigrationEvent& event) { metrics.on_event(event); });
  EXPECT_TRUE(repaired.run().ok());
  EXPECT_TRUE(repaired.run().ok());
  all = ExpositionReader::read(metrics.prometheus(repaired));
  EXPECT_EQ(value(all, "quire_migration_runs_total", {{"operation", "up"}, {"result", "applied"}}),
            1);
  EXPECT_EQ(value(all, "quire_migration_runs_total", {{"operation", "up"}, {"result", "nothing"}}),
            1);
  EXPECT_EQ(value(all, "quire_migration_last_run_success"), 1);
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "applied"}}), 3);
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "failed"}}), 0);
  EXPECT_EQ(value(all, "quire_migration_ready"), 1);
  EXPECT_EQ(value(all, "quire_migration_history_up"), 1);
}

TEST_P(MigrationMetricsOnStore, TellOfDataJobs) {
  for (int i = 0; i < 30; ++i) people_->insert(Person{.email = std::to_string(i), .age = i});
  MigrationMetrics metrics;
  migrate::DataMigrator job(*db_, "people");
  const auto report =
      job.to(*db_, "old \"people\"")
          .name("archive")
          .map([](bson::View person) -> std::optional<bson::Document> {
            if (person["age"].as_int32() == 7) throw std::runtime_error("seven");
            return bson::Document(person);
          })
          .rejects(migrate::RejectPolicy::reject)
          .on_progress([&](const migrate::DataProgress& now) { metrics.on_progress(now); })
          .run();
  ASSERT_TRUE(report.ok()) << report.json();
  const auto all = ExpositionReader::read(metrics.prometheus());
  const std::map<std::string, std::string> of{{"job", "archive"}};
  EXPECT_EQ(value(all, "quire_job_documents", of), 30);
  EXPECT_EQ(value(all, "quire_job_documents_expected", of), 30);
  EXPECT_EQ(value(all, "quire_job_rejected_documents", of), 1);
  EXPECT_EQ(value(all, "quire_job_stalled", of), 0);
  EXPECT_EQ(value(all, "quire_job_state", {{"job", "archive"}, {"state", "complete"}}), 1);
}

TEST(MigrationMetrics, AreValidBeforeAnythingHappensAndWithoutAStore) {
  MigrationMetrics metrics;
  const auto nothing = ExpositionReader::read(metrics.prometheus());
  EXPECT_EQ(value(nothing, "quire_migration_lock_held"), 0);
  EXPECT_EQ(nothing.at("quire_migration_runs_total").samples.size(), 0U);
#ifdef QUIRE_TEST_EMBEDDED
  Database db = open(":memory:");
  const MigrationRunner runner(db, migrations(false));
  auto all = ExpositionReader::read(metrics.prometheus(runner));
  EXPECT_EQ(value(all, "quire_migrations", {{"state", "pending"}}), 3);
  db.close();
  all = ExpositionReader::read(metrics.prometheus(runner));
  EXPECT_EQ(value(all, "quire_migration_history_up"), 0);
  EXPECT_FALSE(all.contains("quire_migrations"));
  EXPECT_EQ(value(all, "quire_migration_alive"), 1);
#endif
}

TEST(MigrationMetrics, CountSlowStepsTakeoversWaitsAndWhatWasPutAside) {
  MigrationMetrics metrics;
  const auto tell = [&](MigrationEvent event) { metrics.on_event(event); };
  tell({.kind = MigrationEvent::Kind::waiting, .migration = {}});
  auto all = ExpositionReader::read(metrics.prometheus());
  EXPECT_EQ(value(all, "quire_migration_lock_waiting"), 1);
  tell({.kind = MigrationEvent::Kind::took_over, .migration = {}, .token = 7});
  tell({.kind = MigrationEvent::Kind::slow, .migration = "a", .step = 1});
  // One that goes on at its cursor, and one after it.
  tell({.kind = MigrationEvent::Kind::batch, .migration = "a", .step = 1, .done = 100});
  tell({.kind = MigrationEvent::Kind::batch, .migration = "a", .step = 1, .done = 150});
  tell({.kind = MigrationEvent::Kind::batch, .migration = "a", .step = 2, .done = 10});
  migrate::MigrationReport report;
  report.operation = "down";
  report.result = migrate::MigrationResult::lock_lost;
  report.waited_ms = 1500;
  report.lock_token = 7;
  report.migrations.emplace_back().rejected = 4;
  tell(
      {.kind = MigrationEvent::Kind::ended, .migration = {}, .elapsed = 2500ms, .report = &report});
  all = ExpositionReader::read(metrics.prometheus());
  EXPECT_EQ(value(all, "quire_migration_lock_waiting"), 0);
  EXPECT_EQ(value(all, "quire_migration_lock_held"), 0);
  EXPECT_EQ(value(all, "quire_migration_lock_token"), 7);
  EXPECT_EQ(value(all, "quire_migration_lock_takeovers_total"), 1);
  EXPECT_EQ(value(all, "quire_migration_lock_wait_seconds_total"), 1.5);
  EXPECT_EQ(value(all, "quire_migration_slow_warnings_total"), 1);
  EXPECT_EQ(value(all, "quire_migration_documents_total"), 160);
  EXPECT_EQ(value(all, "quire_migration_rejects_total"), 4);
  EXPECT_EQ(value(all, "quire_migration_last_run_duration_seconds"), 2.5);
  EXPECT_EQ(
      value(all, "quire_migration_runs_total", {{"operation", "down"}, {"result", "lock_lost"}}),
      1);
}

using Lines = std::vector<std::pair<LogLevel, std::string>>;

std::vector<std::string> of_level(const Lines& lines, LogLevel level) {
  std::vector<std::string> out;
  for (const auto& [at, line] : lines)
    if (at == level) out.push_back(line);
  return out;
}

#ifdef QUIRE_TEST_EMBEDDED
TEST(MigrationLog, WritesBeginsEndsAndErrorsByLevel) {
  Database db = open(":memory:");
  auto people = db.collection<Person>();
  for (int i = 0; i < 30; ++i) people.insert(Person{.email = std::to_string(i)});
  Lines all, errors;
  MigrationRunner runner(db, migrations(true));
  runner.batch_size(10);
  const auto into = [](Lines& lines) {
    return [&lines](LogLevel level, const std::string& line) { lines.emplace_back(level, line); };
  };
  runner.on_event(migration_log({.least = LogLevel::debug, .sink = into(all)}));
  runner.also_on_event(migration_log({.least = LogLevel::error, .sink = into(errors)}));
  runner.also_on_event(migration_log(
      {.sink = [](LogLevel, const std::string&) { throw std::runtime_error("the log is full"); }}));
  EXPECT_FALSE(runner.run().ok());

  const auto info = of_level(all, LogLevel::info);
  ASSERT_EQ(info.size(), 6U);
  EXPECT_TRUE(info[0].starts_with("has the lock, token ")) << info[0];
  EXPECT_EQ(info[1], "a_city: begins");
  EXPECT_TRUE(info[2].starts_with("a_city: done in ")) << info[2];
  EXPECT_TRUE(info[4].ends_with(", 30 documents")) << info[4];
  const auto debug = of_level(all, LogLevel::debug);
  ASSERT_GE(debug.size(), 3U);
  EXPECT_EQ(debug[0], "b_age: step 1, 10 documents of about 30");
  const auto wrong = of_level(all, LogLevel::error);
  ASSERT_EQ(wrong.size(), 2U);
  EXPECT_TRUE(wrong[0].starts_with("c_last: ")) << wrong[0];
  EXPECT_NE(wrong[0].find("the price server is away"), std::string::npos) << wrong[0];
  EXPECT_TRUE(wrong[1].starts_with("up: failed, 3 migrations in ")) << wrong[1];
  EXPECT_NE(wrong[1].find("; next: "), std::string::npos) << wrong[1];
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].second, wrong[0]);
}
#endif

TEST(MigrationLog, WarnsOfSlowStepsAndDoesNotRepeatWaits) {
  Lines lines;
  const auto log = migration_log(
      {.sink = [&](LogLevel level, const std::string& line) { lines.emplace_back(level, line); }});
  for (int i = 0; i < 5; ++i)
    log({.kind = MigrationEvent::Kind::waiting, .migration = {}, .text = "process 12 on a"});
  log({.kind = MigrationEvent::Kind::took_over, .migration = {}, .token = 9});
  log({.kind = MigrationEvent::Kind::slow,
       .migration = "a",
       .step = 2,
       .done = 100,
       .text = "a batch of it has taken 31 s",
       .collection = "users"});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], (std::pair<LogLevel, std::string>{LogLevel::info,
                                                        "waits for the lock: process 12 on a"}));
  EXPECT_EQ(lines[1].first, LogLevel::warning);
  EXPECT_EQ(lines[2], (std::pair<LogLevel, std::string>{
                          LogLevel::warning,
                          "a: step 2 is slow (users), 100 documents: a batch of it has taken 31 "
                          "s"}));
  EXPECT_EQ(to_string(LogLevel::warning), "warning");
}

}  // namespace
}  // namespace quire::observe::test
