// Importing against the same by hand: users with their orders from an SQLite file into documents,
// in a file and on the server of $QUIRE_BENCH_MONGODB_URI (database quire_bench, dropped). An item
// is one row of either table. Each work is a process of its own; own_mib, all_mib: its peak memory.
//   QUIRE_BENCH_USERS (200000): five orders each; QUIRE_BENCH_SQLITE: a file that has them already
//   bench_import --work NAME SOURCE TARGET USERS     one work
//   bench_import --peer NAME SOURCE TARGET USERS     with the lines of JSON of others' programs of
//     the workload W4: rows/s, the peak of memory
#include "import_by_hand.hpp"
#include "quire/importer/importer.hpp"

namespace {

using namespace bench_processes;
using import_bench::File;
namespace importer = quire::importer;

quire::Database at(const std::string& uri) { return quire::open(uri, {.database = "quire_bench"}); }

importer::Mapping users_with_orders() {
  return importer::Mapping::from_json(R"({"tables": [{"table": "users", "into": "users",
    "fields": [{"to": "age", "from": "age", "null": "omit"},
               {"to": "active", "from": "active", "as": "boolean"},
               {"to": "created_at", "from": "created_at", "as": "date_time"}],
    "children": [{"to": "orders", "table": "orders", "columns": ["user_id"],
      "skip": ["id", "user_id"], "order": [{"column": "id"}],
      "fields": [{"to": "at", "from": "at", "as": "date_time"}]}]}]})");
}

void drop(const quire::Database& db) {
  for (const std::string_view name : {"users", "_quire_jobs", "_quire_chunks", "_quire_rejects",
                                      "_quire_replaced", "_quire_lock", "_quire_runs"})
    (void)db.drop_collection(name);
}

std::int64_t by_quire(const Given& given, int workers, bool dry) {
  const auto source = importer::open_source("sqlite:" + given.uri);
  importer::ImportOptions options;
  options.workers = workers;
  importer::Importer import(*source, at(given.other), users_with_orders(), options);
  const auto report = dry ? import.dry_run() : import.run();
  const auto users = static_cast<std::int64_t>(given.count);
  must(report.ok() && report.parts.at(0).data.counts.written == users, report.json());
  return users * 6;
}

std::int64_t do_work(const std::string& name, const Given& given) {
  if (name == "scan") return import_bench::scan(File(given.uri));
  if (name == "read") return import_bench::read_ordered(File(given.uri));
  if (name == "map_by_hand") {
    std::int64_t bytes = 0;
    return import_bench::merge(File(given.uri), [&](import_bench::Batch&& batch) {
      for (const auto& one : batch) bytes += static_cast<std::int64_t>(one.size());
      benchmark::DoNotOptimize(bytes);
    });
  }
  if (name == "dry_run") return by_quire(given, 1, true);
  if (name == "dry_run_two") return by_quire(given, 2, true);
  if (name == "by_hand") {
    return given.other.starts_with("mongodb")
               ? import_bench::merge_into_server(File(given.uri), given.other)
               : import_bench::merge_into_store(File(given.uri), at(given.other));
  }
  if (name == "one_worker") return by_quire(given, 1, false);
  if (name == "two_workers") return by_quire(given, 2, false);
  must(false, "no work is named " + name);
  return 0;
}

Taken work(const std::string& name, const Given& given) {
  if (name == "make") {
    import_bench::make_file(given.uri, static_cast<std::int64_t>(given.count));
    return {};
  }
  const bool writes = name == "by_hand" || name.ends_with("worker") || name.ends_with("workers");
  if (writes) drop(at(given.other));
  std::int64_t rows = 0;
  const Taken taken = measured([&] { rows = do_work(name, given); });
  must(rows == static_cast<std::int64_t>(given.count) * 6, "not all rows were read");
  if (writes) {
    const quire::Database db = at(given.other);
    must(db.store().count(db.ns("users"), {}, {}) == static_cast<std::int64_t>(given.count),
         "not all documents were written");
  }
  return taken;
}

/// The source, made once, and an empty target each time.
class Files {
 public:
  explicit Files(std::size_t users)
      : users_(users),
        folder_(std::filesystem::temp_directory_path() /
                ("quire-import-bench-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  [[nodiscard]] std::string source() const {
    if (const char* given = std::getenv("QUIRE_BENCH_SQLITE")) return given;
    const std::string made = folder_ / "source.db";
    if (!std::filesystem::exists(made)) (void)apart("make", {made, "", users_});
    return made;
  }
  [[nodiscard]] std::string target() const {
    const std::string path = folder_ / "target.quire";
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
    return "quire:" + path;
  }

 private:
  std::size_t users_;
  std::filesystem::path folder_;
};

void add_all(const Files& files, std::size_t users) {
  const auto into_file = [&files, users] { return Given{files.source(), files.target(), users}; };
  const auto add_work = [users](const std::string& operation, const char* contender,
                                const char* name, const auto& prepared) {
    add("import/" + operation, contender, name, users * 6, prepared);
  };
  add_work("read", "baseline_read", "read", into_file);
  add_work("read", "scan", "scan", into_file);
  add_work("read", "map_by_hand", "map_by_hand", into_file);
  add_work("read", "dry_run", "dry_run", into_file);
  add_work("read", "dry_run_two_workers", "dry_run_two", into_file);
  add_work("file", "baseline_by_hand", "by_hand", into_file);
  add_work("file", "one_worker", "one_worker", into_file);
  add_work("file", "two_workers", "two_workers", into_file);
  const char* server = std::getenv("QUIRE_BENCH_MONGODB_URI");
  if (server == nullptr) return;
  const auto into_server = [&files, users, uri = std::string(server)] {
    return Given{files.source(), uri, users};
  };
  add_work("server", "baseline_by_hand", "by_hand", into_server);
  add_work("server", "one_worker", "one_worker", into_server);
  add_work("server", "two_workers", "two_workers", into_server);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::string_view(argv[1]) == "--work") {
    tell(work(argv[2], {argv[3], argv[4], std::stoul(argv[5])}));
    return 0;
  }
  if (argc == 6 && std::string_view(argv[1]) == "--peer") {
    const Given given{argv[3], argv[4], std::stoul(argv[5])};
    const Taken taken = work(argv[2], given);
    tell_as_peer(argv[2], "W4", "import", static_cast<double>(given.count * 6) / taken.seconds,
                 "rows/s", taken.memory);
    return 0;
  }
  const std::size_t users = number("QUIRE_BENCH_USERS", 200'000);
  const Files files(users);
  add_all(files, users);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
