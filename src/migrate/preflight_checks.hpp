#pragma once

#include <set>

#include "migrate/survey.hpp"
#include "quire/migrate/preflight.hpp"

namespace quire::migrate {

/// One call of preflight().
class Preflight {
 public:
  Preflight(const Database& db, const Migrations& migrations, const PreflightOptions& options)
      : db_(db), migrations_(migrations), options_(options) {}
  [[nodiscard]] PreflightReport run();

 private:
  struct Found {
    std::string_view code;
    Severity severity = Severity::ok;
    std::string where;
    std::string text;
    std::string next;
    std::string collection;
    std::string migration;
    bson::Document keys = {};
  };
  void add(Found found);

  // preflight.cpp
  void sort();
  [[nodiscard]] bool answers();
  void transactions();
  void disk();
  void disk_of_file(const std::filesystem::path& file);
  void disk_of_server();
  void space(std::int64_t free, std::int64_t used, const std::string& where);
  void backup();
  [[nodiscard]] bool history();
  void lock();

  // preflight_rights.cpp
  void rights();
  void rights_of_file();
  /// Whether what a process that dies leaves running at the server is found by the next one.
  void drain();
  /// What the store says to a write that changes nothing; empty: it is allowed; nothing: there is
  /// no collection to try it on.
  [[nodiscard]] std::optional<std::string> refused_write();

  // preflight_data.cpp
  void duplicates();
  void types();
  void sizes();
  void names();
  [[nodiscard]] std::set<std::string> touched() const;

  Database db_;
  const Migrations& migrations_;
  const PreflightOptions& options_;
  bool writable_ = false;
  store::Capabilities can_;
  std::vector<Surveyed> all_;
  PreflightReport report_;
};

/// What a user may not do of what migrations do: "createIndex on users". `status`: the answer of
/// connectionStatus with showPrivileges. Nothing: it does not tell.
[[nodiscard]] std::optional<std::vector<std::string>> missing_rights(
    bson::View status, std::string_view database, const std::vector<Surveyed>& migrations);

}  // namespace quire::migrate
