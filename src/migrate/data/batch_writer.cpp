#include "migrate/data/batch_writer.hpp"

#include <algorithm>

#include "bson/nan.hpp"
#include "migrate/data/stamp.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
bool may_be_tried_again(const Error& error) {
  return error.code() == ErrorCode::write_conflict || error.code() == ErrorCode::busy ||
         error.has_label(store::transient_transaction_error);
}
/// What is no fault of the document.
bool is_of_the_store(const Error& error) {
  switch (error.code()) {
    case ErrorCode::duplicate_key:
    case ErrorCode::validation_failed:
    case ErrorCode::document_too_large:
    case ErrorCode::too_deep:
    case ErrorCode::invalid_key:
    case ErrorCode::invalid_utf8:
    case ErrorCode::command_failed:
    case ErrorCode::invalid_argument:
    case ErrorCode::type_mismatch:
    case ErrorCode::invalid_query:
    case ErrorCode::invalid_update:
    case ErrorCode::immutable_field:
      return false;
    default:
      return true;
  }
}

Failure failure_of(const Error& error) {
  return {RejectStage::write, error.code(), error.detail(), error.path().str()};
}

/// Whether it is the _id that another document has.
bool is_id_taken(const store::WriteError& error) {
  if (error.error.code() != ErrorCode::duplicate_key) return false;
  const auto pattern = error.details.find("keyPattern");
  if (!pattern || !pattern->is_document())
    return error.error.detail().find("index: _id_") != std::string::npos;
  const bson::View keys = pattern->as_document();
  return keys.count() == 1 && keys.contains("_id");
}

void raise(const Error& error) {
  throw StoreError(error.code(), error.path(), error.detail(), error.backend_code(),
                   error.labels());
}

namespace {

bson::Document id_filter(const bson::Document& document) {
  return bson::make_document("_id", document["_id"]);
}

void advance(Chunk& chunk, const std::vector<Row>& rows, std::size_t n) {
  const std::size_t told = told_rows(rows, n);
  if (told > 0) {
    chunk.cursor.emplace(rows[told - 1].key());
    chunk.inside = 0;
  }
  for (std::size_t i = told; i < n; ++i) chunk.inside += rows[i].again ? 0 : 1;
}

}  // namespace

std::size_t BatchWriter::allowed(const std::vector<Row>& rows, std::size_t n) const {
  if (options_.policy == RejectPolicy::reject) return n;
  for (std::size_t i = 0; i < n; ++i) {
    if (rows[i].failure) return i;
  }
  return n;
}

Chunk BatchWriter::after(const Chunk& chunk, const std::vector<Row>& rows, std::size_t n,
                         bool last) const {
  Chunk next = chunk;
  bson::Writer pending;
  for (std::size_t i = 0; i < n; ++i) {
    const Row& row = rows[i];
    if (row.again && row.failure) continue;
    ++next.counts.read;
    if (row.failure) {
      ++next.counts.rejected;
    } else if (row.unchanged) {
      ++next.counts.unchanged;
    } else if (row.existing) {
      ++next.counts.existing;
    } else if (!row.mapped) {
      ++next.counts.dropped;
    } else {
      ++next.counts.written;
      next.counts.bytes += static_cast<std::int64_t>(row.mapped->size());
      if (row.prepared) {
        next.written.add(row.prepared->hash);
      } else {
        bson::Document room;
        next.written.add(canonical(*row.mapped, room));
      }
      if (options_.move) {
        Digest hash;
        hash.add(row.source);
        pending.push_document_begin().append("k", row.key()).append("h", hash.hex()).end();
      }
    }
  }
  next.counts.replaced += replaced_;
  advance(next, rows, n);
  if (options_.move) next.pending = pending.finish();
  // A move's partition is through when its last documents are removed, too, and one that is looked
  // at behind its writes when that was done.
  if (last && n == rows.size() && next.pending.empty() && !options_.inline_verify)
    next.state = "copied";
  return next;
}

/// While it lives, a store that can goes on behind documents that it refuses: write_in() marks
/// their rows. A transaction that comes again begins without the marks.
class BatchWriter::MarksRefused {
 public:
  MarksRefused(BatchWriter& writer, std::vector<Row>& rows) : writer_(writer), rows_(rows) {
    // Where a write that fails leaves nothing by itself, the transaction around it goes on; on a
    // server it is over.
    if (writer_.options_.policy == RejectPolicy::reject && writer_.goes_on_behind_errors())
      writer_.marked_ = &rows_;
  }
  ~MarksRefused() {
    writer_.marked_ = nullptr;
    writer_.refused_.clear();
  }
  MarksRefused(const MarksRefused&) = delete;
  MarksRefused& operator=(const MarksRefused&) = delete;
  void forget() const {
    for (const std::size_t index : writer_.refused_) {
      rows_[index].failure.reset();
      rows_[index].existing = false;
    }
    writer_.refused_.clear();
  }

