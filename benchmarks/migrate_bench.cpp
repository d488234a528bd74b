// Migrations against what does the same by hand, on a file and on the server of
// $QUIRE_BENCH_MONGODB_URI (database quire_bench, dropped). Each work is a process of its own,
// which this program starts; the counters are its peak memory in MiB: own_mib of its own pages,
// all_mib with what it has mapped of files.
//   QUIRE_BENCH_DOCUMENTS (100000) on a file, QUIRE_BENCH_SERVER_DOCUMENTS (30000) on a server
//   bench_migrate --work NAME URI OTHER_URI COUNT    one work: prints seconds, own_mib, all_mib
//   bench_migrate --peer NAME URI COUNT    one work on the database that others' programs of the
//     workload W3 seeded (peers_w3), with their lines of JSON: documents/s, the peak of memory
#include <benchmark/benchmark.h>
#include <mongoc/mongoc.h>

#include <algorithm>
#include <optional>

#include "migrate_work.hpp"

namespace {

using namespace migrate_bench;

/// What a program does with the driver alone: one cursor, unordered bulks of 1,000.
void split_by_libmongoc(const Given& given, Memory& memory) {
  mongoc_init();
  bson_error_t error;
  mongoc_client_t* client = mongoc_client_new(given.uri.c_str());
  must(client != nullptr, "not a connection string");
  mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
  mongoc_collection_t* users = mongoc_client_get_collection(client, database().c_str(), "users");
  bson_t all = BSON_INITIALIZER;
  bson_t* names = BCON_NEW("projection", "{", "full_name", BCON_INT32(1), "}");
  bson_t* unordered = BCON_NEW("ordered", BCON_BOOL(false));
  mongoc_cursor_t* cursor = mongoc_collection_find_with_opts(users, &all, names, nullptr);
  mongoc_bulk_operation_t* writes = nullptr;
  std::size_t waiting = 0;
  const auto flush = [&] {
    if (waiting == 0) return;
    bson_t reply;
    must(mongoc_bulk_operation_execute(writes, &reply, &error) != 0, error.message);
    bson_destroy(&reply);
    mongoc_bulk_operation_destroy(writes);
    waiting = 0;
    memory.sample();
  };
  const bson_t* document = nullptr;
  while (mongoc_cursor_next(cursor, &document)) {
    if (waiting == 0) writes = mongoc_collection_create_bulk_operation_with_opts(users, unordered);
    bson_iter_t id, name;
    must(bson_iter_init_find(&id, document, "_id") &&
             bson_iter_init_find(&name, document, "full_name"),
         "a document without a name");
    std::uint32_t size = 0;
    const char* text = bson_iter_utf8(&name, &size);
    const auto [first, last] = parts({text, size});
    bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, fields;
    bson_append_oid(&filter, "_id", 3, bson_iter_oid(&id));
    bson_append_document_begin(&update, "$set", 4, &fields);
    bson_append_utf8(&fields, "first_name", 10, first.data(), static_cast<int>(first.size()));
    bson_append_utf8(&fields, "last_name", 9, last.data(), static_cast<int>(last.size()));
    bson_append_document_end(&update, &fields);
    bson_append_document_begin(&update, "$unset", 6, &fields);
    bson_append_utf8(&fields, "full_name", 9, "", 0);
    bson_append_document_end(&update, &fields);
    must(mongoc_bulk_operation_update_one_with_opts(writes, &filter, &update, nullptr, &error),
         error.message);
    bson_destroy(&filter);
    bson_destroy(&update);
    if (++waiting == bulk) flush();
  }
  flush();
  must(!mongoc_cursor_error(cursor, &error), error.message);
  mongoc_cursor_destroy(cursor);
  bson_destroy(names);
  bson_destroy(unordered);
  mongoc_collection_destroy(users);
  mongoc_client_destroy(client);
}

/// Opens, does the work with the clock running, and looks that it was done.
Taken work(const std::string& name, const Given& given) {
  Taken taken;
  Memory memory;
  const auto measured = [&](auto what) {
    const Stopwatch watch;
    what();
    taken.seconds = watch.seconds();
    taken.memory = memory.read();
  };
  const auto splits = [&](auto what) {
    const Database db = at(given.uri);
    (void)db.capabilities();  // connected
    measured([&] { what(db); });
    check_split(db, given.count);
  };
  if (name == "seed") {
    seed<Person>(given.uri, given.count, make_person);
  } else if (name == "seed_users") {
    seed<workload::User>(given.uri, given.count, workload::make_user);
  } else if (name == "seed_history") {
    seed<Person>(given.uri, 1, make_person);
    must(m::MigrationRunner{at(given.uri), ten_small()}.run().ok(), "the first start");
  } else if (name == "by_hand") {
    const bool on_server = given.uri.starts_with("mongodb");
    splits([&](const Database& db) { split_by_hand(db, on_server, memory); });
  } else if (name == "libmongoc_by_hand") {
    splits([&](const Database&) { split_by_libmongoc(given, memory); });
  } else if (name == "update_many") {
    splits([&](const Database& db) { split_by_update_many(db); });
  } else if (name == "transform") {
    splits([&](const Database& db) { run_step(db, by_transform(), memory); });
  } else if (name == "each") {
    splits([&](const Database& db) { run_step(db, by_each(), memory); });
  } else if (name == "split_field") {
    splits([&](const Database& db) { run_step(db, by_split_field(), memory); });
  } else if (name == "scan") {
    const Database db = at(given.uri);
    measured([&] { benchmark::DoNotOptimize(scan(db)); });
  } else if (name == "digest") {
    const Database from = at(given.uri), to = at(given.other);
    measured([&] { compare(from, to); });
  } else if (name.starts_with("copy_")) {
    const Database from = at(given.uri), to = at(given.other);
    measured([&] {
      if (name == "copy_by_hand") {
        copy_by_hand(from, to, memory);
      } else {
        copy_by_migrator(from, to, name == "copy_two_workers" ? 2 : 1, memory);
      }
    });
    must(to.store().count(to.ns(collection), {}, {}) == static_cast<std::int64_t>(given.count),
         "not all documents were copied");
  } else if (name == "read_history" || name == "start_again") {
    const Database db = at(given.uri);
    const auto all = ten_small();
    read_history(db);
    measured([&] { name == "start_again" ? start_again(db, all) : read_history(db); });
  } else {
    must(false, "no work is named " + name);
  }
  return taken;
}

/// Prints what others' programs of the workload print.
void as_peer(const std::string& name, const Given& given) {
  database() = "peers_w3";
  const Taken taken = work(name, given);
  tell_as_peer(name, "W3", "migrate", static_cast<double>(given.count) / taken.seconds, "docs/s",
               taken.memory);
}

class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("quire-migrate-bench-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }
  /// A new copy of the file that `how` makes, which is made once.
  std::string copy_of(const std::string& how, std::size_t count) const {
    const std::string made = file(how + ".quire"), copy = file("work.quire");
    if (!std::filesystem::exists(made)) (void)apart(how, {"quire:" + made, "", count});
    std::filesystem::copy_file(made, copy, std::filesystem::copy_options::overwrite_existing);
    return "quire:" + copy;
  }

 private:
  std::filesystem::path path_;
};

void add_embedded(const Folder& folder) {
  const std::size_t count = number("QUIRE_BENCH_DOCUMENTS", 100'000);
  const auto fresh = [&folder, count] { return Given{folder.copy_of("seed", count), "", count}; };
  add("migrate/split", "baseline_by_hand", "by_hand", count, fresh);
  for (const char* step : {"transform", "each", "split_field"})
    add("migrate/split", step, step, count, fresh);
  const auto to_new = [&folder, fresh, count] {
    const std::string target = folder.file("target.quire");
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(target + suffix);
    return Given{fresh().uri, "quire:" + target, count};
  };
  add("migrate/copy", "baseline_by_hand", "copy_by_hand", count, to_new);
  for (const char* workers : {"one_worker", "two_workers"})
    add("migrate/copy", workers, std::string("copy_") + workers, count, to_new);
  const auto pair = [&folder, fresh, count] {
    const std::string made = folder.file("seed.quire");
    return Given{fresh().uri, "quire:" + made, count};
  };
  add("migrate/verify", "baseline_scan", "scan", count, fresh);
  add("migrate/verify", "digest", "digest", count, pair);
  const auto done = [&folder] { return Given{folder.copy_of("seed_history", 1), "", 1}; };
  add("migrate/nothing_pending", "baseline_read_history", "read_history", starts, done);
  add("migrate/nothing_pending", "run", "start_again", starts, done);
}

void add_server(const std::string& uri) {
  const std::size_t count = number("QUIRE_BENCH_SERVER_DOCUMENTS", 30'000);
  const auto seeded = [uri](const char* how, std::size_t documents) {
    return [uri, how, documents] {
      Given given{uri, "", documents};
      (void)apart(how, given);
      return given;
    };
  };
  const auto users = seeded("seed_users", count);
  add("migrate_server/split_there", "baseline_update_many", "update_many", count, users);
  add("migrate_server/split_there", "split_field", "split_field", count, users);
  add("migrate_server/split_here", "baseline_libmongoc_by_hand", "libmongoc_by_hand", count, users);
  add("migrate_server/split_here", "store_by_hand", "by_hand", count, users);
  for (const char* step : {"transform", "each"})
    add("migrate_server/split_here", step, step, count, users);
  const auto done = seeded("seed_history", 1);
  add("migrate_server/nothing_pending", "baseline_read_history", "read_history", starts, done);
  add("migrate_server/nothing_pending", "run", "start_again", starts, done);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::string_view(argv[1]) == "--work") {
    Taken taken = work(argv[2], {argv[3], argv[4], std::stoul(argv[5])});
    taken.cpu = cpu_seconds();
    tell(taken);
    return 0;
  }
  if (argc == 5 && std::string_view(argv[1]) == "--peer") {
    as_peer(argv[2], {argv[3], "", std::stoul(argv[4])});
    return 0;
  }
  const Folder folder;
  add_embedded(folder);
  if (const char* uri = std::getenv("QUIRE_BENCH_MONGODB_URI")) add_server(uri);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
