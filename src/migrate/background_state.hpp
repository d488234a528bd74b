#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "migrate/run.hpp"

namespace quire::migrate {

struct BackgroundRun::State {
  State(Database where, const Migrations& all, const MigrationRunner::Options& settings)
      : db(std::move(where)), migrations(all), options(settings) {}

  Database db;
  Migrations migrations;
  const MigrationRunner::Options& options;  ///< the runner's

  mutable std::mutex mutex;
  std::condition_variable ended;
  bool running = false;
  std::optional<MigrationReport> report;
  std::jthread thread;

  /// Until nothing is pending, something failed or a stop is asked for.
  [[nodiscard]] MigrationReport work(MigrationRunner::Options settings) const;
};

}  // namespace quire::migrate
