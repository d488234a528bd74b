#include "migrate/data/rows.hpp"

#include <cstring>

#include "migrate/data/stamp.hpp"
#include "migrate/digest.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

bool is_stamp(std::string_view key) { return key == "_v" || key == "_q"; }

/// With the source's _id in front where the function gave none.
bson::Document with_id(bson::Document mapped, bson::ValueView id) {
  if (mapped.contains("_id")) return mapped;
  bson::Writer w;
  w.append("_id", id).append_all(mapped);
  return w.finish();
}

/// Whether "_v" or "_q" may be the name of a field: false for nearly all documents, by their bytes.
bool may_have_stamps(bson::View document) {
  const std::uint8_t* at = document.data();
  const std::uint8_t* const end = at + document.size();
  while (true) {
    at = static_cast<const std::uint8_t*>(std::memchr(at, '_', static_cast<std::size_t>(end - at)));
    if (at == nullptr || end - at < 3) return false;
    if ((at[1] == 'v' || at[1] == 'q') && at[2] == 0) return true;
    ++at;
  }
}

bool has_stamps(bson::View document) {
  if (!may_have_stamps(document)) return false;
  bool any = false;
  for (const auto& field : document) any = any || is_stamp(field.key);
  return any;
}

}  // namespace

void map_row(Row& row, const detail::StagedMap& map) {
  RejectStage stage = RejectStage::map;
  try {
    if (!map) {
      row.mapped.emplace(row.source);
      return;
    }
    auto mapped = map(row.source, stage);
    if (!mapped) return;
    stage = RejectStage::validate;
    bson::Document whole = with_id(std::move(*mapped), row.key());
    bson::validate(whole);
    row.mapped.emplace(std::move(whole));
  } catch (const Error& error) {
    row.failure = {stage, error.code(), error.detail(), error.path().str()};
  } catch (...) {
    const Caught caught = current_failure();
    row.failure = {stage, caught.code, caught.text, ""};
  }
}

std::vector<Row> map_rows(std::vector<bson::Document> documents, const detail::StagedMap& map) {
  std::vector<Row> rows;
  rows.reserve(documents.size());
  for (auto& document : documents) {
    Row& row = rows.emplace_back();
    row.source = std::move(document);
    map_row(row, map);
  }
  return rows;
}

bson::View canonical(bson::View document, bson::Document& room) {
  if (!has_stamps(document)) return document;
  bson::Writer w;
  for (const auto& field : document) {
    if (!is_stamp(field.key)) w.append_raw(field);
  }
  room = w.finish();
  return room;
}

bson::View Prepared::under(std::int64_t fence) const {
  std::memcpy(data + fence_at, &fence, sizeof fence);
  return {data, size};
}

void prepare_rows(std::vector<Row>& rows, bson::Buffer& bytes, std::string_view job) {
  const StampMaker stamps(job);
  std::size_t size = 0;
  for (const Row& row : rows) {
    if (row.mapped && !row.failure) size += stamps.room(*row.mapped, row.key());
  }
  (void)bytes.reserve(size);  // at once: what is in it does not move
  for (Row& row : rows) {
    if (!row.mapped || row.failure || has_stamps(*row.mapped)) continue;
    const bson::View document = *row.mapped;
    Prepared& made = row.prepared.emplace();
    made.hash = hash_of(document);
    const std::size_t start = bytes.size();
    made.fence_at = stamps.append(bytes, document, made.hash, row.key()) - start;
    made.data = bytes.data() + start;
    made.size = bytes.size() - start;
  }
}

std::size_t told_rows(const std::vector<Row>& rows, std::size_t n) {
  while (n > 0 && rows[n - 1].alike > 0) --n;
  return n;
}

std::int64_t row_hash(const Row& row) { return static_cast<std::int64_t>(hash_of(row.source).low); }

void write_reject(Database& db, const JobBook& book, const Row& row, std::int64_t attempts,
                  store::Session* session) {
  bson::Writer update;
  update.begin_document("$set")
      .append("job", book.job())
      .append("key", row.key())
      .append("code", static_cast<std::int32_t>(row.failure->code))
      .append("name", to_string(row.failure->code))
      .append("text", storable(row.failure->text))
      .append("field", storable(row.failure->field))
      .append("attempts", attempts);
  if (has_room(row.source)) update.append("document", row.source);
  update.end();
  // A slow process of an earlier pass takes nothing out of this one.
  update.begin_document("$max").append("epoch", book.epoch()).end();
  bson::Document where = reject_filter(book.job(), row.key(), to_string(row.failure->stage));
  if (row.alike > 0) {
    bson::Writer filter;
    filter.begin_document("_id").append_all(where["_id"].as_document());
    filter.append("row", row_hash(row)).append("n", row.alike).end();
    where = filter.finish();
  }
  const bson::Document body = update.finish();
  auto options = safe<store::UpdateOptions>(session);
  options.upsert = true;
  (void)db.store().update(db.ns(rejects_collection), where, {body.view()}, options);
}

std::int64_t count_rejects(Database& db, const JobBook& book) {
  return db.store().count(db.ns(rejects_collection), bson::make_document("job", book.job()),
                          safe<store::CountOptions>());
}

}  // namespace quire::migrate::data
