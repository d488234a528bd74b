#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/cli/copy.hpp"
#include "servers.hpp"

namespace quire::test {

/// A folder that goes away with the test.
class CopyTest : public ::testing::Test {
 protected:
  CopyTest() {
    static std::atomic<int> number{0};
    folder_ = std::filesystem::temp_directory_path() /
              ("quire-copy-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(folder_);
  }
  ~CopyTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_ / name).string();
  }
  /// durability=normal: tests need no flush of the disk.
  [[nodiscard]] Database open_file(const std::string& name) const {
    return open("quire:" + file(name) + "?durability=normal");
  }
  std::filesystem::path folder_;
};

/// Drops the database of a server when the test ends.
class DropAtEnd {
 public:
  explicit DropAtEnd(Database db) : db_(std::move(db)) {}
  DropAtEnd(const DropAtEnd&) = delete;
  DropAtEnd& operator=(const DropAtEnd&) = delete;
  ~DropAtEnd() {
    try {
      db_.store().drop_database(db_.name());
    } catch (const Error&) {  // the test says what was wrong
    }
  }

 private:
  Database db_;
};

inline void insert(const Database& db, std::string_view collection,
                   const std::vector<bson::Document>& documents) {
  std::vector<bson::View> views(documents.begin(), documents.end());
  const auto result = db.store().insert(db.ns(collection), views, {});
  for (const auto& error : result.errors) FAIL() << error.error.what();
}
inline void insert_json(const Database& db, std::string_view collection, const char* json) {
  insert(db, collection, {bson::from_json(json)});
}
inline void create_index(const Database& db, std::string_view collection, const char* json) {
  const auto spec = bson::from_json(json);
  const bson::View view = spec;
  db.store().create_indexes(db.ns(collection), {&view, 1}, {});
}

/// All documents in the order of _id.
inline std::vector<bson::Document> all(const Database& db, std::string_view collection,
                                       bson::View sort = bson::View()) {
  const auto by_id = bson::make_document("_id", std::int32_t{1});
  store::FindOptions options;
  options.sort = sort.empty() ? by_id.view() : sort;
  std::vector<bson::Document> out;
  const auto cursor = db.store().find(db.ns(collection), {}, options);
  while (const auto document = cursor->next()) out.emplace_back(*document);
  return out;
}

inline const cli::CopiedCollection& of(const cli::CopyReport& report, std::string_view name) {
  for (const auto& one : report.collections) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("the report has no collection " + std::string(name));
}

inline std::string cli_digest(const cli::CopyReport& report, std::string_view name) {
  return of(report, name).target->digest;
}

inline bool has_collection(const Database& db, std::string_view name) {
  for (const auto& info : db.store().list_collections(db.name())) {
    if (info.name == name) return true;
  }
  return false;
}

/// SecantusDB gives undefined as null, a symbol as a string, a DBPointer as a reference.
enum class Deprecated { no, yes };

/// _ids of all types that an _id may have, each as "v" too, and a document with the other types.
inline std::vector<bson::Document> every_type(Deprecated deprecated = Deprecated::yes) {
  const auto values = bson::from_json(R"json({
    "double": 1.5, "minus_zero": {"$numberDouble": "-0.0"}, "nan": {"$numberDouble": "NaN"},
    "infinity": {"$numberDouble": "Infinity"}, "less": {"$numberDouble": "-Infinity"},
    "int32": {"$numberInt": "7"}, "int64": {"$numberLong": "1099511627776"},
    "decimal": {"$numberDecimal": "1.10"}, "true": true, "false": false, "text": "text",
    "empty": "", "zero": "zero\u0000byte", "id": {"$oid": "5f1e7c2a9b3d4e5f60718293"},
    "date": {"$date": {"$numberLong": "-1"}}, "time": {"$timestamp": {"t": 5, "i": 6}},
    "null": null, "min": {"$minKey": 1}, "max": {"$maxKey": 1}, "document": {"b": 1, "a": [1, {"c": null}]},
    "binary": {"$binary": {"base64": "AAEC", "subType": "80"}},
    "uuid": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}})json");
  std::vector<bson::Document> out;
  for (const auto& field : values) {
    bson::Writer document;
    document.append("_id", field.value).append("name", field.key).append("v", field.value);
    out.push_back(document.finish());
  }
  out.push_back(bson::from_json(R"json({"_id": "others",
    "regex": {"$regularExpression": {"pattern": "^a", "options": "i"}}, "code": {"$code": "f()"},
    "scoped": {"$code": "f()", "$scope": {"x": 1}}, "array": [[], {}, ""]})json"));
  if (deprecated == Deprecated::yes) {
    out.push_back(bson::from_json(R"json({"_id": "deprecated", "symbol": {"$symbol": "s"},
      "undefined": {"$undefined": true},
      "pointer": {"$dbPointer": {"$ref": "c", "$id": {"$oid": "5f1e7c2a9b3d4e5f60718293"}}}})json"));
  }
  return out;
}

}  // namespace quire::test
