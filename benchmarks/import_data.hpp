#pragma once

// 200,000 users of ten columns and five times as many orders of six in an SQLite file, as a service
// has them: what the benchmarks of importing read.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>

namespace import_bench {

struct Statement {
  Statement(sqlite3* db, const char* sql) {
    if (sqlite3_prepare_v2(db, sql, -1, &handle, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db));
  }
  ~Statement() { sqlite3_finalize(handle); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  sqlite3_stmt* handle = nullptr;
};

inline void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(db));
}

inline void fill_users(sqlite3* db, std::int64_t users) {
  Statement all(db,
                "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT "
                "INTO users SELECT i, 'user' || i, 'user' || i || '@example.org', 'Ada ' || i "
                "|| ' Lovelace', CASE WHEN i % 7 THEN i % 80 END, i % 2, i * 0.37, 'City ' || "
                "(i % 977), 'DE', datetime(1600000000 + i * 97, 'unixepoch') FROM n");
  sqlite3_bind_int64(all.handle, 1, users);
  sqlite3_step(all.handle);
}

inline void fill_orders(sqlite3* db, std::int64_t users) {
  Statement order(db,
                  "INSERT INTO orders(user_id, sku, qty, price, at) VALUES(?1, "
                  "printf('SKU-%08d', ?2), ?3, ?4, datetime(1700000000 + ?2, 'unixepoch'))");
  std::mt19937_64 random(4242);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (std::int64_t i = 0; i < users * 5; ++i) {
    sqlite3_bind_int64(order.handle, 1, 1 + below(users));
    sqlite3_bind_int64(order.handle, 2, below(31'536'000));
    sqlite3_bind_int64(order.handle, 3, 1 + below(9));
    sqlite3_bind_double(order.handle, 4, static_cast<double>(below(50'000)) / 100);
    sqlite3_step(order.handle);
    sqlite3_reset(order.handle);
  }
}

inline void make_file(const std::filesystem::path& path, std::int64_t users) {
  std::filesystem::remove(path);
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) throw std::runtime_error("open");
  run(db,
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
      "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT NOT NULL, email TEXT NOT NULL, "
      "full_name TEXT NOT NULL, age INTEGER, active BOOLEAN NOT NULL, score REAL NOT NULL, city "
      "TEXT, country TEXT, created_at DATETIME NOT NULL);"
      "CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "
      "users(id), sku TEXT NOT NULL, qty INTEGER NOT NULL, price REAL NOT NULL, at DATETIME NOT "
      "NULL);"
      "BEGIN");
  fill_users(db, users);
  fill_orders(db, users);
  run(db, "COMMIT; CREATE INDEX orders_user ON orders(user_id); ANALYZE");
  sqlite3_close(db);
}

struct File {
  explicit File(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr) !=
        SQLITE_OK)
      throw std::runtime_error("cannot open " + path);
    run(db, "PRAGMA mmap_size = 1073741824");
  }
  ~File() { sqlite3_close(db); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  sqlite3* db = nullptr;
};

/// Reads every row in the order in which they are merged, each column by its type.
inline std::int64_t read_ordered(const File& file) {
  std::int64_t rows = 0;
  double sum = 0;
  for (const char* sql :
       {"SELECT * FROM users ORDER BY id",
        "SELECT user_id, id, sku, qty, price, at FROM orders ORDER BY user_id, id"}) {
    const Statement statement(file.db, sql);
    const int columns = sqlite3_column_count(statement.handle);
    for (; sqlite3_step(statement.handle) == SQLITE_ROW; ++rows) {
      for (int i = 0; i < columns; ++i) {
        switch (sqlite3_column_type(statement.handle, i)) {
          case SQLITE_INTEGER:
            sum += static_cast<double>(sqlite3_column_int64(statement.handle, i));
            break;
          case SQLITE_FLOAT:
            sum += sqlite3_column_double(statement.handle, i);
            break;
          case SQLITE_TEXT:
            sum += *sqlite3_column_text(statement.handle, i);
            sum += sqlite3_column_bytes(statement.handle, i);
            break;
          default:
            break;
        }
      }
    }
  }
  benchmark::DoNotOptimize(sum);
  return rows;
}

/// All rows in the tables' own order, no more than the size of each column.
inline std::int64_t scan(const File& file) {
  std::int64_t rows = 0, bytes = 0;
  for (const char* sql : {"SELECT * FROM users", "SELECT * FROM orders"}) {
    const Statement statement(file.db, sql);
    const int columns = sqlite3_column_count(statement.handle);
    for (; sqlite3_step(statement.handle) == SQLITE_ROW; ++rows)
      for (int i = 0; i < columns; ++i) bytes += sqlite3_column_bytes(statement.handle, i);
  }
  benchmark::DoNotOptimize(bytes);
  return rows;
}

}  // namespace import_bench
