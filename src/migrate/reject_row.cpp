#include "migrate/reject_row.hpp"

#include <vector>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

bson::Document reject_filter(std::string_view job, bson::ValueView key, std::string_view stage) {
  bson::Writer filter;
  filter.begin_document("_id").append("job", job).append("key", key).append("stage", stage).end();
  return filter.finish();
}

bool has_room(bson::View document) {
  constexpr std::size_t besides = 4096;
  return document.size() + besides < bson::max_document_bytes;
}

std::string_view storable(std::string_view text) {
  return bson::is_utf8(text) ? text : "a text that is not UTF-8";
}

void keep_rejects(Database& db, std::span<const RejectRow> rows, store::Session* session) {
  if (rows.empty()) return;
  std::vector<bson::Document> filters, updates;
  for (const RejectRow& row : rows) {
    filters.push_back(reject_filter(row.job, row.key, row.stage));
    bson::Writer update;
    update.begin_document("$set")
        .append("job", row.job)
        .append("key", row.key)
        .append("collection", row.collection)
        .append("code", static_cast<std::int32_t>(row.code))
        .append("name", to_string(row.code))
        .append("field", storable(row.field))
        .append("text", storable(row.text));
    if (has_room(row.document)) {
      update.append("document", row.document);
    } else if (row.only_copy) {
      throw StoreError(ErrorCode::document_too_large, FieldPath("_id"),
                       "the document " + bson::to_json(row.key) +
                           " is too large to be kept in _quire_rejects, so it was not removed; "
                           "make it smaller, or choose not to keep what is removed");
    }
    update.end();
    update.begin_document("$inc").append("attempts", std::int32_t{1}).end();
    update.begin_document("$currentDate").append("at", true).end();
    updates.push_back(update.finish());
  }
  std::vector<store::BulkOperation> operations(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    operations[i].kind = store::BulkOperation::Kind::update_one;
    operations[i].filter = filters[i];
    operations[i].update.body = updates[i];
    operations[i].upsert = true;
  }
  const auto result = db.store().bulk_write(db.ns(rejects_collection), operations,
                                            safe<store::BulkOptions>(session));
  if (!result.errors.empty()) throw result.errors.front().error;
}

}  // namespace quire::migrate
