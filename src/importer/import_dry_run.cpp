// Reads and maps all, looks up what is there, and writes nothing.
#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "importer/import_state.hpp"
#include "migrate/documents.hpp"
#include "quire/bson/json.hpp"

namespace quire::importer {

using migrate::DataResult;
using migrate::data::Row;

namespace {

constexpr std::int64_t page_rows = 1000;
constexpr std::size_t page_bytes = 8 * 1024 * 1024;
constexpr std::int64_t partition_rows = 20'000;

/// What a dry run finds, summed up over its threads.
struct Tally {
  std::mutex mutex;
  migrate::DataCounts counts;
  std::vector<std::string> examples;  ///< of rejects, the first few
  std::vector<bson::Document> sample;
};

struct Work {
  Database& to;
  const Part& part;
  MappedSource& rows;
  const std::vector<bson::Value>& bounds;
  bool looks;
  const std::stop_token& stop;
  Tally& tally;
  std::function<void(std::int64_t)> progress = {};  ///< rows so far; under the tally's mutex
  std::atomic<std::size_t> next{0};
};

void count_row(Row& row, const std::unordered_map<std::string, bson::Document>& there,
               const Part& part, migrate::DataCounts& counts, std::vector<std::string>& examples) {
  constexpr std::size_t most_examples = 5;
  const auto reject = [&](const std::string& why) {
    ++counts.rejected;
    if (examples.size() < most_examples)
      examples.push_back("row " + bson::to_json(row.key()) + ": " + why);
  };
  ++counts.read;
  if (row.failure) {
    return reject((row.failure->field.empty() ? "" : row.failure->field + ": ") +
                  row.failure->text);
  }
  if (!row.mapped) {
    ++counts.dropped;
    return;
  }
  counts.bytes += static_cast<std::int64_t>(row.mapped->size());
  const auto found = there.find(id_text((*row.mapped)["_id"]));
  if (found == there.end()) {
    ++counts.written;
    return;
  }
  WriteRules rules = part.rules;
  rules.first_pass = false;  // what an earlier pass brought is told
  const auto settled = settle(row, found->second, part.data.name, rules);
  if (settled) {
    ++counts.written;
    ++counts.replaced;
  } else if (row.failure) {
    reject(row.failure->text);
  } else if (row.unchanged) {
    ++counts.unchanged;
  } else {
    ++counts.existing;
  }
}

void count_page(Work& work, std::vector<Row>& rows) {
  std::unordered_map<std::string, bson::Document> there;
  if (work.looks) {
    std::vector<bson::Value> ids;
    for (const Row& row : rows) {
      if (row.mapped && !row.failure) ids.emplace_back((*row.mapped)["_id"]);
    }
    for (auto& document : migrate::find_keys(work.to, work.part.data.into, ids)) {
      std::string key = id_text(document["_id"]);
      there.emplace(std::move(key), std::move(document));
    }
  }
  migrate::DataCounts counts;
  std::vector<std::string> examples;
  for (Row& row : rows) count_row(row, there, work.part, counts, examples);
  const std::lock_guard guard(work.tally.mutex);
  auto& sum = work.tally.counts;
  sum.read += counts.read;
  sum.written += counts.written;
  sum.replaced += counts.replaced;
  sum.existing += counts.existing;
  sum.dropped += counts.dropped;
  sum.rejected += counts.rejected;
  sum.bytes += counts.bytes;
  sum.unchanged += counts.unchanged;
  if (work.progress) work.progress(sum.read);
  for (auto& one : examples) {
    if (work.tally.examples.size() < 5) work.tally.examples.push_back(std::move(one));
  }
  for (Row& row : rows) {
    if (work.tally.sample.size() >= static_cast<std::size_t>(page_rows)) break;
    if (row.mapped && !row.failure) work.tally.sample.push_back(std::move(*row.mapped));
  }
}

void read_partitions(Work& work) {
  const auto side = work.rows.open();
  while (true) {
    const std::size_t n = work.next++;
    if (n > work.bounds.size() || work.stop.stop_requested()) return;
    migrate::KeyBounds rest;
    if (n > 0) rest.after = work.bounds[n - 1];
    if (n < work.bounds.size()) rest.until = work.bounds[n];
    while (!work.stop.stop_requested()) {
      auto page = side->read(rest, 0, page_rows, page_bytes);
      const std::size_t told = migrate::data::told_rows(page.rows, page.rows.size());
      if (told > 0) rest.after.emplace(page.rows[told - 1].key());
      count_page(work, page.rows);
      if (page.end) break;
    }
  }
}

/// Seconds that a document's write takes, by writing some in a transaction that is rolled back;
/// nothing where that cannot be done.
std::optional<double> write_time(Database& to, const Part& part,
                                 std::vector<bson::Document> sample) {
  if (sample.empty() || !to.capabilities().transactions) return std::nullopt;
  try {
    const auto session = to.store().start_session();
    const auto start = std::chrono::steady_clock::now();
    session->start_transaction({});
    const std::vector<bson::View> views(sample.begin(), sample.end());
    store::InsertOptions options;
    options.session = session.get();
    options.ordered = false;
    (void)to.store().insert(to.ns(part.data.into), views, options);
    session->abort_transaction();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return took.count() / static_cast<double>(sample.size());
  } catch (const Error&) {  // documents that are there, a collection that cannot be made there …
    return std::nullopt;
  }
}

/// What a part costs beside its rows: some 25 small writes of its job, each of which waits for the
/// disk or the server.
constexpr double part_seconds = 0.04;

}  // namespace

ImportReport Importer::Impl::dry_run(std::string_view only) {
  begin(false);
  auto report = each_part("dry-run", only, [&](Part& part, ImportPart& out, ImportReport& all) {
    compile(part);
    dry_part(part, out, all);
  });
  return report;
}

void Importer::Impl::dry_part(Part& part, ImportPart& out, ImportReport& report) {
  const auto start = migrate::boot_time();
  MappedSource rows = rows_of(part);
  std::vector<bson::Value> bounds;
  {
    const auto side = rows.open();
    migrate::KeyBounds rest;
    while (auto next = side->key_at(rest, partition_rows)) {
      bounds.push_back(*next);
      rest.after = std::move(next);
    }
  }
  Tally tally;
  Work work{
      to,           part, rows, bounds, migrate::find_document(to, part.data.into, {}).has_value(),
      options.stop, tally};
  auto told = migrate::boot_time();
  if (options.progress) {
    work.progress = [&, total = rows.size()](std::int64_t done) {
      const auto now = migrate::boot_time();
      if (now - told < std::chrono::milliseconds(100)) return;
      told = now;
      migrate::DataProgress progress;
      progress.job = part.data.name;
      progress.state = migrate::JobState::running;
      progress.done = done;
      progress.total = std::max(total.rows, done);
      progress.exact = total.exact;
      progress.rejected = tally.counts.rejected;
      progress.rate = static_cast<double>(done) * 1000 /
                      static_cast<double>(std::max<std::int64_t>((now - start).count(), 1));
      options.progress(part.name, progress);
    };
  }
  std::mutex mutex;
  std::exception_ptr failed;
  const auto one = [&] {
    try {
      read_partitions(work);
    } catch (...) {
      const std::lock_guard guard(mutex);
      if (!failed) failed = std::current_exception();
      work.next = bounds.size() + 1;
    }
  };
  std::vector<std::thread> threads;
  const auto wanted =
      std::min<std::size_t>(static_cast<std::size_t>(options.workers), bounds.size() + 1);
  for (std::size_t i = 1; i < wanted; ++i) threads.emplace_back(one);
  one();
  for (auto& thread : threads) thread.join();
  if (failed) std::rethrow_exception(failed);
  out.data.operation = "dry-run";
  out.data.counts = tally.counts;
  out.data.seconds = static_cast<double>((migrate::boot_time() - start).count()) / 1000;
  out.data.result = options.stop.stop_requested() ? DataResult::stopped : DataResult::complete;
  for (const auto& example : tally.examples) out.data.warnings.push_back("would reject " + example);
  const auto write = write_time(to, part, std::move(tally.sample));
  if (!write && tally.counts.written > 0) {
    report.estimated_seconds = -1;
    report.warnings.push_back(part.name + ": how long its writes would take is not known");
  } else if (report.estimated_seconds >= 0 || report.parts.size() == 1) {
    report.estimated_seconds = std::max(report.estimated_seconds, 0.0) + part_seconds +
                               out.data.seconds +
                               write.value_or(0) * static_cast<double>(tally.counts.written);
  }
}

}  // namespace quire::importer
