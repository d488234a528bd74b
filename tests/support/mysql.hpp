#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <vector>

#include "databases.hpp"
#include "importer/mysql/connection.hpp"
#include "importer/mysql/options.hpp"
#include "quire/importer/source.hpp"

namespace quire::test {

/// A database of one test on the server, and a connection of its superuser that may write.
class MysqlDatabase {
 public:
  explicit MysqlDatabase(const std::string& server, const std::string& more = {})
      : name_("t" + std::to_string(::getpid()) + "_" + std::to_string(counter()++) + more),
        options_(importer::mysql::parse_uri(server, std::chrono::seconds(30))),
        connection_(options_) {
    // The source reads by the session's own rules; here all is allowed.
    run("SET SESSION TRANSACTION READ WRITE");
    run("SET SESSION check_constraint_checks=1, foreign_key_checks=1");
    run("CREATE DATABASE " + quoted(name_) + " CHARACTER SET utf8mb4");
    run("USE " + quoted(name_));
  }
  ~MysqlDatabase() {
    at_end_.push_back("DROP DATABASE " + quoted(name_));
    try {
      for (const std::string& sql : at_end_) connection_.attempt(sql);
    } catch (const ImportError&) {
      return;  // its server was killed, and goes with its data
    }
  }
  MysqlDatabase(const MysqlDatabase&) = delete;
  MysqlDatabase& operator=(const MysqlDatabase&) = delete;

  void run(const std::string& sql) { connection_.execute(sql, sql.substr(0, 200)); }
  std::string value(const std::string& sql) { return connection_.value(sql, sql).value_or("NULL"); }
  importer::mysql::Connection& connection() { return connection_; }
  void at_end(std::string sql) { at_end_.push_back(std::move(sql)); }

  /// Of this database, as the superuser or as `user`, whose password is "secret".
  [[nodiscard]] std::string uri(const std::string& options = {}, std::string user = {}) const {
    if (user.empty()) {
      user = encoded(*options_.user) + ":" + encoded(*options_.password);
    } else {
      user += ":secret";
    }
    return "mysql://" + user + "@" + options_.host + ":" + std::to_string(options_.port) + "/" +
           encoded(name_) + (options.empty() ? "" : "?" + options);
  }
  /// A user who has nothing yet.
  std::string user() {
    const std::string user = "u" + std::to_string(::getpid()) + "_" + std::to_string(counter()++);
    run("CREATE USER " + user + " IDENTIFIED BY 'secret'");
    at_end("DROP USER " + user);
    return user;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

  static std::string encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
      constexpr char digits[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return out;
  }
  static std::string quoted(const std::string& name) {
    std::string out = "`";
    for (const char c : name) out += c == '`' ? std::string("``") : std::string(1, c);
    return out + "`";
  }

 private:
  static std::atomic<int>& counter() {
    static std::atomic<int> value{0};
    return value;
  }
  std::string name_;
  importer::mysql::Options options_;
  importer::mysql::Connection connection_;
  std::vector<std::string> at_end_;
};

/// "int32 7": the kind and the value.
inline std::string told(const importer::Cell& cell) {
  return std::string(importer::to_string(cell.kind)) + " " + importer::display(cell, 100000);
}

/// A query for all columns of a table in the order of its key.
inline importer::RowQuery whole(const importer::Table& table) {
  importer::RowQuery query{.table = table.name, .columns = {}, .key = table.key};
  for (const importer::Column& column : table.columns) query.columns.push_back(column.name);
  return query;
}

/// All rows that are left.
inline std::vector<std::vector<std::string>> rows_of(importer::RowReader& reader) {
  std::vector<std::vector<std::string>> out;
  for (auto cells = reader.next(); !cells.empty(); cells = reader.next()) {
    auto& row = out.emplace_back();
    for (const importer::Cell& cell : cells) row.push_back(told(cell));
  }
  return out;
}

}  // namespace quire::test
