#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "quire/bson/json.hpp"

namespace quire::test {

/// A PostgreSQL or MariaDB of one test's own, by tools/databases.py, which starts it again when it
/// is killed. Gone with the test.
class OwnDatabases {
 public:
  /// `kind`: "postgresql" or "mariadb".
  explicit OwnDatabases(const std::string& kind)
      : folder_(std::filesystem::temp_directory_path() /
                ("quire_own_" + kind + "_" + std::to_string(::getpid()))) {
    tool("start", " " + kind + " >/dev/null");
  }
  ~OwnDatabases() {
    tool("stop", "");
    std::filesystem::remove_all(folder_);
  }
  OwnDatabases(const OwnDatabases&) = delete;
  OwnDatabases& operator=(const OwnDatabases&) = delete;

  /// Of databases.json, as it is now. Empty and 0 where it was not started.
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto all = state();
    const auto value = all.find(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
  }
  [[nodiscard]] int number(std::string_view name) const {
    const auto all = state();
    const auto value = all.find(name);
    return value && value->is_number() ? value->as_int32() : 0;
  }

 private:
  [[nodiscard]] bson::Document state() const {
    std::ifstream in(folder_ / "databases.json");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return text.empty() ? bson::Document() : bson::from_json(text);
  }
  void tool(const std::string& action, const std::string& more) const {
    const std::string command = "python3 '" QUIRE_SOURCE_DIR "/tools/databases.py' " + action +
                                " '" + folder_.string() + "'" + more;
    if (std::system(command.c_str()) != 0) std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
};

}  // namespace quire::test
