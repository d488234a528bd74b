#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "quire/testing/migrations.hpp"

/// The checks of quire::testing as tests of a program's own migration tool. Link quire::testing.
namespace quire::cli {

/// For MigrateCliOptions::tests: up_down_up, and crash_matrix by exceptions, each on scratch
/// databases of its own: files of the embedded store, or, with `server`, a URI, databases of that
/// server. The database that the tool works on is not touched.
///   options.tests = quire::cli::migration_tests({.migrations = migrations(), .prepare = fill});
[[nodiscard]] inline std::vector<std::pair<std::string, std::function<std::string()>>>
migration_tests(const testing::Subject& subject, const std::string& server = {}) {
  return {{"up_down_up",
           [subject, server] {
             testing::ScratchDatabases databases(server);
             return testing::up_down_up(databases, subject).why;
           }},
          {"crash_matrix", [subject, server] {
             testing::ScratchDatabases databases(server);
             return testing::crash_matrix(databases, subject).why;
           }}};
}

}  // namespace quire::cli
