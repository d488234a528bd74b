#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "quire/collection/watch.hpp"
#include "servers.hpp"

namespace quire::watch_test {

using namespace std::chrono_literals;

struct Address {
  std::string city = {};
};
struct User {
  ObjectId id = {};
  std::string email = {};
  int age = 0;
  std::optional<Address> address = {};
  std::vector<std::string> tags = {};
  static auto model() { return quire::model<User>("users"); }
};
inline constexpr auto email = query::field<&User::email>;
inline constexpr auto age = query::field<&User::age>;
inline constexpr auto address = query::field<&User::address>;
inline constexpr auto tags = query::field<&User::tags>;

template <class F>
ErrorCode code_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode{};
}

/// Waits for an event as long as a server may take for one.
template <class T>
std::optional<ChangeEvent<T>> wait_for_event(ChangeStream<T>& stream) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < end) {
    if (auto event = stream.next()) return event;
    if (stream.ended()) break;
  }
  return std::nullopt;
}

/// On an embedded file ("file") and on a server ("replica_set").
class Watch : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (test::on_server()) GTEST_SKIP() << "these tests name their stores themselves";
    if (is_embedded()) {
      folder = std::filesystem::temp_directory_path() / test::fresh_database();
      std::filesystem::create_directories(folder);
      uri = (folder / "watched.quire").string();
    } else {
      QUIRE_NEEDS_SERVER(given, "replica_set");
      uri = given;
    }
    db.emplace(open(uri));
    users.emplace(db->collection<User>());
  }
  void TearDown() override {
    if (db) db->store().drop_database(db->name());
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
  [[nodiscard]] static bool is_embedded() { return GetParam() == std::string_view("file"); }
  std::filesystem::path folder;
  std::string uri;
  std::optional<Database> db;
  std::optional<Collection<User>> users;
};

inline const auto watched_stores = ::testing::Values("file", "replica_set");
inline std::string store_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param == std::string_view("file") ? "File" : "ReplicaSet";
}

}  // namespace quire::watch_test
