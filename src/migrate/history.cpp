#include "migrate/history.hpp"

#include <algorithm>
#include <array>

#include "migrate/documents.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

MigrationState state_of(const std::string& id, std::string_view text) {
  using enum MigrationState;
  for (const MigrationState state : {running, applied, failed, partial, paused, attention,
                                     reverting, reverted, skipped, baselined, superseded}) {
    if (text == to_string(state)) return state;
  }
  throw MigrationError(ErrorCode::history_corrupt, FieldPath(id),
                       "_quire_history has the state \"" + std::string(text) +
                           "\"; restore the row or correct it by hand");
}

HistoryRow row_of(bson::View document) {
  HistoryRow row;
  row.id = get_text(document, "_id");
  if (row.id.empty()) {
    throw MigrationError(ErrorCode::history_corrupt,
                         "_quire_history has a document whose _id is no migration's id");
  }
  row.state = state_of(row.id, get_text(document, "state"));
  row.title = get_text(document, "title");
  row.direction = get_text(document, "direction");
  row.atomicity = get_text(document, "atomicity");
  row.checksum = get_text(document, "checksum");
  row.replaced_by = get_text(document, "replaced_by");
  if (const auto list = document.find("accepted"); list && list->is_array()) {
    for (const auto& element : list->as_array()) {
      if (element.value.type() == bson::Type::document)
        row.accepted.push_back(get_text(element.value.as_document(), "checksum"));
    }
  }
  row.error = get_text(document, "error");
  row.verified = get_text(document, "verified");
  row.fence = get_int(document, "fence");
  row.seq = get_int(document, "seq");
  row.min_app = get_int(document, "min_app");
  row.ms = get_int(document, "ms");
  row.out_of_order = get_flag(document, "out_of_order");
  row.reverts_partial = get_flag(document, "reverts_partial");
  if (const auto list = document.find("touches"); list && list->is_array()) {
    for (const auto& element : list->as_array()) {
      if (element.value.is_string()) row.touches.emplace_back(element.value.as_string());
    }
  } else {
    row.touches = {"*"};
  }
  row.finished = get_time(document, "finished");
  return row;
}

}  // namespace

bool HistoryRow::has_checksum(std::string_view wanted) const {
  return checksum.empty() || checksum == wanted ||
         std::find(accepted.begin(), accepted.end(), wanted) != accepted.end();
}

History read_history(Database& db) {
  History history;
  const auto cursor = db.store().find(db.ns(history_collection), {}, safe<store::FindOptions>());
  while (const auto document = cursor->next()) {
    HistoryRow row = row_of(*document);
    std::string id = row.id;
    history.emplace(std::move(id), std::move(row));
  }
  return history;
}

void Journal::move(const Edge& edge, store::Session* session) {
  if (session != nullptr) {
    write(edge, session);
  } else {
    transactions_->run([&](store::Session* own) { write(edge, own); });
  }
}

namespace {

bson::Document event_of(const std::string& run_id, std::string_view id, std::int64_t fence,
                        std::string_view from, std::string_view to, std::string_view note,
                        bson::View more = {}) {
  const Who& who = Who::me();
  bson::Writer event;
  event.append("_id", ObjectId::generate())
      .append("migration", id)
      .append("run_id", run_id)
      .append("fence", fence)
      .append("from", from)
      .append("to", to)
      .append("host", who.host)
      .append("pid", who.pid)
      .append("user", who.user)
      .append_all(more);
  if (!note.empty()) event.append("note", note);
  return event.finish();
}

}  // namespace

/// An upsert, because only an update can ask for the store's clock.
void put_event(Database& db, bson::View event, store::Session* session) {
  bson::Writer update;
  update.begin_document("$set");
  for (const auto& [key, value] : event)
    if (key != "_id") update.append(key, value);
  update.end();
  update.begin_document("$currentDate").append("at", true).end();
  const bson::Document body = update.finish();
  auto options = safe<store::UpdateOptions>(session);
  options.upsert = true;
  (void)db.store().update(db.ns(events_collection), bson::make_document("_id", event["_id"]),
                          {body.view()}, options);
}

