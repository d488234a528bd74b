#include "quire/migrate/inspect.hpp"

#include <algorithm>

#include "migrate/history.hpp"
#include "migrate/lock.hpp"
#include "migrate/process.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

/// A text as it is, null and absent as nothing, all else as JSON.
std::string get_any(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  if (!value || value->is_null()) return {};
  return value->is_string() ? std::string(value->as_string()) : bson::to_json(*value);
}

template <class Entry, class Read>
std::vector<Entry> read_all(const Database& db, std::string_view collection, bson::View filter,
                            bson::View sort, std::int64_t limit, Read read) {
  auto options = safe<store::FindOptions>();
  options.sort = sort;
  options.limit = limit;
  std::vector<Entry> entries;
  const auto cursor = db.store().find(db.ns(collection), filter, options);
  while (const auto document = cursor->next()) entries.push_back(read(*document));
  return entries;
}

[[noreturn]] void refuse(const std::string& text) {
  throw MigrationError(ErrorCode::lock_busy, text);
}

LockInfo held_with(const Database& db, std::int64_t token) {
  auto info = lock_info(db);
  if (!info || !info->held) refuse("nobody holds the migration lock");
  if (info->token != token) {
    refuse("the migration lock has token " + std::to_string(info->token) + ", not " +
           std::to_string(token) + "; it was taken since, by " + holder_of(info->document));
  }
  return std::move(*info);
}

/// Returns when the holder did not beat for 1.25 of its leases.
void watch(const Database& db, const LockInfo& seen, const UnlockOptions& options) {
  const auto lease = std::max(seen.lease, std::chrono::milliseconds(1));
  const auto time = lease + lease / 4;
  const auto pause =
      std::clamp(lease / 10, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
  if (options.watching) options.watching(time);
  const auto start = boot_time();
  while (boot_time() - start <= time) {
    sleep_or_stop(pause, options.stop);
    if (options.stop.stop_requested()) {
      throw MigrationError(ErrorCode::migration_partial,
                           "stopped while the lock's holder was watched; the lock is as it was");
    }
    const auto now = held_with(db, seen.token);
    if (now.beat != seen.beat) {
      refuse("the holder of the migration lock lives: " + holder_of(now.document) +
             "; stop it, or wait until it has finished");
    }
  }
}

bool release(const Database& given, const LockInfo& seen, std::string_view reason, bool force) {
  Database db = given;
  bson::Writer update;
  update.begin_document("$set").append_null("holder").end();
  // What it left running is for the next one to end; sessions that are named already are kept.
  update.begin_document("$push").begin_document("undrained").begin_array("$each").end().end().end();
  update.begin_document("$inc")
      .append("token", std::int64_t{1})
      .append("beat", std::int64_t{1})
      .end();
  const bson::Document body = update.finish();
  const bson::Document filter =
      bson::make_document("_id", lock_id, "token", seen.token, "beat", seen.beat);
  const Who& who = Who::me();
  bson::Writer event;
  event.append("_id", ObjectId::generate())
      .append("what", "unlock")
      .append("fence", seen.token)
      .append("forced", force)
      .append("note", reason)
      .append("host", who.host)
      .append("pid", who.pid)
      .append("user", who.user);
  event.begin_document("holder")
      .append("host", seen.host)
      .append("pid", seen.pid)
      .append("app", seen.application)
      .end();
  const bson::Document event_body = event.finish();
  bool released = false;
  in_transaction(db, db.capabilities().transactions, [&](store::Session* session) {
    released = db.store()
                   .update(db.ns(lock_collection), filter, {body.view()},
                           safe<store::UpdateOptions>(session))
                   .matched == 1;
    if (released) put_event(db, event_body, session);
  });
  return released;
}

}  // namespace

std::optional<LockInfo> lock_info(const Database& given) {
  Database db = given;
  auto document = find_document(db, lock_collection, bson::make_document("_id", lock_id));
  if (!document) return std::nullopt;
  LockInfo info;
  const bson::View view = *document;
  const auto holder = view.find("holder");
  info.held = holder && !holder->is_null();
  info.token = get_int(view, "token");
  info.beat = get_int(view, "beat");
  info.lease = std::chrono::milliseconds(get_int(view, "lease_ms"));
  info.host = get_text(view, "host");
  info.pid = get_int(view, "pid");
  info.application = get_text(view, "app");
  info.progress = get_any(view, "progress");
  info.process_gone = info.held && process_is_gone(get_text(view, "process"));
  info.document = std::move(*document);
  return info;
}

std::string LockInfo::json() const {
  bson::Writer w;
  w.append("held", held)
      .append("token", token)
      .append("beat", beat)
      .append("lease_ms", std::int64_t{lease.count()})
      .append("host", host)
      .append("pid", pid)
      .append("app", application);
  if (const auto value = bson::View(document).find("progress")) {
    w.append("progress", *value);
  } else {
    w.append_null("progress");
  }
  w.append("process_gone", process_gone);
  return bson::to_json(w.finish());
}

