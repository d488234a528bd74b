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
#include <stdexcept>

#include "import_data.hpp"
#include "quire/importer/source.hpp"
#include "turns.hpp"

namespace {

namespace importer = quire::importer;
using import_bench::run;
using import_bench::Statement;
using server_bench::Spent;
using server_bench::Watch;

/// The file, made when it is asked for first and removed at the end.
class File {
 public:
  explicit File(std::int64_t users)
      : path_(std::filesystem::temp_directory_path() /
              ("quire_import_" + std::to_string(::getpid()) + ".db")) {
    import_bench::make_file(path_, users);
  }
  ~File() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
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
