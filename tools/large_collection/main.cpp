// A large collection on a file: inserts, an index built afterwards, point reads, ranges, updates, a
// sort that does not fit in memory, removal of a half. Verifies each answer and prints rates and
// peak memory. Usage: large_collection ROWS [FILE]
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "quire/store/store.hpp"

namespace {

namespace store = quire::store;
namespace bson = quire::bson;

constexpr store::Namespace rows_ns{"main", "rows"};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void report(const char* what, std::int64_t n, double since) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double took = seconds() - since;
  std::printf("%-28s %10lld in %7.2f s  %12.0f/s  peak %5ld MiB\n", what, static_cast<long long>(n),
              took, static_cast<double>(n) / took, usage.ru_maxrss / 1024);
  std::fflush(stdout);
}

void expect(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "large_collection: wrong answer: %s\n", claim);
  std::exit(1);
}

store::FindOptions sorted_by(const bson::Document& sort) {
  store::FindOptions options;
  options.sort = sort;
  return options;
}

/// A bijection on 64 bits (splitmix64's mixer), so that values come in no order.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

bson::Document row(std::int64_t i, const std::string& padding) {
  return bson::make_document("_id", i, "key",
                             static_cast<std::int64_t>(mix(static_cast<std::uint64_t>(i)) >> 2),
                             "group", static_cast<std::int32_t>(i % 1000), "text", padding);
}

std::int64_t key_of(std::int64_t i) {
  return static_cast<std::int64_t>(mix(static_cast<std::uint64_t>(i)) >> 2);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t rows = argc > 1 ? std::atoll(argv[1]) : 0;
  if (rows < 2000) {
    std::fprintf(stderr, "usage: large_collection ROWS [FILE]    ROWS at least 2000\n");
    return 2;
  }
  const std::string file =
      argc > 2 ? argv[2]
               : (std::filesystem::temp_directory_path() / "quire_large_collection.quire").string();
  for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(file + tail);
  const auto db = store::open(file);
  const std::string padding(200, 'x');

  double start = seconds();
  for (std::int64_t i = 0; i < rows;) {
    std::vector<bson::Document> batch;
    std::vector<bson::View> views;
    for (; i < rows && batch.size() < 1000; ++i) batch.push_back(row(i, padding));
    for (const auto& document : batch) views.push_back(document);
    expect(db->insert(rows_ns, views, {}).errors.empty(), "inserts have no errors");
  }
  report("insert", rows, start);

  start = seconds();
  const auto index = bson::make_document("key", bson::make_document("key", std::int32_t{1}), "name",
                                         "key_1", "unique", true);
  const bson::View specs[] = {index};
  db->create_indexes(rows_ns, specs, {});
  report("build a unique index", rows, start);

  start = seconds();
  const std::int64_t reads = 100'000;
  for (std::int64_t n = 0; n < reads; ++n) {
    const std::int64_t i = static_cast<std::int64_t>(mix(static_cast<std::uint64_t>(n)) %
                                                     static_cast<std::uint64_t>(rows));
    std::int64_t found = -1;
    db->find_one(rows_ns, bson::make_document("key", key_of(i)), {},
                 [&](bson::View d) { found = d["_id"].as_int64(); });
    expect(found == i, "a point read by the unique index finds its row");
  }
  report("read by unique index", reads, start);

  start = seconds();
  std::int64_t seen = 0;
  std::int64_t last = -1;
  const auto by_key = bson::make_document("key", std::int32_t{1});
  auto cursor = db->find(rows_ns, {}, sorted_by(by_key));
  while (auto document = cursor->next()) {
    const auto key = (*document)["key"].as_int64();
    expect(key > last, "an index gives its order");
    last = key;
    ++seen;
  }
  expect(seen == rows, "an ordered scan sees each row once");
  report("ordered scan by index", rows, start);

  start = seconds();
  const auto by_text = bson::make_document("group", std::int32_t{-1}, "text", std::int32_t{1},
                                           "key", std::int32_t{1});
  cursor = db->find(rows_ns, {}, sorted_by(by_text));
  seen = 0;
  std::int32_t group = 1000;
  while (auto document = cursor->next()) {
    const auto next = (*document)["group"].as_int32();
    expect(next <= group, "a sort without an index is in order");
    group = next;
    ++seen;
  }
  expect(seen == rows, "a sort loses no row");
  cursor.reset();
  report("sort without an index", rows, start);

  start = seconds();
  store::UpdateOptions many;
  many.multi = true;
  const auto touched = db->update(
      rows_ns, bson::make_document("group", std::int32_t{7}),
      {bson::make_document("$inc",
                           bson::make_document("key", std::int64_t{0}, "visits", std::int32_t{1}))},
      many);
  expect(touched.matched == touched.modified && touched.matched >= rows / 1000,
         "an update of many meets its group");
  report("update a thousandth by scan", rows, start);

  start = seconds();
  store::RemoveOptions all;
  all.multi = true;
  const auto removed =
      db->remove(rows_ns, bson::make_document("_id", bson::make_document("$gte", rows / 2)), all);
  expect(removed == rows - rows / 2, "a range of ids is removed whole");
  report("remove the upper half", removed, start);
  expect(db->count(rows_ns, {}, {}) == rows / 2, "the lower half is still there");
  expect(store::embedded::check(*db).ok(), "check() finds nothing wrong");
  db->close();
  std::printf("file: %.1f MiB\n",
              static_cast<double>(std::filesystem::file_size(file)) / 1048576.0);
  for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(file + tail);
  return 0;
}