std::vector<HistoryEntry> history(const Database& db) {
  return read_all<HistoryEntry>(db, history_collection, {},
                                bson::make_document("seq", std::int32_t{1}, "_id", std::int32_t{1}),
                                0, [](bson::View row) {
                                  HistoryEntry entry;
                                  entry.id = get_any(row, "_id");
                                  entry.title = get_text(row, "title");
                                  entry.state = get_any(row, "state");
                                  entry.direction = get_text(row, "direction");
                                  entry.atomicity = get_text(row, "atomicity");
                                  entry.guarantee = get_text(row, "guarantee");
                                  entry.checksum = get_text(row, "checksum");
                                  entry.application = get_text(row, "app");
                                  entry.run = get_any(row, "run_id");
                                  entry.host = get_text(row, "host");
                                  entry.pid = get_int(row, "pid");
                                  entry.user = get_text(row, "user");
                                  entry.error = get_any(row, "error");
                                  entry.assured = get_text(row, "assured");
                                  entry.sequence = get_int(row, "seq");
                                  entry.fence = get_int(row, "fence");
                                  entry.ms = get_int(row, "ms");
                                  entry.matched = get_int(row, "matched");
                                  entry.changed = get_int(row, "changed");
                                  entry.removed = get_int(row, "removed");
                                  entry.out_of_order = get_flag(row, "out_of_order");
                                  entry.started = get_time(row, "started");
                                  entry.finished = get_time(row, "finished");
                                  entry.document = bson::Document(row);
                                  return entry;
                                });
}

std::vector<EventEntry> events(const Database& db, const EventsOptions& options) {
  if (options.most < 0) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("most"),
                     "events: the number of events is 0 or more");
  }
  bson::Document filter;
  if (!options.migration.empty()) filter = bson::make_document("migration", options.migration);
  // `at` has milliseconds; ids that one process made go on counting within them.
  auto list =
      read_all<EventEntry>(db, events_collection, filter,
                           bson::make_document("at", std::int32_t{-1}, "_id", std::int32_t{-1}),
                           options.most, [](bson::View row) {
                             EventEntry entry;
                             entry.at = get_time(row, "at");
                             entry.migration = get_any(row, "migration");
                             entry.what = get_any(row, "what");
                             if (entry.what.empty()) entry.what = "state";
                             entry.from = get_any(row, "from");
                             entry.to = get_any(row, "to");
                             entry.run = get_any(row, "run_id");
                             entry.note = get_any(row, "note");
                             entry.fence = get_int(row, "fence");
                             entry.host = get_text(row, "host");
                             entry.pid = get_int(row, "pid");
                             entry.user = get_text(row, "user");
                             entry.document = bson::Document(row);
                             return entry;
                           });
  std::reverse(list.begin(), list.end());
  return list;
}

std::vector<JobEntry> jobs(const Database& db) {
  return read_all<JobEntry>(db, jobs_collection, {}, bson::make_document("_id", std::int32_t{1}), 0,
                            [](bson::View row) {
                              JobEntry entry;
                              entry.id = get_any(row, "_id");
                              entry.migration = get_any(row, "migration");
                              entry.direction = get_text(row, "direction");
                              entry.number = get_int(row, "number");
                              entry.state = get_any(row, "state");
                              entry.fence = get_int(row, "fence");
                              entry.saves = get_int(row, "seq");
                              entry.matched = get_int(row, "matched");
                              entry.changed = get_int(row, "changed");
                              entry.removed = get_int(row, "removed");
                              if (const auto at = row.find("cursor")) entry.cursor.emplace(*at);
                              entry.document = bson::Document(row);
                              return entry;
                            });
}

std::string HistoryEntry::json() const { return bson::to_json(document); }
std::string EventEntry::json() const { return bson::to_json(document); }
std::string JobEntry::json() const { return bson::to_json(document); }

void unlock(const Database& db, std::int64_t token, std::string_view reason,
            const UnlockOptions& options) {
  if (reason.empty()) {
    throw MigrationError(ErrorCode::invalid_migration, "unlock takes a reason; it is kept");
  }
  LockInfo seen = held_with(db, token);
  if (!options.force && !seen.process_gone) watch(db, seen, options);
  // Forced on a holder that beats: its beat may come between reading and writing.
  for (int attempt = 0; attempt < (options.force ? 20 : 1); ++attempt) {
    if (release(db, seen, reason, options.force)) return;
    seen = held_with(db, token);
  }
  refuse("the holder of the migration lock lives: " + holder_of(seen.document) +
         "; stop it, or wait until it has finished");
}

}  // namespace quire::migrate
