// Documents that were put aside are tried again.
#include "migrate/data/batch_writer.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {

void BatchWriter::forget_rejects(const Row& row, store::Session* session) {
  auto options = safe<store::RemoveOptions>(session);
  options.multi = true;
  bson::Writer filter;
  filter.append("job", book_.job()).append("key", row.key());
  const bson::Document where = filter.finish();
  (void)to_.store().remove(to_.ns(rejects_collection), where, options);
}

void BatchWriter::mark_copied(const Row& row, store::Session* session) {
  auto options = safe<store::UpdateOptions>(session);
  options.multi = true;
  bson::Writer filter;
  filter.append("job", book_.job()).append("key", row.key());
  bson::Writer update;
  update.begin_document("$set").append("copied", true).end();
  const bson::Document where = filter.finish();
  const bson::Document body = update.finish();
  (void)to_.store().update(to_.ns(rejects_collection), where, {body.view()}, options);
}

bool BatchWriter::retry(Row& row, std::int64_t fence, bool copied,
                        const std::optional<Database>& source) {
  std::vector<Row> rows;
  rows.push_back(row);
  const Existing existing = copied ? Existing::replace : options_.existing;
  // A move keeps its note until the source has the document no longer.
  const auto settle = [&](store::Session* session) {
    if (options_.move && rows[0].mapped && !rows[0].existing) {
      mark_copied(row, session);
    } else {
      forget_rejects(row, session);
    }
  };
  try {
    if (book_.transactions()) {
      chunks_.in_transaction([&](store::Session* session) {
        put_txn(rows, 1, existing, fence, session);
        settle(session);
      });
    } else {
      put_fenced(rows, 1, existing, fence);
      if (rows[0].failure) {
        row = std::move(rows[0]);
        return false;
      }
      settle(nullptr);
    }
  } catch (const Refused& refused) {
    if (!(refused.existing && existing == Existing::skip)) {
      row.failure = refused.failure;
      return false;
    }
    rows[0].existing = true;
    forget_rejects(row, nullptr);
  }
  if (options_.move && rows[0].mapped && !rows[0].existing) {
    const bson::Document as_it_was = exactly(row.source);
    if (source->store().remove(source->ns(options_.collection), as_it_was,
                               safe<store::RemoveOptions>()) == 0) {
      row.failure = Failure{RejectStage::write, ErrorCode::write_conflict,
                            "the source's document changed while it was moved; it stays there", ""};
      return false;
    }
    forget_rejects(row, nullptr);
  }
  row = std::move(rows[0]);
  return true;
}

}  // namespace quire::migrate::data
