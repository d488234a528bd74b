#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "quire/importer/source.hpp"

namespace quire::importer::test {

/// A folder with an SQLite file, and a connection that writes it.
class SqliteFile {
 public:
  explicit SqliteFile(const std::string& name = "a.db", const char* sql = "") {
    static int count = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("quire_sqlite_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(folder_);
    path_ = folder_ / name;
    open();
    run(sql);
  }
  ~SqliteFile() {
    close();
    std::filesystem::remove_all(folder_);
  }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  void open() {
    if (sqlite3_open(path_.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("open");
    sqlite3_busy_timeout(db_, 5000);
    run("PRAGMA synchronous = OFF");
  }
  void close() { sqlite3_close(std::exchange(db_, nullptr)); }
  void run(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(std::string(sqlite3_errmsg(db_)) + ": " + sql);
  }
  [[nodiscard]] sqlite3* db() const { return db_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::string uri() const { return "sqlite:" + path_.string(); }
  [[nodiscard]] std::unique_ptr<Source> source() const { return open_source(uri()); }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
  sqlite3* db_ = nullptr;
};

inline std::string shown(const Cell& cell) {
  return std::string(to_string(cell.kind)) + " " + display(cell);
}

/// Rows as "1|ada|null".
inline std::vector<std::string> rows_of(SourceSession& session, const RowQuery& query) {
  std::vector<std::string> out;
  const auto reader = session.read(query);
  for (auto row = reader->next(); !row.empty(); row = reader->next()) {
    std::string line;
    for (const Cell& cell : row) line += (line.empty() ? "" : "|") + display(cell);
    out.push_back(line);
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace quire::importer::test
