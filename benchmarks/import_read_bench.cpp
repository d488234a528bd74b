// Rows of an SQLite file through the importer's source against sqlite3 alone. 200,000 users of ten
// columns and 1,000,000 orders of six, as a service has them.
//   QUIRE_BENCH_USERS (200000): five orders each
//   scan     sqlite3 steps through both tables in their own order and asks each column's size
//   ordered  the same in the order in which orders are merged into users, each column by its type
//   source   the same rows as cells of SourceSession::read()
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "quire/importer/source.hpp"
#include "turns.hpp"

namespace {

namespace importer = quire::importer;
using server_bench::Spent;
using server_bench::Watch;

struct Statement {
  Statement(sqlite3* db, const char* sql) {
    if (sqlite3_prepare_v2(db, sql, -1, &handle, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db));
  }
  ~Statement() { sqlite3_finalize(handle); }
  sqlite3_stmt* handle = nullptr;
};

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(db));
}

/// The file, made when it is asked for first and removed at the end.
class File {
 public:
  explicit File(std::int64_t users) : users_(users) {
    path_ = std::filesystem::temp_directory_path() /
            ("quire_import_" + std::to_string(::getpid()) + ".db");
    std::filesystem::remove(path_);
    if (sqlite3_open(path_.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("open");
    fill();
  }
  ~File() {
    sqlite3_close(db_);
    std::filesystem::remove(path_);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void fill() {
    run(db_,
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT NOT NULL, email TEXT NOT NULL, "
        "full_name TEXT NOT NULL, age INTEGER, active BOOLEAN NOT NULL, score REAL NOT NULL, city "
        "TEXT, country TEXT, created_at DATETIME NOT NULL);"
        "CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "
        "users(id), sku TEXT NOT NULL, qty INTEGER NOT NULL, price REAL NOT NULL, at DATETIME NOT "
        "NULL);");
    Statement users(db_,
                    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT "
                    "INTO users SELECT i, 'user' || i, 'user' || i || '@example.org', 'Ada ' || i "
                    "|| ' Lovelace', CASE WHEN i % 7 THEN i % 80 END, i % 2, i * 0.37, 'City ' || "
                    "(i % 977), 'DE', datetime(1600000000 + i * 97, 'unixepoch') FROM n");
    sqlite3_bind_int64(users.handle, 1, users_);
    sqlite3_step(users.handle);
    Statement order(
        db_,
        "INSERT INTO orders(user_id, sku, qty, price, at) VALUES(?1, printf('SKU-%08d', "
        "?2), ?3, ?4, datetime(1700000000 + ?2, 'unixepoch'))");
    std::mt19937_64 random(4242);
    run(db_, "BEGIN");
    for (std::int64_t i = 0; i < users_ * 5; ++i) {
      sqlite3_bind_int64(
          order.handle, 1,
          1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(users_)));
      sqlite3_bind_int64(order.handle, 2, static_cast<std::int64_t>(random() % 31'536'000));
      sqlite3_bind_int64(order.handle, 3, static_cast<std::int64_t>(1 + random() % 9));
      sqlite3_bind_double(order.handle, 4, static_cast<double>(random() % 50'000) / 100);
      sqlite3_step(order.handle);
      sqlite3_reset(order.handle);
    }
    run(db_, "COMMIT; CREATE INDEX orders_user ON orders(user_id); ANALYZE");
  }

  std::int64_t users_;
  std::filesystem::path path_;
  sqlite3* db_ = nullptr;
};

void expect(std::int64_t rows, std::int64_t users) {
  if (rows != users * 6) throw std::runtime_error("read " + std::to_string(rows) + " rows");
}

Spent with_sqlite3(const File& file, std::int64_t users, bool ordered) {
  const Watch watch;
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(file.path().c_str(), &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                      nullptr) != SQLITE_OK)
    throw std::runtime_error("open");
  run(db, "PRAGMA mmap_size = 1073741824");
  std::int64_t rows = 0;
  double sum = 0;
  for (const char* sql : {ordered ? "SELECT * FROM users ORDER BY id" : "SELECT * FROM users",
                          ordered ? "SELECT user_id, id, sku, qty, price, at FROM orders ORDER BY "
                                    "user_id, id"
                                  : "SELECT * FROM orders"}) {
    const Statement statement(db, sql);
    const int columns = sqlite3_column_count(statement.handle);
    for (; sqlite3_step(statement.handle) == SQLITE_ROW; ++rows)
      for (int i = 0; i < columns; ++i) {
        if (!ordered) {
          sum += sqlite3_column_bytes(statement.handle, i);
          continue;
        }
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
  sqlite3_close(db);
  benchmark::DoNotOptimize(sum);
  expect(rows, users);
  return watch.read();
}

Spent with_source(const File& file, std::int64_t users) {
  const Watch watch;
  const auto source = importer::open_source("sqlite:" + file.path().string());
  const auto session = source->open();
  std::int64_t rows = 0;
  std::size_t sum = 0;
  const auto read = [&](const importer::RowQuery& query) {
    const auto reader = session->read(query);
    for (auto row = reader->next(); !row.empty(); row = reader->next(), ++rows)
      for (const importer::Cell& cell : row) sum += static_cast<std::size_t>(cell.kind);
  };
  importer::RowQuery query;
  query.table = "users";
  for (const auto& column : source->schema().at("users").columns)
    query.columns.push_back(column.name);
  query.key = {"id"};
  read(query);
  query = {};
  query.table = "orders";
  query.columns = {"id", "sku", "qty", "price", "at"};
  query.key = {"id"};
  query.owner = importer::Owner{
      .table = "users", .key = {"id"}, .columns = {"user_id"}, .referenced = {"id"}};
  read(query);
  benchmark::DoNotOptimize(sum);
  expect(rows, users);
  return watch.read();
}

const bool registered = [] {
  const char* given = std::getenv("QUIRE_BENCH_USERS");
  const std::int64_t users = given != nullptr ? std::atoll(given) : 200'000;
  const auto file = std::make_shared<std::unique_ptr<File>>();
  const auto made = [file, users]() -> const File& {
    if (*file == nullptr) *file = std::make_unique<File>(users);
    return **file;
  };
  const auto contender = [made](auto work) {
    return [made, work](std::size_t, std::size_t n) {
      const File& its = made();
      Spent all;
      for (std::size_t i = 0; i < n; ++i) {
        const Spent one = work(its);
        all.wall += one.wall;
        all.cpu += one.cpu;
      }
      return all;
    };
  };
  server_bench::add(
      "ImportRead", 7, 1, static_cast<std::size_t>(users) * 6,
      {{"scan", contender([users](const File& f) { return with_sqlite3(f, users, false); })},
       {"ordered", contender([users](const File& f) { return with_sqlite3(f, users, true); })},
       {"source", contender([users](const File& f) { return with_source(f, users); })}});
  return true;
}();

}  // namespace
