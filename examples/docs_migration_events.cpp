#include <cstdio>
#include <iostream>
#include <quire/migrate/data_migrator.hpp>
#include <quire/observe/migrations.hpp>
#include <quire/observe/observe.hpp>
#include <quire/quire.hpp>
#include <sstream>

namespace q = quire;
using namespace std::chrono_literals;

struct Person {
  std::int64_t id = 0;
  std::string email = {};
};

q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "2026_01_status", .up = q::add_field("people", "status", "active")});
  all.add({.id = "2026_02_lower_case",
           .revision = 1,
           .up = q::each<Person>("people", [](Person& person) { q::to_lower(person.email); }),
           .down = q::irreversible("the case is not kept")});
  return all;
}

int main() {
  const q::Database db = q::open(":memory:");
  db.collection<Person>("people").insert({1, "Ada@Example.org"});
  auto commands = std::make_shared<q::observe::Metrics>();
  auto counting = q::observe::attach(db, commands);

  q::MigrationRunner runner{db, migrations()};
  // [slow]
  runner.slow_after(10s).on_event([](const q::migrate::MigrationEvent& event) {
    if (event.kind != q::migrate::MigrationEvent::Kind::slow) return;
    std::cerr << event.migration << ", step " << event.step << ": " << event.text << '\n';
  });
  // [/slow]

  // [metrics]
  auto metrics = std::make_shared<q::observe::MigrationMetrics>();
  runner.also_on_event([metrics](const auto& event) { metrics->on_event(event); });
  // [/metrics]

  std::ostringstream log;
  // [log]
  runner.also_on_event(
      q::observe::migration_log({.least = q::observe::LogLevel::info,
                                 .sink = [&](q::observe::LogLevel level, const std::string& line) {
                                   log << to_string(level) << ' ' << line << '\n';
                                 }}));
  // [/log]
  if (!runner.run().ok()) return 1;

  // [job]
  q::migrate::DataMigrator job(db, "people");
  job.to(db, "archive").on_progress([metrics](const q::migrate::DataProgress& progress) {
    metrics->on_progress(progress);
  });
  // [/job]
  if (!job.run().ok()) return 1;

  // [scrape]
  const std::string body = commands->prometheus(db) + metrics->prometheus(runner);
  // [/scrape]
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    for (const char* wanted : {"quire_migrations{state=\"applied\"}", "quire_migration_runs_total{",
                               "quire_migration_last_run_success ", "quire_job_documents{"})
      if (line.starts_with(wanted)) std::cout << line << '\n';
  }
  std::istringstream told(log.str());
  for (std::string line; std::getline(told, line);)
    std::cout << line.substr(0, line.find(" in ")) << '\n';  // without the time
}