 private:
  BatchWriter& writer_;
  std::vector<Row>& rows_;
};

bool BatchWriter::goes_on_behind_errors() const { return to_.capabilities().atomic_multi_writes; }

std::size_t BatchWriter::write(Chunk& chunk, std::vector<Row>& rows, bool last) {
  std::size_t n = rows.size();
  while (true) {
    const std::size_t wanted = allowed(rows, n);
    if (wanted == 0 && !rows.empty() && n > 0) {  // the policy ends the partition here
      Chunk next = chunk;
      next.state = "stopped";
      chunks_.in_transaction([&](store::Session* session) {
        write_reject(to_, book_, rows[0], 1, session);
        chunks_.save(next, session);
      });
      ++next.seq;
      chunk = next;
      return 0;
    }
    n = wanted;
    try {
      Chunk next;
      if (book_.transactions()) {
        const MarksRefused marks(*this, rows);
        chunks_.in_transaction([&](store::Session* session) {
          marks.forget();
          put_txn(rows, n, options_.existing, chunk.fence, session);
          next = after(chunk, rows, n, last);
          write_txn(next, rows, n, session);
        });
      } else {
        put_fenced(rows, n, options_.existing, chunk.fence);
        const std::size_t now = allowed(rows, n);
        if (now == 0 && n > 0) continue;
        n = now;
        next = after(chunk, rows, n, last);
        write_fenced(next, rows, n);
      }
      ++next.seq;
      chunk = std::move(next);
      return n;
    } catch (const Halve&) {
      n = (n + 1) / 2;
    } catch (const Refused& refused) {
      Row& row = rows[refused.index];
      mark(row, refused.failure, refused.existing);
      if (row.failure) n = refused.index + 1;
    }
  }
}

void BatchWriter::write_txn(const Chunk& next, std::vector<Row>& rows, std::size_t n,
                            store::Session* session) {
  for (std::size_t i = 0; i < n; ++i) {
    if (rows[i].failure) write_reject(to_, book_, rows[i], 1, session);
  }
  Chunk copy = next;
  chunks_.save(copy, session);
}

void BatchWriter::write_fenced(const Chunk& next, std::vector<Row>& rows, std::size_t n) {
  write_txn(next, rows, n, nullptr);
}

void BatchWriter::find_existing(std::vector<Row>& rows, std::size_t n, store::Session* session) {
  std::vector<bson::Value> keys;
  for (std::size_t i = 0; i < n; ++i) {
    if (rows[i].mapped && !rows[i].failure) keys.emplace_back((*rows[i].mapped)["_id"]);
  }
  std::vector<std::string> there;
  const bson::Document only_id = bson::make_document("_id", std::int32_t{1});
  for (const auto& document : find_keys(to_, options_.into, keys, session, only_id))
    there.push_back(key_text(document["_id"]));
  std::sort(there.begin(), there.end());
  for (std::size_t i = 0; i < n; ++i) {
    Row& row = rows[i];
    row.existing = row.mapped && !row.failure &&
                   std::binary_search(there.begin(), there.end(), key_text((*row.mapped)["_id"]));
  }
}

void BatchWriter::put_txn(std::vector<Row>& rows, std::size_t n, Existing existing,
                          std::int64_t fence, store::Session* session) {
  replaced_ = 0;
  if (existing == Existing::skip) find_existing(rows, n, session);
  std::vector<store::BulkOperation> operations;
  std::vector<std::size_t> of;
  std::vector<bson::Document> filters, documents;
  operations.reserve(n);
  filters.reserve(n);
  documents.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Row& row = rows[i];
    if (!row.mapped || row.failure || row.existing) continue;
    store::BulkOperation one;
    one.document = *row.mapped;
    if (options_.remove_gone) {
      documents.push_back(stamped(*row.mapped, book_.job(), fence, row.key()));
      one.document = documents.back();
    }
    if (existing == Existing::replace) {
      filters.push_back(id_filter(*row.mapped));
      one.kind = store::BulkOperation::Kind::replace_one;
      one.filter = filters.back();
      one.upsert = true;
    }
    operations.push_back(one);
    of.push_back(i);
  }
  if (operations.empty()) return;
  const auto matched = write_in(operations, of, session, true);
  replaced_ = *matched;
}