void Journal::write(const Edge& edge, store::Session* session) {
  const Who& who = Who::me();
  const bson::Document event = event_of(
      run_id_, edge.id, edge.fence, edge.from ? to_string(*edge.from) : std::string_view("pending"),
      edge.called.empty() ? to_string(edge.to) : edge.called, edge.note);
  bson::Writer filter;
  filter.append("_id", edge.id);
  if (edge.from) {
    filter.append("state", to_string(*edge.from));
    filter.begin_document("fence").append("$lte", edge.fence).end();
  } else {
    filter.begin_document("state").append("$exists", false).end();
  }
  bson::Writer update;
  update.begin_document("$set")
      .append("state", to_string(edge.to))
      .append("fence", edge.fence)
      .append("run_id", run_id_)
      .append("host", who.host)
      .append("pid", who.pid)
      .append("user", who.user)
      .append_all(edge.set);
  if (session == nullptr) update.append("last_event", event);
  update.end();
  if (edge.drop_error) update.begin_document("$unset").append("error", "").end();
  if (!edge.stamp.empty()) update.begin_document("$currentDate").append(edge.stamp, true).end();

  const bson::Document filter_body = filter.finish();
  const bson::Document update_body = update.finish();
  auto options = safe<store::UpdateOptions>(session);
  options.upsert = !edge.from.has_value();
  const auto moved_on = [&] {
    throw MigrationError(ErrorCode::lock_lost, FieldPath(std::string(edge.id)),
                         "another run changed the state of this migration; this run stopped");
  };
  try {
    const auto result =
        db_.store().update(db_.ns(history_collection), filter_body, {update_body.view()}, options);
    if (result.matched == 0 && !result.upserted_id) moved_on();
  } catch (const StoreError& error) {
    if (error.code() == ErrorCode::duplicate_key) moved_on();
    throw;
  }
  put_event(db_, event, session);
}

void Journal::complete_events() {
  bson::Writer filter;
  filter.begin_document("last_event").append("$exists", true).end();
  const bson::Document with_event = filter.finish();
  std::vector<bson::Document> last;
  const auto rows =
      db_.store().find(db_.ns(history_collection), with_event, safe<store::FindOptions>());
  while (const auto row = rows->next()) {
    const auto event = row->find("last_event");
    if (event->type() == bson::Type::document && event->as_document().contains("_id"))
      last.emplace_back(event->as_document());
  }
  for (const auto& there : find_keys(db_, events_collection, keys_of(last))) {
    const bson::Value id(there["_id"]);
    std::erase_if(last, [&](const bson::Document& one) { return bson::Value(one["_id"]) == id; });
  }
  for (const auto& event : last) put_event(db_, event, nullptr);
}

void Journal::accept(const HistoryRow& row, std::string_view checksum, std::string_view reason,
                     std::int64_t fence) {
  const Who& who = Who::me();
  bson::Writer update;
  update.begin_document("$push").begin_document("accepted");
  update.append("checksum", checksum)
      .append("reason", reason)
      .append("host", who.host)
      .append("user", who.user);
  update.end().end();
  update.begin_document("$set").append("fence", fence).end();
  const bson::Document body = update.finish();
  const bson::Document event =
      event_of(run_id_, row.id, fence, to_string(row.state), to_string(row.state), reason,
               bson::make_document("what", "accept", "old", row.checksum, "new", checksum));
  transactions_->run([&](store::Session* session) {
    bson::Writer filter;
    filter.append("_id", row.id).append("state", to_string(row.state));
    filter.begin_document("fence").append("$lte", fence).end();
    const bson::Document filter_body = filter.finish();
    const auto result = db_.store().update(db_.ns(history_collection), filter_body, {body.view()},
                                           safe<store::UpdateOptions>(session));
    if (result.matched == 0) {
      throw MigrationError(ErrorCode::lock_lost, FieldPath(row.id),
                           "another run changed the state of this migration");
    }
    put_event(db_, event, session);
  });
}

}  // namespace quire::migrate
