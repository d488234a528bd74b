#include "migrate/history.hpp"

#include <array>

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
  row.error = get_text(document, "error");
  row.fence = get_int(document, "fence");
  row.seq = get_int(document, "seq");
  row.min_app = get_int(document, "min_app");
  row.ms = get_int(document, "ms");
  const auto flag = [&](std::string_view key) {
    const auto value = document.find(key);
    return value && value->type() == bson::Type::boolean && value->as_bool();
  };
  row.out_of_order = flag("out_of_order");
  row.reverts_partial = flag("reverts_partial");
  if (const auto list = document.find("touches"); list && list->is_array()) {
    for (const auto& element : list->as_array()) {
      if (element.value.is_string()) row.touches.emplace_back(element.value.as_string());
    }
  } else {
    row.touches = {"*"};
  }
  if (const auto time = document.find("finished"); time && time->type() == bson::Type::date_time)
    row.finished = time->as_date_time();
  return row;
}

}  // namespace

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
    in_transaction(db_, transactions_, [&](store::Session* own) { write(edge, own); });
  }
}

void Journal::write(const Edge& edge, store::Session* session) {
  const Who& who = Who::me();
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
      .append_all(edge.set)
      .end();
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

  // The event: an upsert, because only an update can ask for the store's clock.
  bson::Writer event;
  event.begin_document("$set")
      .append("migration", edge.id)
      .append("run_id", run_id_)
      .append("fence", edge.fence)
      .append("from", edge.from ? to_string(*edge.from) : std::string_view("pending"))
      .append("to", to_string(edge.to))
      .append("host", who.host)
      .append("pid", who.pid)
      .append("user", who.user);
  if (!edge.note.empty()) event.append("note", edge.note);
  event.end();
  event.begin_document("$currentDate").append("at", true).end();
  const bson::Document event_body = event.finish();
  options.upsert = true;
  (void)db_.store().update(db_.ns(events_collection),
                           bson::make_document("_id", ObjectId::generate()), {event_body.view()},
                           options);
}

}  // namespace quire::migrate
