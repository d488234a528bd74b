// Of a move: documents that were written, and how far the copy came with them, leave the source.
#include <map>

#include "migrate/data/batch_writer.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

std::string hash_text(bson::View document) {
  Digest hash;
  hash.add(document);
  return hash.hex();
}

}  // namespace

void BatchWriter::remove_sources(Chunk& chunk, const Database& source) {
  constexpr int most_rounds = 50;
  for (int round = 0; !chunk.pending.empty(); ++round) {
    if (round == most_rounds) {
      throw StoreError(ErrorCode::write_conflict,
                       "a document of the source changes all the time; it stays in both places");
    }
    std::map<std::string, std::string> written;
    std::vector<bson::Value> keys;
    for (const auto& one : chunk.pending.view()) {
      const bson::View entry = one.value.as_document();
      keys.emplace_back(entry["k"]);
      written.emplace(key_text(entry["k"]), get_text(entry, "h"));
    }
    std::vector<bson::Document> changed, filters;
    std::vector<store::BulkOperation> operations;
    auto there = find_keys(source, options_.collection, keys);
    filters.reserve(there.size());
    for (auto& document : there) {
      if (hash_text(document) != written[key_text(document["_id"])]) {
        changed.push_back(std::move(document));
        continue;
      }
      filters.push_back(exactly(document));
      store::BulkOperation one;
      one.kind = store::BulkOperation::Kind::remove_one;
      one.filter = filters.back();
      operations.push_back(one);
    }
    std::int64_t removed = 0;
    if (!operations.empty()) {
      auto options = safe<store::BulkOptions>();
      options.ordered = false;
      const auto result =
          source.store().bulk_write(source.ns(options_.collection), operations, options);
      for (const auto& error : result.errors) {
        if (error.error.code() != ErrorCode::write_conflict &&
            error.error.code() != ErrorCode::busy)
          throw error.error;
      }
      removed = result.removed;
    }
    // What was not removed changed in this moment: it is looked at again.
    if (removed < static_cast<std::int64_t>(operations.size())) continue;
    chunk.counts.removed += static_cast<std::int64_t>(keys.size() - changed.size());
    if (!changed.empty()) {
      rewrite(chunk, std::move(changed));
      continue;
    }
    chunk.pending = {};
    chunks_.save(chunk, nullptr);
    ++chunk.seq;
  }
}

void BatchWriter::rewrite(Chunk& chunk, std::vector<bson::Document> changed) {
  std::vector<Row> rows = map_rows(std::move(changed), options_.map);
  const std::size_t n = rows.size();
  Chunk next = chunk;
  const auto settle = [&](store::Session* session) {
    next = chunk;
    bson::Writer pending;
    for (Row& row : rows) {
      if (row.failure) {  // the copy of how it was before stays
        ++next.counts.rejected;
        write_reject(to_, book_, row, 1, session);
      } else if (row.mapped) {
        pending.push_document_begin()
            .append("k", row.key())
            .append("h", hash_text(row.source))
            .end();
      }
    }
    next.pending = pending.finish();
    chunks_.save(next, session);
  };
  try {
    if (book_.transactions()) {
      chunks_.in_transaction([&](store::Session* session) {
        put_txn(rows, n, Existing::replace, chunk.fence, session);
        settle(session);
      });
    } else {
      put_fenced(rows, n, Existing::replace, chunk.fence);
      settle(nullptr);
    }
  } catch (const Refused& refused) {
    throw StoreError(refused.failure.code,
                     "a document changed while it was moved, and the target refuses the new one: " +
                         refused.failure.text);
  }
  ++next.seq;
  chunk = next;
}

}  // namespace quire::migrate::data
