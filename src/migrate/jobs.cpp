#include "migrate/jobs.hpp"

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

std::string job_id(std::string_view migration, bool down, int number) {
  return std::string(migration) + (down ? ":down:" : ":up:") + std::to_string(number);
}

namespace {

[[noreturn]] void lost(const std::string& id) {
  throw MigrationError(ErrorCode::lock_lost, FieldPath(id),
                       "another run goes on with this step; this run stopped");
}

}  // namespace

Job::Job(Database db, std::string_view migration, bool down, int number, bson::View step,
         std::int64_t fence)
    : db_(std::move(db)), id_(job_id(migration, down, number)), fence_(fence) {
  const bson::Document key = bson::make_document("_id", id_);
  auto found = find_document(db_, jobs_collection, key);
  if (!found) {
    const bson::Document fresh =
        bson::make_document("_id", id_, "migration", migration, "direction", down ? "down" : "up",
                            "number", std::int32_t{number}, "step", step, "fence", fence, "seq",
                            std::int64_t{0}, "state", "running", "matched", std::int64_t{0},
                            "changed", std::int64_t{0}, "removed", std::int64_t{0});
    const bson::View view = fresh;
    const auto result =
        db_.store().insert(db_.ns(jobs_collection), {&view, 1}, safe<store::InsertOptions>());
    if (!result.errors.empty()) {
      if (result.errors.front().error.code() == ErrorCode::duplicate_key) lost(id_);
      throw result.errors.front().error;
    }
    return;
  }
  const std::int64_t before = get_int(*found, "fence");
  if (before > fence_) lost(id_);
  if (const auto made_for = found->find("step");
      !made_for || made_for->type() != bson::Type::document || !(made_for->as_document() == step)) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(id_),
                         "the migration's steps changed while it was half done; run it with the "
                         "program that began it");
  }
  if (before < fence_) {
    bson::Writer filter;
    filter.append("_id", id_).begin_document("fence").append("$lt", fence_).end();
    bson::Writer update;
    update.begin_document("$set").append("fence", fence_).end();
    const bson::Document filter_body = filter.finish();
    const bson::Document update_body = update.finish();
    auto options = safe<store::FindAndModifyOptions>();
    options.return_document = store::ReturnDocument::after;
    found =
        db_.store()
            .find_and_modify(db_.ns(jobs_collection), filter_body, {update_body.view()}, options)
            .value;
    if (!found) lost(id_);
  }
  seq_ = get_int(*found, "seq");
  const std::string state = get_text(*found, "state");
  done_ = state == "complete";
  begun_ = state == "begun";
  if (const auto cursor = found->find("cursor")) cursor_.emplace(*cursor);
  counts_ = {get_int(*found, "matched"), get_int(*found, "changed"), get_int(*found, "removed"),
             get_int(*found, "rejected")};
}

void Job::save(const Next& next, store::Session* session) {
  bson::Writer update;
  update.begin_document("$set")
      .append("seq", seq_ + 1)
      .append("state", next.done    ? "complete"
                       : next.begun ? "begun"
                                    : "running")
      .append("matched", next.counts.matched)
      .append("changed", next.counts.changed)
      .append("removed", next.counts.removed)
      .append("rejected", next.counts.rejected);
  if (next.cursor) update.append("cursor", *next.cursor);
  update.end();
  const bson::Document body = update.finish();
  const auto options = safe<store::UpdateOptions>(session);
  const auto result = db_.store().update(
      db_.ns(jobs_collection), bson::make_document("_id", id_, "fence", fence_, "seq", seq_),
      {body.view()}, options);
  if (result.matched != 1) lost(id_);
}

void Job::committed(Next next) {
  ++seq_;
  done_ = next.done;
  begun_ = next.begun;
  cursor_ = std::move(next.cursor);
  counts_ = next.counts;
}

std::optional<bson::Value> job_cursor(Database& db, std::string_view migration, bool down,
                                      int number, bool& exists, bool& done) {
  const auto found = find_document(db, jobs_collection,
                                   bson::make_document("_id", job_id(migration, down, number)));
  exists = found.has_value() && get_int(*found, "seq") > 0;
  done = found.has_value() && get_text(*found, "state") == "complete";
  if (!found) return std::nullopt;
  const auto cursor = found->find("cursor");
  if (!cursor) return std::nullopt;
  return bson::Value(*cursor);
}

namespace {

void remove_of(Database& db, std::string_view collection, std::string_view migration,
               std::int64_t fence, store::Session* session) {
  bson::Writer filter;
  filter.append("migration", migration);
  filter.begin_document("fence").append("$lte", fence).end();
  const bson::Document body = filter.finish();
  auto options = safe<store::RemoveOptions>(session);
  options.multi = true;
  (void)db.store().remove(db.ns(collection), body, options);
}

}  // namespace

void remove_jobs(Database& db, std::string_view migration, std::int64_t fence,
                 store::Session* session) {
  remove_of(db, jobs_collection, migration, fence, session);
}

void remove_kept(Database& db, std::string_view migration, std::int64_t fence,
                 store::Session* session) {
  remove_of(db, undo_collection, migration, fence, session);
}

}  // namespace quire::migrate
