#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <quire/observe/migrations.hpp>
#include <quire/quire.hpp>
#include <sstream>

namespace q = quire;

// [spdlog]
spdlog::level::level_enum level_of(q::observe::LogLevel level) {
  switch (level) {
    case q::observe::LogLevel::debug:
      return spdlog::level::debug;
    case q::observe::LogLevel::info:
      return spdlog::level::info;
    case q::observe::LogLevel::warning:
      return spdlog::level::warn;
    case q::observe::LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void log_with_spdlog(q::MigrationRunner& runner, const std::shared_ptr<spdlog::logger>& logger) {
  runner.also_on_event(q::observe::migration_log(
      {.least = q::observe::LogLevel::debug,  // the logger has a level of its own
       .sink = [logger](q::observe::LogLevel level, const std::string& line) {
         logger->log(level_of(level), "{}", line);
       }}));
}
// [/spdlog]

int main() {
  const q::Database db = q::open(":memory:");
  q::Migrations all;
  all.add({.id = "2026_01_people", .up = q::create_collection("people")});
  q::MigrationRunner runner{db, all};
  std::ostringstream out;
  auto logger = std::make_shared<spdlog::logger>(
      "migrations", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger->set_pattern("%l %n %v");
  log_with_spdlog(runner, logger);
  if (!runner.run().ok() || !runner.run().ok()) return 1;  // the second one says "debug"
  logger->set_level(spdlog::level::debug);
  if (!runner.run().ok()) return 1;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);)
    std::cout << line.substr(0, line.find(" in ")) << '\n';  // without the time
}
