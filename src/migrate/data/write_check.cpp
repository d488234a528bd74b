#include "migrate/data/write_check.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "migrate/documents.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

bool was_written(const Row& row) {
  return row.mapped && !row.failure && !row.existing && !row.unchanged;
}

std::string text_of(const VerifyDifference& how) {
  if (how.kind == VerifyDifference::Kind::missing)
    return "the document was written, and is not there any more";
  return "the document was written, and is another one now; the first path that differs is \"" +
         how.path + "\"";
}

ErrorCode code_of(const VerifyDifference& how) {
  return how.kind == VerifyDifference::Kind::missing ? ErrorCode::not_found
                                                     : ErrorCode::write_conflict;
}

}  // namespace

bool WriteCheck::behind(Chunk& chunk, const std::vector<Row>& rows, std::size_t n) {
  if (!is_on() || n == 0) return true;
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(n);
  std::vector<Row> written;
  std::copy_if(rows.begin(), end, std::back_inserter(written), was_written);
  if (!check(chunk, written, false)) return false;
  if (const std::size_t told = told_rows(rows, n); told > 0)
    chunk.checked.emplace(rows[told - 1].key());
  return true;
}

bool WriteCheck::resume(Chunk& chunk, RowSide& source) {
  if (!is_on() || !chunk.cursor || chunk.checked == chunk.cursor) return true;
  const DataOptions& options = parts_.options;
  const bool presence_only = left_some_alone();
  bool end = false;
  while (!end) {
    auto batch = source.read(chunk.unchecked(), 0, options.batch_documents, options.batch_bytes);
    std::optional<bson::Value> last;
    if (const std::size_t told = told_rows(batch.rows, batch.rows.size()); told > 0)
      last.emplace(batch.rows[told - 1].key());
    end = batch.end || !last;
    std::erase_if(batch.rows, [](const Row& row) { return !was_written(row); });
    const auto looked_at = leave_out_rejects(batch.rows);
    if (!check(chunk, batch.rows, presence_only)) return false;
    forget(looked_at);
    if (last) chunk.checked = std::move(last);
  }
  chunk.checked = chunk.cursor;
  return true;
}

/// Whether documents may have stayed that are not as their rows: of which rows is only known by
/// who wrote the batch. Later passes of an import leave those that were edited.
bool WriteCheck::left_some_alone() const {
  const DataOptions& options = parts_.options;
  if (options.mapping == "import" && parts_.book.epoch() > 1) return true;
  return options.existing == Existing::skip && !options.remove_gone;
}

void WriteCheck::close(Chunk& chunk) {
  if (!is_on()) return;
  chunk.state = "copied";
  chunk.checked = chunk.cursor;
  save(chunk, [](store::Session*) {});
}

void WriteCheck::save(Chunk& chunk, FunctionRef<void(store::Session*)> besides) {
  chunks_.in_transaction([&](store::Session* session) {
    besides(session);
    chunks_.save(chunk, session);
  });
  ++chunk.seq;
}

bool WriteCheck::check(Chunk& chunk, const std::vector<Row>& rows, bool presence_only) {
  std::vector<Row> odd = suspects(rows, presence_only);
  if (odd.empty()) return true;
  const VerifyReport found = compare(odd, presence_only);
  if (found.stopped) return false;
  if (found.differences.empty()) return true;
  if (parts_.options.policy == RejectPolicy::stop) {
    stop(found);
    return false;
  }
  put_aside(chunk, std::move(odd), found);
  return chunk.state == "open";
}

/// By one read, of which nearly always nothing is left.
std::vector<Row> WriteCheck::suspects(const std::vector<Row>& rows, bool presence_only) const {
  std::vector<bson::Value> keys;
  for (const Row& row : rows) keys.emplace_back((*row.mapped)["_id"]);
  std::unordered_map<std::string, bson::Document> there;
  for (auto& document : find_keys(parts_.to, parts_.options.into, keys)) {
    std::string key = key_text(document["_id"]);
    there.emplace(std::move(key), std::move(document));
  }
  const auto& alike = parts_.options.alike;
  std::vector<Row> out;
  for (const Row& row : rows) {
    const auto found = there.find(key_text((*row.mapped)["_id"]));
    if (found != there.end()) {
      bson::Document room, other;
      const bson::View wanted = canonical(*row.mapped, room);
      const bson::View now = canonical(found->second, other);
      if (presence_only || (alike ? alike(wanted, now) : wanted == now)) continue;
    }
    out.push_back(row);
  }
  return out;
}

