#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"

namespace quire::test {

/// The program that was started, in the processes that it forks too: they meet on one server.
inline const pid_t this_program = ::getpid();

/// A value of the file that tools/servers.py writes: "replica_set", "standalone", "auth", "tls" are
/// URIs without a database. Where there are some alike ("replica_set_2") it is the same one
/// throughout a program. The file is the one of $QUIRE_TEST_SERVERS, or what comes after the @ of
/// the name. Empty where no such server was started.
inline std::string server(std::string_view name) {
  const char* servers = std::getenv("QUIRE_TEST_SERVERS");
  std::string path = servers == nullptr ? "" : servers;
  if (const auto at = name.find('@'); at != std::string_view::npos) {
    path = name.substr(at + 1);
    name = name.substr(0, at);
  }
  if (path.empty()) return {};
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.empty()) return {};
  const auto state = bson::from_json(text);
  std::vector<std::string> alike;
  for (std::string key(name);; key = std::string(name) + "_" + std::to_string(alike.size() + 1)) {
    const auto value = state.find(key);
    if (!value || !value->is_string()) break;
    alike.emplace_back(value->as_string());
  }
  return alike.empty() ? std::string()
                       : alike[static_cast<std::size_t>(this_program) % alike.size()];
}

/// A database name that no other test has.
inline std::string fresh_database() {
  static std::atomic<int> number{0};
  return "quire_" + std::to_string(::getpid()) + "_" + std::to_string(number++);
}

/// The URI with a database in it.
inline std::string with_database(const std::string& uri, const std::string& database) {
  if (uri.empty()) return {};
  const auto question = uri.find('?');
  auto hosts = uri.substr(0, question);
  const auto scheme = hosts.find("://") + 3;
  const auto slash = hosts.find('/', scheme);
  if (slash != std::string::npos) hosts.resize(slash);
  return hosts + "/" + database + (question == std::string::npos ? "" : uri.substr(question));
}

/// The store that a suite for any store runs on: in memory, or an empty database of the server that
/// $QUIRE_TEST_STORE names: "replica_set@FILE" or "standalone@FILE", FILE as tools/servers.py
/// writes it.
inline bool on_server() { return std::getenv("QUIRE_TEST_STORE") != nullptr; }
inline std::string store_uri() {
  return on_server() ? with_database(server(std::getenv("QUIRE_TEST_STORE")), fresh_database())
                     : ":memory:";
}

}  // namespace quire::test

/// First in a test that needs one: its URI with a fresh database in it.
#define QUIRE_NEEDS_SERVER(variable, name)                                                        \
  const std::string variable =                                                                    \
      ::quire::test::with_database(::quire::test::server(name), ::quire::test::fresh_database()); \
  if (variable.empty()) GTEST_SKIP() << "no server \"" << name << "\" was started"
