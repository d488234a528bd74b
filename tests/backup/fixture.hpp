#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "quire/backup/restore.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "servers.hpp"

namespace quire::backup::test {

namespace fs = std::filesystem;

/// A database of the store that the suite runs on, dropped at the end.
class TestDatabase {
 public:
  explicit TestDatabase(const std::string& uri = quire::test::store_uri()) : db(quire::open(uri)) {}
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase() {
    try {
      db.store().drop_database(db.name());
    } catch (const Error&) {  // the test says what was wrong
    }
  }
  Database db;
};

/// A folder that goes with the test.
class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    static std::atomic<int> number{0};
    root = fs::temp_directory_path() /
           ("quire-backup-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    fs::create_directories(root);
  }
  ~BackupTest() override {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  fs::path root;
};

inline void insert(const Database& db, std::string_view collection,
                   const std::vector<bson::Document>& documents) {
  const std::vector<bson::View> views(documents.begin(), documents.end());
  const auto result = db.store().insert(db.ns(collection), views, {});
  for (const auto& error : result.errors) FAIL() << error.error.what();
}
inline void insert(const Database& db, std::string_view collection, const char* json) {
  insert(db, collection, {bson::from_json(json)});
}
inline void create(const Database& db, std::string_view collection, const char* options = "{}") {
  db.store().create_collection(db.ns(collection), bson::from_json(options), {});
}
inline void index(const Database& db, std::string_view collection, const char* json) {
  const auto spec = bson::from_json(json);
  const bson::View view = spec;
  db.store().create_indexes(db.ns(collection), {&view, 1}, {});
}

/// In the order of the store.
inline std::vector<bson::Document> all(const Database& db, std::string_view collection) {
  std::vector<bson::Document> out;
  const auto cursor = db.store().find(db.ns(collection), {}, {});
  while (const auto document = cursor->next()) out.emplace_back(*document);
  return out;
}

inline std::vector<std::string> names(const Database& db) {
  std::vector<std::string> out;
  for (const auto& info : db.store().list_collections(db.name())) {
    if (!info.name.starts_with("system.")) out.push_back(info.name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline bson::Document options_of(const Database& db, std::string_view name) {
  for (const auto& info : db.store().list_collections(db.name())) {
    if (info.name == name) return info.options;
  }
  ADD_FAILURE() << "no collection " << name;
  return {};
}

/// name → definition, of all indexes.
inline std::vector<std::string> indexes_of(const Database& db, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& one : db.store().list_indexes(db.ns(name))) out.push_back(bson::to_json(one));
  std::sort(out.begin(), out.end());
  return out;
}

inline std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}
inline std::string bytes_of(const std::vector<bson::Document>& documents) {
  std::string out;
  for (const auto& one : documents)
    out.append(reinterpret_cast<const char*>(one.view().data()), one.view().size());
  return out;
}

inline void expect_same(const Database& a, const Database& b, std::string_view collection) {
  const auto left = all(a, collection), right = all(b, collection);
  ASSERT_EQ(left.size(), right.size()) << collection;
  for (std::size_t i = 0; i < left.size(); ++i)
    EXPECT_TRUE(left[i] == right[i]) << bson::to_json(left[i], bson::JsonMode::canonical) << "\n"
                                     << bson::to_json(right[i], bson::JsonMode::canonical);
}

}  // namespace quire::backup::test
