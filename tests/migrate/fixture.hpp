#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/migrate/migrate.hpp"
#include "quire/store/store.hpp"
#include "servers.hpp"

namespace quire::migrate::test {

struct Person {
  std::int64_t id = 0;
  std::string email;
};
struct Counter {
  std::int64_t id = 0;
  std::int64_t n = 0;
};

inline void put(Database& db, std::string_view collection, std::string_view json) {
  const bson::Document document = bson::from_json(json);
  const bson::View view = document;
  const auto result = db.store().insert(db.ns(collection), {&view, 1}, {});
  ASSERT_TRUE(result.errors.empty()) << json;
}

inline void put_counters(Database& db, int count) {
  std::vector<bson::Document> documents;
  std::vector<bson::View> views;
  for (int i = 0; i < count; ++i) {
    documents.push_back(
        bson::make_document("_id", std::int64_t{i}, "n", std::int64_t{0}, "kept", "x"));
  }
  views.assign(documents.begin(), documents.end());
  ASSERT_EQ(db.store().insert(db.ns("counters"), views, {}).inserted, count);
}

/// All documents as JSON, in the order of _id.
inline std::vector<std::string> all(Database& db, std::string_view collection) {
  std::vector<std::string> lines;
  const bson::Document order = bson::make_document("_id", 1);
  store::FindOptions options;
  options.sort = order;
  const auto cursor = db.store().find(db.ns(collection), {}, options);
  while (const auto document = cursor->next()) lines.push_back(bson::to_json(*document));
  return lines;
}

/// The same JSON as all() writes it.
inline std::string same(std::string_view json) { return bson::to_json(bson::from_json(json)); }

inline std::int64_t count(Database& db, std::string_view collection, std::string_view json = "{}") {
  return db.store().count(db.ns(collection), bson::from_json(json), {});
}

inline Database empty_database() { return open(quire::test::store_uri()); }

/// First in a test of what only a transaction can promise.
#define QUIRE_NEEDS_TRANSACTIONS(db) \
  if (!(db).capabilities().transactions) GTEST_SKIP() << "this store has no transactions"

/// An empty database that several processes open, one after the other or at once: a file that goes
/// with the test, or one of the server.
class SharedStore {
 public:
  explicit SharedStore(const std::string& name = "data") {
    if (quire::test::on_server()) {
      uri_ = quire::test::store_uri();
      return;
    }
    folder_ = std::filesystem::temp_directory_path() /
              ("quire-migrate-" + std::to_string(::getpid()) + "-" + name);
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    uri_ = "quire:" + (folder_ / "app.quire").string() + "?durability=normal";
  }
  ~SharedStore() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  SharedStore(const SharedStore&) = delete;
  SharedStore& operator=(const SharedStore&) = delete;
  [[nodiscard]] const std::string& uri() const noexcept { return uri_; }
  [[nodiscard]] Database open() const { return quire::open(uri_); }

 private:
  std::filesystem::path folder_;
  std::string uri_;
};

inline MigrationState state_of(Database db, const Migrations& all, std::string_view id) {
  for (const auto& one : MigrationRunner{std::move(db), all}.status().migrations) {
    if (one.id == id) return one.state;
  }
  return MigrationState::pending;
}

}  // namespace quire::migrate::test
