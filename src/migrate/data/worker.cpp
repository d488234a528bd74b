#include "migrate/data/worker.hpp"

#include <algorithm>
#include <system_error>

#include "migrate/data/write_check.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {

namespace {

std::int64_t count_stopped(Database& to, const JobBook& book) {
  return to.store().count(
      to.ns(chunks_collection),
      bson::make_document("job", book.job(), "epoch", book.epoch(), "state", "stopped"),
      safe<store::CountOptions>());
}

}  // namespace

bool too_many_rejects(Database& to, const JobBook& book, const DataOptions& options) {
  const std::int64_t rejects = count_rejects(to, book);
  if (rejects == 0) return false;
  if (rejects > options.limits.most) return true;
  const auto is_more_than_of = [&](std::int64_t rows) {
    return static_cast<double>(rejects) > options.limits.percent / 100 * static_cast<double>(rows);
  };
  const std::int64_t told = options.rows_of_limits > 0 ? options.rows_of_limits : book.total();
  if (options.limits.percent >= 100 || !is_more_than_of(told)) return false;
  if (options.rows_of_limits == 0 && book.exact()) return true;
  // A database may tell of half a table's rows, and of none when it was started again: how many
  // there are is known at the end, by what was read.
  const std::int64_t times = options.of_target.empty() ? 1 : 2;  // an import's are of tables
  const ChunkSums sums = sum_chunks(to, book);
  const std::int64_t seen = std::max(told, sums.counts.read);
  return sums.open > 0 ? told > 0 && is_more_than_of(times * seen) : is_more_than_of(seen);
}

Worker::Worker(RunParts& parts, int number)
    : parts_(parts),
      chunks_(parts.to, parts.book, parts.presence.run(), parts.presence.of_worker(number)),
      writer_(parts.writer(parts.to, parts.book, chunks_)),
      size_(parts.options.batch_documents, parts.options.batch_time) {}

template <class Work>
void Worker::each_chunk(std::string_view state, const Work& work) noexcept {
  constexpr Milliseconds shortest{5};
  Milliseconds pause = shortest;
  try {
    while (parts_.gate.pass()) {
      std::int64_t left = 0;
      auto chunk = chunks_.claim(state, left);
      if (!chunk) {
        if (left == 0) return;
        parts_.monitor.waits("waits for partitions of other workers");
        sleep_or_stop(pause, parts_.options.stop);
        pause = std::min({pause * 2, parts_.options.lease / 10, Milliseconds(200)});
        parts_.monitor.waits("");
        continue;
      }
      pause = shortest;
      if (chunks_.took_over()) ++parts_.taken_over;
      if (!chunks_.undrained().empty()) {
        const std::lock_guard guard(parts_.mutex);
        parts_.undrained = chunks_.undrained();
      }
      try {
        work(*chunk);
      } catch (const ChunkLost&) {
        ++parts_.lost;
        continue;
      } catch (...) {
        chunks_.release(*chunk);
        throw;
      }
      if (chunk->state == state)
        chunks_.release(*chunk);  // else it was given back when it was saved
    }
  } catch (const Error& error) {
    parts_.gate.stop(StopCause::failed, error.what(), error);
  } catch (...) {
    const Caught caught = current_failure();
    parts_.gate.stop(
        StopCause::failed, caught.text,
        MigrationError(ErrorCode::migration_failed, FieldPath(parts_.book.job()), caught.text));
  }
}

void Worker::copy_all() noexcept {
  each_chunk("open", [&](Chunk& chunk) { copy(chunk); });
}

/// Another worker or process may have ended the job.
bool Worker::over_the_limit() {
  if (parts_.options.policy == RejectPolicy::stop && count_stopped(parts_.to, parts_.book) > 0) {
    parts_.gate.stop(StopCause::rejects, "a document was put aside, and the policy is stop");
    return true;
  }
  if (!too_many_rejects(parts_.to, parts_.book, parts_.options)) return false;
  parts_.gate.stop(StopCause::rejects, "more documents were put aside than allowed");
  return true;
}

