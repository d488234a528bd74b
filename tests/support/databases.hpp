#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "quire/bson/json.hpp"

namespace quire::test {

/// A value of the file that tools/databases.py writes, $QUIRE_TEST_DATABASES: "postgresql" and
/// "mysql" are URIs with user and password. Empty where no such database was started.
inline std::string database(std::string_view name) {
  const char* path = std::getenv("QUIRE_TEST_DATABASES");
  if (path == nullptr) return {};
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.empty()) return {};
  const auto state = bson::from_json(text);
  const auto value = state.find(name);
  if (!value) return {};
  if (value->is_string()) return std::string(value->as_string());
  return value->is_number() ? std::to_string(value->as_int32()) : std::string();
}

/// Why there is none.
inline std::string no_database(const std::string& name) {
  const std::string kind = name.substr(0, name.find('_'));
  for (const std::string& key : {kind + "_missing", std::string("chinook_missing")})
    if (std::string why = database(key); !why.empty()) return why;
  return "no database \"" + name +
         "\" was started: tools/databases.py start FOLDER, and "
         "QUIRE_TEST_DATABASES=FOLDER/databases.json";
}

}  // namespace quire::test

/// First in a test that needs one: its URI. "postgresql_chinook" and "mysql_chinook" have data.
#define QUIRE_NEEDS_DATABASE(variable, name)                  \
  const std::string variable = ::quire::test::database(name); \
  if (variable.empty()) GTEST_SKIP() << ::quire::test::no_database(name)
