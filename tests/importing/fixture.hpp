#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/importer/importer.hpp"
#include "quire/store/store.hpp"
#include "servers.hpp"

/// Of a test whose subject is the source, not the store that it is brought into.
#define QUIRE_ON_ONE_STORE() \
  if (quire::test::on_server()) GTEST_SKIP() << "runs on the embedded store alone"

namespace quire::importer::test {

/// An SQLite file that a program wrote, gone with the test.
class Legacy {
 public:
  explicit Legacy(const std::string& name = "legacy") {
    path_ = std::filesystem::temp_directory_path() /
            ("quire-import-" + std::to_string(::getpid()) + "-" + name + ".db");
    std::filesystem::remove(path_);
    sqlite3_open(path_.c_str(), &db_);
    run("PRAGMA journal_mode = WAL");  // so that it is written while a source has it open
  }
  ~Legacy() {
    sqlite3_close(db_);
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm", "-journal"})
      std::filesystem::remove(path_.string() + end, ignored);
  }
  Legacy(const Legacy&) = delete;
  Legacy& operator=(const Legacy&) = delete;

  void run(const std::string& sql) {
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK)
        << sql << ": " << (error == nullptr ? "" : error);
    sqlite3_free(error);
  }
  /// Rows 1 to `count` of users(id, name, mail, age).
  void put_users(int count, int from = 1) {
    run("CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT, "
        "age INTEGER)");
    run("WITH RECURSIVE n(i) AS (SELECT " + std::to_string(from) +
        " UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(from + count - 1) +
        ") INSERT INTO users SELECT i, 'name ' || i, 'm' || i || '@example.org', i % 90 FROM n");
  }
  /// `each` rows of orders for each user.
  void put_orders(int each) {
    run("CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) "
        "ON DELETE CASCADE, sku TEXT, qty INTEGER)");
    for (int i = 0; i < each; ++i)
      run("INSERT INTO orders(user_id, sku, qty) SELECT id, 's' || (id % 7) || '-" +
          std::to_string(i) + "', id % 5 FROM users");
  }
  [[nodiscard]] std::string uri() const { return "sqlite:" + path_.string(); }
  [[nodiscard]] std::unique_ptr<Source> open() const { return open_source(uri()); }

 private:
  std::filesystem::path path_;
  sqlite3* db_ = nullptr;
};

inline TableMapping users_mapping() {
  TableMapping table;
  table.table = "users";
  table.into = "people";
  FieldRule name;
  name.to = "name";
  name.from = "name";
  name.null = NullPolicy::reject;
  table.fields = {name};
  return table;
}
inline Mapping one(TableMapping table) {
  Mapping mapping;
  mapping.tables.push_back(std::move(table));
  return mapping;
}
/// Small batches and partitions, so that there are many.
inline ImportOptions small() {
  ImportOptions options;
  options.batch_documents = 7;
  options.partition_rows = 20;
  options.lease = std::chrono::milliseconds(2000);
  return options;
}

inline Database empty_database() { return quire::open(quire::test::store_uri()); }

inline void put(Database& db, std::string_view collection, std::string_view json) {
  const bson::Document document = bson::from_json(json);
  const bson::View view = document;
  ASSERT_TRUE(db.store().insert(db.ns(collection), {&view, 1}, {}).errors.empty());
}
inline std::int64_t count(Database& db, std::string_view collection, std::string_view json = "{}") {
  return db.store().count(db.ns(collection), bson::from_json(json), {});
}
inline void set(Database& db, std::string_view collection, std::string_view filter,
                std::string_view update) {
  const auto body = bson::from_json(update);
  ASSERT_EQ(
      db.store().update(db.ns(collection), bson::from_json(filter), {body.view()}, {}).matched, 1);
}
/// Documents in the order of _id, without stamps.
inline std::vector<std::string> all(Database& db, std::string_view collection,
                                    bool stamps = false) {
  std::vector<std::string> lines;
  const bson::Document order = bson::make_document("_id", 1);
  const bson::Document fields = bson::make_document("_q", 0);
  store::FindOptions options;
  options.sort = order;
  if (!stamps) options.projection = fields;
  const auto cursor = db.store().find(db.ns(collection), {}, options);
  while (const auto document = cursor->next()) lines.push_back(bson::to_json(*document));
  return lines;
}
inline std::string same(std::string_view json) { return bson::to_json(bson::from_json(json)); }

}  // namespace quire::importer::test
