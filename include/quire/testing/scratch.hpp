#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"

namespace quire::testing {

/// Empty databases for tests, each by its URI so that several processes can open it. They go with
/// this object, in the process that made it. Threads: one at a time.
class ScratchDatabases {
 public:
  /// Files of the embedded store, in a new folder below the system's folder for temporary files;
  /// link quire::embedded. Throws std::filesystem::filesystem_error.
  ScratchDatabases() : ScratchDatabases(std::string_view()) {}
  /// Databases "quire_test_PID_N" of a server: "mongodb://…"; a database that it names is not
  /// touched. Empty: files. Link quire::mongodb.
  explicit ScratchDatabases(std::string_view server);
  /// Removes what is left, without throwing.
  ~ScratchDatabases();
  ScratchDatabases(const ScratchDatabases&) = delete;
  ScratchDatabases& operator=(const ScratchDatabases&) = delete;

  /// The URI of a database that is empty.
  [[nodiscard]] std::string make();
  /// Opens it. Databases of a server share one store in the process that made this object: opening
  /// and closing takes the driver half a second.
  [[nodiscard]] Database open(const std::string& uri);
  /// Removes one that make() gave and nobody has open any more, without throwing.
  void remove(const std::string& uri) noexcept;

 private:
  [[nodiscard]] bool files() const noexcept { return server_.empty(); }
  std::string server_;
  std::shared_ptr<store::Store> store_;  // of the server, once it was opened
  std::filesystem::path folder_;
  std::vector<std::string> made_;
  long process_;
};

}  // namespace quire::testing
