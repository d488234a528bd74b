#include "quire/migrate/preimages.hpp"

#include <algorithm>

#include "migrate/kept_images.hpp"
#include "migrate/lock.hpp"
#include "migrate/run.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

using enum MigrationState;

std::string_view to_string(Edited value) noexcept {
  switch (value) {
    case Edited::reject:
      return "reject";
    case Edited::keep:
      return "keep";
    case Edited::overwrite:
      return "overwrite";
  }
  return "unknown";
}

std::vector<KeptPreimages> preimages(const Database& db) {
  std::vector<KeptPreimages> kept;
  for (const auto& one : db.store().list_collections(db.name())) {
    if (!one.name.starts_with(kept_prefix)) continue;
    const std::int64_t documents = db.store().estimated_count(db.ns(one.name));
    kept.push_back({one.name.substr(kept_prefix.size()), documents});
  }
  std::ranges::sort(kept, {}, &KeptPreimages::migration);
  return kept;
}

std::int64_t forget_preimages(const Database& db, std::string_view id) {
  Database own = db;
  Lock lock(own, std::chrono::seconds(15), "");
  if (!lock.try_take()) {
    throw MigrationError(ErrorCode::lock_busy, FieldPath(std::string(id)),
                         "another process holds the migration lock; nothing was forgotten");
  }
  const History history = read_history(own);
  const auto row = history.find(id);
  if (row != history.end() && !row->second.is_open() && !row->second.counts_as_applied()) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(id)),
                         "the migration is " + std::string(to_string(row->second.state)) +
                             ": its pre-images are needed until it is at an end");
  }
  const std::string collection = kept_collection(id);
  const std::int64_t documents = db.store().estimated_count(db.ns(collection));
  if (row != history.end()) {
    bson::Writer filter;
    filter.append("_id", id).begin_document("fence").append("$lte", lock.token()).end();
    bson::Writer update;
    update.begin_document("$set")
        .append("preimages", "forgotten")
        .append("fence", lock.token())
        .end();
    const bson::Document filter_body = filter.finish(), body = update.finish();
    const auto result = db.store().update(db.ns(history_collection), filter_body, {body.view()},
                                          safe<store::UpdateOptions>());
    if (result.matched != 1) {
      throw MigrationError(ErrorCode::lock_lost, FieldPath(std::string(id)),
                           "another run changed the state of this migration");
    }
    const Who& who = Who::me();
    put_event(own,
              bson::make_document("_id", ObjectId::generate(), "what", "forget_preimages",
                                  "migration", id, "fence", lock.token(), "documents", documents,
                                  "host", who.host, "pid", who.pid, "user", who.user),
              nullptr);
  }
  lock.check();
  (void)db.store().drop_collection(db.ns(collection), safe<store::OperationOptions>());
  return documents;
}

// ---------------------------------------------------------------- in a run

namespace {

/// With the fields that only this needs: preimages ("kept", "forgotten") and way ("preimages").
bson::Document history_document(Database& db, const std::string& id) {
  return find_document(db, history_collection, bson::make_document("_id", id))
      .value_or(bson::Document());
}

}  // namespace

/// Where the caller wants it, and where a way back was begun so.
void MigrationRunner::Run::prefer_images() {
  for (Compiled& one : compiled_) {
    if (!one.migration->info().keep_preimages || one.by_images) continue;
    const HistoryRow* known = row(one.id());
    const auto begun = [&] {
      return known != nullptr && known->direction == "down" && !known->is_open() &&
             known->state != applied &&
             get_text(history_document(db_, one.id()), "way") == "preimages";
    };
    if (options_.undo.from_preimages || begun()) go_back_by_images(one);
  }
}

std::optional<Error> MigrationRunner::Run::images_missing(const Compiled& one) const {
  if (!one.by_images) return std::nullopt;
  const HistoryRow* known = row(one.id());
  if (known->direction == "down") return std::nullopt;  // what is there is what is left
  const auto refuse = [&](const char* why) {
    return MigrationError(ErrorCode::irreversible, FieldPath(one.id()), why);
  };
  Database db = db_;
  const bson::Document document = history_document(db, one.id());
  const std::string kept = get_text(document, "preimages");
  if (kept == "forgotten") return refuse("its pre-images were forgotten");
  if (kept != "kept") return refuse("it ran before it kept pre-images");
  if (get_int(document, "changed") + get_int(document, "removed") == 0) return std::nullopt;
  const std::string collection = kept_collection(one.id());
  const bool there = std::ranges::any_of(db_.store().list_collections(db_.name()),
                                         [&](const auto& any) { return any.name == collection; });
  if (there) return std::nullopt;
  return refuse("the collection with its pre-images is not there any more");
}

/// Takes away what an application before left, and makes the collection: not every transaction can.
void MigrationRunner::Run::begin_images(const Compiled& one) {
  if (!one.migration->info().keep_preimages) return;
  drop_images(one);
  db_.store().create_collection(db_.ns(kept_collection(one.id())), {},
                                safe<store::OperationOptions>());
}

void MigrationRunner::Run::drop_images(const Compiled& one) {
  if (!one.migration->info().keep_preimages) return;
  lock_.check();
  (void)db_.store().drop_collection(db_.ns(kept_collection(one.id())),
                                    safe<store::OperationOptions>());
}

void MigrationRunner::Run::tell_kept(const Compiled& one, const Executor& executor,
                                     MigrationEntry& entry) {
  const auto& totals = executor.totals();
  entry.rejected = totals.counts.rejected;
  if (!one.migration->info().keep_preimages) return;
  if (!entry.down) {
    entry.preimages = db_.store().estimated_count(db_.ns(kept_collection(one.id())));
    return;
  }
  if (!one.by_images) return;
  drop_images(one);  // empty by now
  if (totals.edited.empty()) return;
  std::string list;
  for (const std::string& text : totals.edited) list += (list.empty() ? "" : ", ") + text;
  const char* what = options_.undo.edited == Edited::keep        ? "kept as they are"
                     : options_.undo.edited == Edited::overwrite ? "overwritten"
                                                                 : "left as they are";
  report_.warnings.push_back(one.id() + ": documents that were edited since were " + what + ": " +
                             list + (totals.edited.size() == 20 ? " …" : ""));
  if (entry.rejected > 0) {
    report_.next.push_back("look at the old values of " + std::to_string(entry.rejected) +
                           " documents in _quire_rejects (stage \"undo\"): they were not restored");
  }
}

}  // namespace quire::migrate