void BatchWriter::mark(Row& row, Failure failure, bool existing) const {
  if (existing && options_.existing == Existing::skip) {
    row.existing = true;  // it came meanwhile
  } else {
    row.failure = std::move(failure);
  }
}

std::optional<std::int64_t> BatchWriter::write_in(
    const std::vector<store::BulkOperation>& operations, const std::vector<std::size_t>& of,
    store::Session* session, bool existing_too) {
  auto options = safe<store::BulkOptions>(session);
  options.ordered = marked_ == nullptr;
  store::BulkResult result;
  try {
    result = to_.store().bulk_write(to_.ns(options_.into), operations, options);
  } catch (const Error& error) {
    // Of one document it is the document's; else which one is found by trying fewer.
    if (may_be_tried_again(error) || is_of_the_store(error)) throw;
    if (of.size() == 1) throw Refused{of[0], failure_of(error), false};
    throw Halve{};
  }
  for (const auto& error : result.errors) {
    if (may_be_tried_again(error.error) || is_of_the_store(error.error)) raise(error.error);
    const bool existing = is_id_taken(error);
    if (existing && !existing_too) return std::nullopt;
    const std::size_t index = of[std::min(error.index, of.size() - 1)];
    if (marked_ == nullptr) throw Refused{index, failure_of(error.error), existing};
    mark((*marked_)[index], failure_of(error.error), existing);
    refused_.push_back(index);
  }
  return result.matched;
}

bson::Document BatchWriter::fenced(bson::View document, std::int64_t fence) const {
  bson::Writer w;
  for (const auto& field : document) {
    if (field.key != "_q") w.append_raw(field);
  }
  w.begin_document("_q").append("j", book_.job()).append("f", fence).end();
  return w.finish();
}

void BatchWriter::put_fenced(std::vector<Row>& rows, std::size_t n, Existing existing,
                             std::int64_t fence) {
  replaced_ = 0;
  std::vector<store::BulkOperation> operations;
  std::vector<std::size_t> of;
  std::vector<bson::Document> filters, documents;
  operations.reserve(n);
  filters.reserve(n);
  documents.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    Row& row = rows[i];
    row.existing = false;
    if (!row.mapped || row.failure) continue;
    documents.push_back(options_.remove_gone ? stamped(*row.mapped, book_.job(), fence, row.key())
                                             : fenced(*row.mapped, fence));
    bson::Writer filter;
    filter.append("_id", documents.back()["_id"]);
    if (existing == Existing::replace) {
      // Whatever is there, but for what a later holder of the partition wrote.
      filter.begin_array("$nor").push_document_begin().append("_q.j", book_.job());
      filter.begin_document("_q.f").append("$gt", fence).end().end().end();
    } else {
      // Only what this job wrote, by this holder or an earlier one; all else is a duplicate key.
      filter.append("_q.j", book_.job()).begin_document("_q.f").append("$lte", fence).end();
    }
    filters.push_back(filter.finish());
    store::BulkOperation one;
    one.kind = store::BulkOperation::Kind::replace_one;
    one.filter = filters.back();
    one.document = documents.back();
    one.upsert = true;
    // Some servers take a NaN for another _id than itself when it is replaced.
    if (bson::is_nan(documents.back()["_id"])) {
      one.kind = store::BulkOperation::Kind::insert;
      one.filter = {};
      one.upsert = false;
    }
    operations.push_back(one);
    of.push_back(i);
  }
  if (operations.empty()) return;
  auto options = safe<store::BulkOptions>();
  options.ordered = false;
  const auto result = to_.store().bulk_write(to_.ns(options_.into), operations, options);
  // Else what was there was this job's own, of a batch that comes again.
  if (existing == Existing::replace) replaced_ = result.matched;
  for (const auto& error : result.errors) {
    if (error.index >= of.size() || is_of_the_store(error.error)) raise(error.error);
    Row& row = rows[of[error.index]];
    if (error.error.code() == ErrorCode::duplicate_key) {
      const auto there = find_document(to_, options_.into, id_filter(*row.mapped));
      const auto stamp = there ? there->find("_q") : std::nullopt;
      if (stamp && stamp->is_document() && get_text(stamp->as_document(), "j") == book_.job()) {
        if (get_int(stamp->as_document(), "f") > fence) throw ChunkLost{};
        if (operations[error.index].kind == store::BulkOperation::Kind::insert) continue;  // ours
      }
      if (there && existing == Existing::skip) {
        row.existing = true;
        continue;
      }
    }
    row.failure = failure_of(error.error);
  }
}

}  // namespace quire::migrate::data