/// Of a source that shows one state all the time, a side serves for all partitions.
bool Worker::open(Chunk& chunk, WriteCheck& check) {
  const bool stays = parts_.source.reads_ahead() && !parts_.options.inline_verify &&
                     parts_.source.consistency() == "single_snapshot";
  reads_next_ = false;
  if (stays && source_) return true;
  source_.reset();
  auto side = parts_.source.open();
  if (!check.resume(chunk, *side)) return false;
  source_ = std::make_unique<ReadAhead>(std::move(side), parts_.source.reads_ahead(),
                                        [this](RowSide::Batch& batch) { writer_->prepare(batch); });
  keeps_source_ = stays;
  return true;
}

/// Else nothing would be read while a partition's last batches are written, and nothing written
/// while the first ones of another are read. Of several workers one does what another waits for.
void Worker::read_next_partition() {
  if (!keeps_source_ || reads_next_ || parts_.options.workers > 1 || !source_->is_through()) return;
  reads_next_ = true;
  if (auto bounds = chunks_.likely_next("open")) source_->go_on_with(std::move(*bounds));
}

void Worker::copy(Chunk& chunk) {
  const DataOptions& options = parts_.options;
  if (over_the_limit()) return;
  WriteCheck check(parts_, chunks_);
  if (!open(chunk, check)) return;
  if (options.move) writer_->remove_sources(chunk, *parts_.from);  // what the one before left
  while (chunk.state == "open") {
    if (!parts_.gate.pass()) return;
    const auto start = boot_time();
    auto batch = source_->read(chunk.rest(), chunk.inside, size_.documents(), options.batch_bytes);
    auto& rows = batch.rows;
    // Rows that no key tells apart come as they come, one batch behind the other.
    if (!batch.end && !rows.empty() && rows.back().alike == 0) {
      source_->begin({bson::Value(rows.back().key()), chunk.bounds.until}, size_.documents(),
                     options.batch_bytes);
    }
    read_next_partition();
    const auto documents = static_cast<std::int64_t>(rows.size());
    const std::int64_t rejected = chunk.counts.rejected;
    while (true) {
      const std::int64_t before = chunk.counts.rejected;
      const std::size_t n = writer_->write(chunk, rows, batch.end);
      parts_.monitor.add(static_cast<std::int64_t>(n), chunk.counts.rejected - before);
      if (chunk.state == "stopped") {
        if (options.policy == RejectPolicy::stop)
          parts_.gate.stop(StopCause::rejects, "a document was put aside, and the policy is stop");
        return;
      }
      if (!check.behind(chunk, rows, n)) return;
      if (options.move) writer_->remove_sources(chunk, *parts_.from);
      if (n == rows.size()) break;
      rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(n));
    }
    if (batch.end) check.close(chunk);
    source_->done(std::move(batch));
    if (chunk.counts.rejected > rejected && over_the_limit()) return;
    const auto took = boot_time() - start;
    size_.took(took, documents);
    parts_.gate.rest(documents, took);
  }
}

void Worker::verify_all(const CompareJob& job) noexcept {
  each_chunk("copied", [&](Chunk& chunk) {
    Comparer comparer(job);
    const Compared found = comparer.range(chunk.bounds, chunk.n, parts_.book.total());
    if (found.report.stopped) return;
    chunk.state = found.report.ok() ? "verified" : "mismatch";
    const bson::Document more = bson::make_document("verification", found.stored());
    chunks_.save(chunk, nullptr, more);
  });
}

void run_workers(RunParts& parts, const std::function<void(Worker&)>& work) {
  std::vector<std::thread> threads;
  const auto one = [&](int number) {
    Worker worker(parts, number);
    work(worker);
  };
  try {
    for (int i = 1; i < parts.options.workers; ++i) threads.emplace_back(one, i);
  } catch (const std::system_error&) {  // fewer threads do as well
  }
  one(0);
  for (auto& thread : threads) thread.join();
}

}  // namespace quire::migrate::data
