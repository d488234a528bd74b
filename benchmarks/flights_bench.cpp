// Importing tables of an SQLite file, PostgreSQL and MariaDB against programs by hand on the same
// client libraries: 367,687 rows that become a document each, in a file. An item is a row. Each
// work is a process of its own.
//   QUIRE_BENCH_FLIGHTS: the URIs that tools/flights.py prints, with spaces between; without it
//   nothing is measured
//   bench_flights --work NAME SOURCE TARGET ROWS     one work
#include <sstream>

#include "flights_by_hand.hpp"
#include "quire/importer/importer.hpp"

namespace {

using namespace bench_processes;
namespace importer = quire::importer;

constexpr std::size_t all_rows = 367'687;

quire::Database at(const std::string& uri) { return quire::open(uri, {.database = "quire_bench"}); }

importer::Mapping mapping() {
  std::string tables;
  for (const auto& table : flights::tables) {
    const std::string name = table.name;
    tables += (tables.empty() ? "" : ", ") + std::string(R"({"table": ")") + name +
              R"(", "into": ")" + name + R"(", "fields": [)";
    std::string fields;
    for (const auto& column : table.columns) {
      if (column.kind != flights::Kind::time) continue;
      fields += std::string(R"({"to": ")") + column.name + R"(", "from": ")" + column.name +
                R"(", "as": "date_time"})";
    }
    tables += fields + "]}";
  }
  return importer::Mapping::from_json(R"({"tables": [)" + tables + "]}");
}

std::int64_t by_quire(const Given& given, int workers) {
  const auto source = importer::open_source(given.uri);
  importer::ImportOptions options;
  options.workers = workers;
  const auto report = importer::Importer(*source, at(given.other), mapping(), options).run();
  must(report.ok(), report.json());
  std::int64_t rows = 0;
  for (const auto& part : report.parts) rows += part.data.counts.written;
  return rows;
}

std::int64_t by_hand(const Given& given) {
  if (given.uri.starts_with("sqlite:"))
    return flights::all_into(flights::SqliteRows(given.uri), at(given.other));
  if (given.uri.starts_with("postgresql:"))
    return flights::all_into(flights::PostgresqlRows(given.uri), at(given.other));
  return flights::all_into(flights::MysqlRows(given.uri), at(given.other));
}

Taken work(const std::string& name, const Given& given) {
  std::int64_t rows = 0;
  const Taken taken = measured([&] {
    rows = name == "by_hand" ? by_hand(given) : by_quire(given, name == "one_worker" ? 1 : 2);
  });
  must(rows == static_cast<std::int64_t>(all_rows), "not all rows came");
  const quire::Database db = at(given.other);
  for (const auto& table : flights::tables) rows -= db.store().count(db.ns(table.name), {}, {});
  must(rows == 0, "not all documents were written");
  return taken;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::string_view(argv[1]) == "--work") {
    tell(work(argv[2], {argv[3], argv[4], std::stoul(argv[5])}));
    return 0;
  }
  const char* uris = std::getenv("QUIRE_BENCH_FLIGHTS");
  const auto folder = std::filesystem::temp_directory_path() /
                      ("quire-flights-bench-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::istringstream words(uris == nullptr ? "" : uris);
  for (std::string uri; words >> uri;) {
    const std::string kind = uri.substr(0, uri.find(':'));
    const auto into_new_file = [folder, uri] {
      std::filesystem::remove_all(folder);
      std::filesystem::create_directories(folder);
      return Given{uri, "quire:" + (folder / "target.quire").string(), all_rows};
    };
    add("flights/" + kind, "baseline_by_hand", "by_hand", all_rows, into_new_file);
    add("flights/" + kind, "one_worker", "one_worker", all_rows, into_new_file);
    add("flights/" + kind, "two_workers", "two_workers", all_rows, into_new_file);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}
