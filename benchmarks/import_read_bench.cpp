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
  const import_bench::File db(file.path().string());
  expect(ordered ? import_bench::read_ordered(db) : import_bench::scan(db), users);
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