/// Both sides again, until they are alike or nothing moves: the application may write to both.
VerifyReport WriteCheck::compare(const std::vector<Row>& rows, bool presence_only) const {
  const DataOptions& options = parts_.options;
  CompareJob job{parts_.source, parts_.to, options.into, options.verify, options.stop, {}, {}};
  job.options.level = VerifyLevel::full;
  job.options.presence_only = presence_only;
  job.options.extra_allowed = true;  // a row that is gone from the source since
  job.options.most_differences = rows.size();
  job.alike = options.alike;
  Compared found = Comparer(job).rows(rows);
  found.report.source = found.report.target = static_cast<std::int64_t>(rows.size());
  return found.report;
}

void WriteCheck::stop(const VerifyReport& found) const {
  const VerifyDifference& first = found.differences.front();
  std::string text = "_id " + (first.key ? bson::to_json(first.key->view()) : "?") + " of " +
                     parts_.options.into + ": " + text_of(first);
  {
    const std::lock_guard guard(parts_.mutex);
    parts_.behind_writes = found;
  }
  parts_.gate.stop(
      StopCause::mismatch, text,
      MigrationError(ErrorCode::migration_partial, FieldPath(parts_.options.name), text));
}

/// A move leaves them in the source.
void WriteCheck::put_aside(Chunk& chunk, std::vector<Row> rows, const VerifyReport& found) {
  std::unordered_map<std::string, const VerifyDifference*> differ;
  for (const VerifyDifference& one : found.differences)
    if (one.key) differ.emplace(key_text(one.key->view()), &one);
  std::set<std::string> sources;
  std::erase_if(rows, [&](Row& row) {
    const auto at = differ.find(key_text((*row.mapped)["_id"]));
    if (at == differ.end()) return true;
    const VerifyDifference& how = *at->second;
    row.failure = Failure{RejectStage::verify, code_of(how), text_of(how), how.path};
    sources.insert(key_text(row.key()));
    return false;
  });
  Chunk next = chunk;
  // A row that no key tells may come again, and was counted then.
  const auto rejected = static_cast<std::int64_t>(
      std::ranges::count_if(rows, [](const Row& row) { return !row.again; }));
  next.counts.rejected += rejected;
  if (parts_.options.policy == RejectPolicy::stop_partition) {
    next.state = "stopped";  // and is looked at again
  } else {
    bson::Writer pending;
    for (const auto& one : chunk.pending.view()) {
      if (!sources.contains(key_text(one.value.as_document()["k"])))
        pending.push(one.value.as_document());
    }
    next.pending = pending.finish();
  }
  save(next, [&](store::Session* session) {
    for (const Row& row : rows) write_reject(parts_.to, parts_.book, row, 1, session);
  });
  chunk = std::move(next);
  parts_.monitor.add(0, rejected);
}

std::vector<bson::Value> WriteCheck::leave_out_rejects(std::vector<Row>& rows) const {
  std::vector<bson::Value> looked_at;
  if (rows.empty()) return looked_at;
  bson::Writer filter;
  filter.append("job", parts_.options.name).begin_document("key").begin_array("$in");
  for (const Row& row : rows) filter.push(row.key());
  filter.end().end();
  const bson::Document where = filter.finish();
  std::set<std::string> aside;
  const auto cursor =
      parts_.to.store().find(parts_.to.ns(rejects_collection), where, safe<store::FindOptions>());
  while (const auto reject = cursor->next()) {
    // A partition that ended before such a document begins with it again.
    const bool again =
        parts_.options.policy == RejectPolicy::stop_partition &&
        get_text((*reject)["_id"].as_document(), "stage") == to_string(RejectStage::verify);
    if (again) {
      looked_at.emplace_back((*reject)["_id"]);
    } else {
      aside.insert(key_text((*reject)["key"]));
    }
  }
  std::erase_if(rows, [&](const Row& row) { return aside.contains(key_text(row.key())); });
  return looked_at;
}

void WriteCheck::forget(const std::vector<bson::Value>& rejects) const {
  for (const bson::Value& id : rejects) {
    (void)parts_.to.store().remove(parts_.to.ns(rejects_collection), bson::make_document("_id", id),
                                   safe<store::RemoveOptions>());
  }
}

}  // namespace quire::migrate::data
