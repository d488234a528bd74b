#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/store/store.hpp"
#include "servers.hpp"

/// One suite over the Store port. Another store joins by one more row in all_stores().
namespace quire::store::contract {

struct StoreUnderTest {
  std::string name;
  /// A URI of an empty store; "" when there is none on this machine.
  std::function<std::string()> make_uri;
  /// The server that tools/servers.py starts, which has defects of its own.
  bool test_server = false;
};

/// First in a test that a defect of the test server fails; any other server must pass it.
#define QUIRE_SKIP_ON_TEST_SERVER(defect) \
  if (GetParam().test_server) GTEST_SKIP() << "the test server " << defect

inline std::string scratch_file() {
  static std::atomic<int> number{0};
  const auto folder =
      std::filesystem::temp_directory_path() / ("quire_contract_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  return (folder / (std::to_string(number++) + ".quire")).string();
}

inline std::vector<StoreUnderTest> all_stores() {
  return {
#ifdef QUIRE_TEST_EMBEDDED
      {"File", [] { return scratch_file() + "?durability=normal"; }},
      {"CheckedFile", [] { return scratch_file() + "?durability=normal&verify=checksum"; }},
      {"Memory", [] { return std::string(":memory:"); }},
#endif
#ifdef QUIRE_TEST_MONGODB
      {"ReplicaSet",
       [] { return test::with_database(test::server("replica_set"), test::fresh_database()); },
       true},
      {"Standalone",
       [] { return test::with_database(test::server("standalone"), test::fresh_database()); },
       true},
      // Any other server, such as a compatible service.
      {"Given",
       [] {
         const char* uri = std::getenv("QUIRE_TEST_MONGODB_URI");
         return uri == nullptr ? std::string() : test::with_database(uri, test::fresh_database());
       }},
#endif
  };
}

inline void PrintTo(const StoreUnderTest& store, std::ostream* out) { *out << store.name; }

/// Without the blanks that JSON needs not: shorter to compare with.
inline std::string compact(std::string json) {
  for (std::size_t at = 0; (at = json.find(' ', at)) != std::string::npos;) json.erase(at, 1);
  return json;
}
inline std::string text(bson::View document) { return compact(bson::to_json(document)); }

class StoreContract : public ::testing::TestWithParam<StoreUnderTest> {
 protected:
  void SetUp() override {
    uri_ = GetParam().make_uri();
    if (uri_.empty()) GTEST_SKIP() << GetParam().name << ": no such store here";
    store_ = open(uri_);
    database_ = store_->default_database();
  }
  void TearDown() override {
    if (store_) {
      if (store_->kind() == "mongodb") {
        try {
          store_->drop_database(database_);
          store_->drop_database(second());
        } catch (const StoreError&) {  // closed by the test
          const auto again = open(uri_);
          again->drop_database(database_);
        }
      }
      store_->close();
    }
    store_.reset();
    if (uri_.starts_with("mongodb")) return;
    const auto file = uri_.substr(0, uri_.find('?'));
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file + end);
  }

  [[nodiscard]] Namespace ns() const { return {database_, "things"}; }
  /// Another database of the store.
  [[nodiscard]] std::string second() const { return database_ + "_2"; }
  static bson::Document json(std::string_view text) { return bson::from_json(text); }

  InsertResult insert(const std::vector<std::string>& documents, InsertOptions options = {}) {
    std::vector<bson::Document> owned;
    std::vector<bson::View> views;
    for (const auto& text : documents) owned.push_back(json(text));
    for (const auto& document : owned) views.push_back(document.view());
    return store_->insert(ns(), views, options);
  }
  /// The results as relaxed JSON, in order.
  std::vector<std::string> find(std::string_view filter, const FindOptions& options = {}) {
    const auto owned = json(filter);
    auto cursor = store_->find(ns(), owned, options);
    return drain(*cursor);
  }
  static std::vector<std::string> drain(Cursor& cursor) {
    std::vector<std::string> out;
    while (const auto document = cursor.next()) out.push_back(text(*document));
    return out;
  }
  void create_index(std::string_view spec) {
    const auto owned = json(spec);
    const bson::View view = owned;
    store_->create_indexes(ns(), {&view, 1}, {});
  }
  UpdateResult update(std::string_view filter, std::string_view body, UpdateOptions options = {}) {
    const auto f = json(filter);
    const auto b = json(body);
    return store_->update(ns(), f, {b, false}, options);
  }
  std::int64_t remove(std::string_view filter, bool multi, Session* session = nullptr) {
    RemoveOptions options;
    options.multi = multi;
    options.session = session;
    const auto f = json(filter);
    return store_->remove(ns(), f, options);
  }
  std::int64_t count(std::string_view filter = "{}", Session* session = nullptr) {
    CountOptions options;
    options.session = session;
    const auto f = json(filter);
    return store_->count(ns(), f, options);
  }

  std::string uri_;
  std::string database_;
  std::shared_ptr<Store> store_;
};

using Strings = std::vector<std::string>;

/// The code of the quire error that `action` throws.
template <class F>
ErrorCode code_of(F&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

inline std::string store_name(const ::testing::TestParamInfo<StoreUnderTest>& row) {
  return row.param.name;
}

}  // namespace quire::store::contract
