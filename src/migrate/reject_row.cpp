#include "migrate/reject_row.hpp"

#include "quire/bson/writer.hpp"

namespace quire::migrate {

void keep_reject(Database& db, const RejectRow& row, store::Session* session) {
  bson::Writer filter;
  filter.begin_document("_id")
      .append("job", row.job)
      .append("key", row.key)
      .append("stage", row.stage)
      .end();
  bson::Writer update;
  update.begin_document("$set")
      .append("collection", row.collection)
      .append("code", static_cast<std::int32_t>(row.code))
      .append("name", to_string(row.code))
      .append("field", row.field)
      .append("text", row.text)
      .append("document", row.document)
      .end();
  update.begin_document("$inc").append("attempts", std::int32_t{1}).end();
  update.begin_document("$currentDate").append("at", true).end();
  const bson::Document filter_body = filter.finish(), body = update.finish();
  auto options = safe<store::UpdateOptions>(session);
  options.upsert = true;
  (void)db.store().update(db.ns(rejects_collection), filter_body, {body.view()}, options);
}

}  // namespace quire::migrate
