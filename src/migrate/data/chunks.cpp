#include "migrate/data/chunks.hpp"

#include <algorithm>

#include "quire/bson/writer.hpp"
#include "quire/store/transaction.hpp"

namespace quire::migrate::data {
namespace {

DataCounts counts_of(bson::View document) {
  DataCounts counts;
  counts.read = get_int(document, "read");
  counts.written = get_int(document, "written");
  counts.replaced = get_int(document, "replaced");
  counts.existing = get_int(document, "existing");
  counts.dropped = get_int(document, "dropped");
  counts.rejected = get_int(document, "rejected");
  counts.removed = get_int(document, "removed");
  counts.bytes = get_int(document, "bytes");
  counts.unchanged = get_int(document, "unchanged");
  return counts;
}

Chunk chunk_of(bson::View document) {
  Chunk chunk;
  chunk.n = get_int(document["_id"].as_document(), "n");
  if (const auto v = document.find("after")) chunk.bounds.after.emplace(*v);
  if (const auto v = document.find("until")) chunk.bounds.until.emplace(*v);
  if (const auto v = document.find("cursor")) chunk.cursor.emplace(*v);
  chunk.inside = get_int(document, "inside");
  if (const auto v = document.find("checked")) chunk.checked.emplace(*v);
  chunk.state = get_text(document, "state");
  chunk.fence = get_int(document, "fence");
  chunk.seq = get_int(document, "seq");
  chunk.counts = counts_of(document);
  chunk.written = Digest::from(chunk.counts.written, get_text(document, "digest"));
  if (const auto v = document.find("pending"); v && v->is_array())
    chunk.pending = bson::Document(v->as_array());
  return chunk;
}

bson::Document chunk_key(const JobBook& book, std::int64_t n) {
  bson::Writer w;
  w.append("job", book.job()).append("epoch", book.epoch()).append("n", n);
  return w.finish();
}

}  // namespace

void append_counts(bson::Writer& w, const DataCounts& counts) {
  w.append("read", counts.read)
      .append("written", counts.written)
      .append("replaced", counts.replaced)
      .append("existing", counts.existing)
      .append("dropped", counts.dropped)
      .append("rejected", counts.rejected)
      .append("removed", counts.removed)
      .append("bytes", counts.bytes)
      .append("unchanged", counts.unchanged);
}

Chunks::Chunks(Database db, JobBook& book, std::string run, Transactions& transactions)
    : db_(std::move(db)),
      book_(book),
      run_(std::move(run)),
      transactions_(transactions),
      dead_(db_, book.job(), run_) {}

std::optional<Chunk> Chunks::claim(std::string_view state, std::int64_t& left) {
  took_over_ = false;
  left = 0;
  bson::Writer free;
  free.append("job", book_.job()).append("epoch", book_.epoch()).append("state", state);
  const bson::Document filter = free.finish();
  std::vector<bson::Document> candidates, held;
  {
    const bson::Document order = bson::make_document("_id", std::int32_t{1});
    auto options = safe<store::FindOptions>();
    options.sort = order;
    const auto cursor = db_.store().find(db_.ns(chunks_collection), filter, options);
    while (const auto document = cursor->next()) {
      const auto owner = document->find("owner");
      const bool free_one = !owner || owner->is_null();
      (free_one ? candidates : held).emplace_back(*document);
      if (candidates.size() >= 16) break;
    }
  }
  for (const auto& one : candidates) {
    if (auto chunk = take(one)) return chunk;
  }
  left = static_cast<std::int64_t>(candidates.size() + held.size());
  for (const auto& one : held) {
    if (get_text(one, "owner") == run_) continue;
    if (auto chunk = take_over(one)) {
      took_over_ = true;
      return chunk;
    }
  }
  return std::nullopt;
}

std::optional<KeyBounds> Chunks::likely_next(std::string_view state) {
  bson::Writer free;
  free.append("job", book_.job()).append("epoch", book_.epoch()).append("state", state);
  free.append_null("owner");
  const auto found = find_document(db_, chunks_collection, free.finish(), nullptr,
                                   bson::make_document("_id", std::int32_t{1}));
  if (!found) return std::nullopt;
  const Chunk chunk = chunk_of(*found);
  if (chunk.cursor || chunk.inside > 0) return std::nullopt;
  return chunk.bounds;
}

/// What the dead worker has open is ended first: it may hold the partition's document, and the
/// documents of its batch.
std::optional<Chunk> Chunks::take_over(bson::View chunk) {
  if (const auto holder = dead_.find(get_text(chunk, "owner"))) {
    if (!dead_.is_dead(*holder)) return std::nullopt;
    dead_.end_sessions_of(*holder);
    return take(chunk);
  }
  // Its process ended and took its document along, or somebody removed it: it gets a lease too.
  constexpr std::int64_t lease = 1000;
  const bool abandoned = ownerless_[get_int(chunk["_id"].as_document(), "n")].lasts(
      get_int(chunk, "fence"), -2, lease, boot_time());
  return abandoned ? take(chunk) : std::nullopt;
}

std::int64_t Chunks::fence_above(std::int64_t former) {
  constexpr std::int64_t block = 64;  // one write for so many
  if (next_fence_ > last_fence_ || next_fence_ <= former) {
    last_fence_ = book_.next_fences(block);
    next_fence_ = last_fence_ - block + 1;
  }
  return next_fence_++;
}

std::optional<Chunk> Chunks::take(bson::View chunk) {
  const std::int64_t fence = fence_above(get_int(chunk, "fence"));
  bson::Writer filter;
  filter.append("_id", chunk["_id"])
      .append("state", get_text(chunk, "state"))
      .append("fence", get_int(chunk, "fence"));
  if (const auto owner = chunk.find("owner"); owner && !owner->is_null()) {
    filter.append("owner", *owner);
  } else {
    filter.append_null("owner");
  }
  bson::Writer update;
  update.begin_document("$set").append("owner", run_).append("fence", fence).end();
  const bson::Document filter_body = filter.finish();
  const bson::Document body = update.finish();
  std::optional<bson::Document> now;
  const auto change = [&](store::Session* session) {
    auto with_session = safe<store::FindAndModifyOptions>(session);
    with_session.return_document = store::ReturnDocument::after;
    now = db_.store()
              .find_and_modify(db_.ns(chunks_collection), filter_body, {body.view()}, with_session)
              .value;
  };
  try {
    // Another worker's transaction may hold the document: a plain write would wait for its end, one
    // in a transaction is refused at once.
    transactions_.try_run(change);
  } catch (const StoreError& error) {
    if (error.code() == ErrorCode::busy || error.code() == ErrorCode::write_conflict ||
        error.has_label(store::transient_transaction_error)) {
      // It may be of a process that died while it took the partition.
      dead_.end_all_sessions();
      return std::nullopt;
    }
    throw;
  }
  if (!now) return std::nullopt;
  return chunk_of(*now);
}

void Chunks::save(Chunk& chunk, store::Session* session) { save(chunk, session, {}); }

void Chunks::save(Chunk& chunk, store::Session* session, bson::View more) {
  bson::Writer update;
  update.begin_document("$set").append("seq", chunk.seq + 1).append("state", chunk.state);
  append_counts(update, chunk.counts);
  update.append("digest", chunk.written.hex());
  if (chunk.cursor) update.append("cursor", *chunk.cursor);
  update.append("inside", chunk.inside);
  if (chunk.checked) update.append("checked", *chunk.checked);
  update.append_array("pending", chunk.pending);
  update.append_all(more);
  // Whose work on it is done keeps it no longer.
  if (chunk.state != "open" && chunk.pending.empty()) update.append_null("owner");
  update.end();
  const bson::Document body = update.finish();
  bson::Writer filter;
  filter.append("_id", chunk_key(book_, chunk.n))
      .append("fence", chunk.fence)
      .append("seq", chunk.seq);
  const bson::Document where = filter.finish();
  const auto result = db_.store().update(db_.ns(chunks_collection), where, {body.view()},
                                         safe<store::UpdateOptions>(session));
  if (result.matched != 1) throw ChunkLost{};
}

void Chunks::release(const Chunk& chunk) noexcept {
  try {
    bson::Writer filter;
    filter.append("_id", chunk_key(book_, chunk.n)).append("fence", chunk.fence);
    bson::Writer update;
    update.begin_document("$set").append_null("owner").end();
    const bson::Document where = filter.finish();
    const bson::Document body = update.finish();
    (void)db_.store().update(db_.ns(chunks_collection), where, {body.view()},
                             safe<store::UpdateOptions>());
  } catch (...) {  // taken over after the lease
  }
}

ChunkSums sum_chunks(Database& db, const JobBook& book) {
  return sum_chunks(db, book.job(), book.epoch());
}

ChunkSums sum_chunks(Database& db, std::string_view job, std::int64_t epoch) {
  ChunkSums sums;
  bson::Writer w;
  for (const char* field : {"state", "read", "written", "replaced", "existing", "dropped",
                            "rejected", "removed", "bytes", "unchanged"})
    w.append(field, std::int32_t{1});
  const bson::Document fields = w.finish();
  auto options = safe<store::FindOptions>();
  options.projection = fields;
  const auto cursor = db.store().find(db.ns(chunks_collection),
                                      bson::make_document("job", job, "epoch", epoch), options);
  while (const auto document = cursor->next()) {
    const DataCounts one = counts_of(*document);
    sums.counts.read += one.read;
    sums.counts.written += one.written;
    sums.counts.replaced += one.replaced;
    sums.counts.existing += one.existing;
    sums.counts.dropped += one.dropped;
    sums.counts.rejected += one.rejected;
    sums.counts.removed += one.removed;
    sums.counts.bytes += one.bytes;
    sums.counts.unchanged += one.unchanged;
    const std::string state = get_text(*document, "state");
    if (state == "open") ++sums.open;
    if (state == "copied") ++sums.copied;
    if (state == "verified") ++sums.verified;
    if (state == "stopped") ++sums.stopped;
    if (state == "mismatch") ++sums.mismatch;
    if (state == "verified" || state == "mismatch") sums.compared += one.read;
  }
  return sums;
}

void reopen_chunks(Database& db, const JobBook& book, std::string_view from, std::string_view to) {
  bson::Writer update;
  update.begin_document("$set").append("state", to).append_null("owner").end();
  const bson::Document body = update.finish();
  auto options = safe<store::UpdateOptions>();
  options.multi = true;
  (void)db.store().update(
      db.ns(chunks_collection),
      bson::make_document("job", book.job(), "epoch", book.epoch(), "state", from), {body.view()},
      options);
}

}  // namespace quire::migrate::data
