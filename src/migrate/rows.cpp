#include "migrate/rows.hpp"

#include <algorithm>

#include "migrate/copy_rows.hpp"
#include "migrate/diff.hpp"
#include "migrate/documents.hpp"
#include "migrate/kept_images.hpp"
#include "migrate/pages.hpp"
#include "migrate/stamps.hpp"
#include "migrate/step_filters.hpp"
#include "migrate/step_work.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::CopyWork;
using detail::RowWork;

/// Writes what the function of a step made of documents.
class ChangeWriter {
 public:
  ChangeWriter(Database& db, const detail::StepData& step, const RowSettings& settings,
               store::Session* session)
      : db_(db),
        step_(step),
        work_(*detail::work_as<RowWork>(step)),
        settings_(settings),
        session_(session) {
    // A version tells that a document was done, but not by whom: what is kept needs to know.
    if (session == nullptr && (!work_.versioned || !settings.keep.empty()))
      stamps_.emplace(settings.job, settings.fence);
  }

  void write(std::vector<bson::Document> documents, bool last, Job::Counts& counts) {
    counts.matched += static_cast<std::int64_t>(documents.size());
    if (session_ != nullptr) {
      if (!write_once(documents, counts)) {
        throw StoreError(ErrorCode::write_conflict,
                         "documents changed while a batch was worked on; it is read again");
      }
      return;
    }
    constexpr int tries = 100;
    int n = 0;
    while (!write_once(documents, counts)) {
      if (++n == tries) {
        throw StepError(ErrorCode::write_conflict, "the document changes all the time",
                        step_.collection, bson::Value(documents.front()["_id"]));
      }
      documents = find_keys(db_, step_.collection, keys_of(documents));
      again_ = true;
    }
    if (last && stamps_) stamps_->clear(db_, step_.collection);
  }

 private:
  /// False when some of them were changed by others since they were read. They alone are kept in
  /// `documents`, with what was written in the same round.
  bool write_once(std::vector<bson::Document>& documents, Job::Counts& counts) {
    if (stamps_)
      std::erase_if(documents, [&](const bson::Document& one) { return stamps_->is_done(one); });
    if (session_ == nullptr && settings_.check) settings_.check();
    // What others change once a transaction has read it is a conflict for its write.
    const bool alone = session_ != nullptr;
    auto images = work_.images(db_, session_, documents);
    std::vector<RowChange> changes;
    std::vector<bson::Document> changing;
    std::int64_t updates = 0;
    KeptImages kept(db_, step_.collection, settings_, session_);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      RowChange change = diff_row(documents[i], images[i], work_.fill, step_.collection, alone);
      if (change.kind == RowChange::Kind::none) {
        if (!settings_.keep.empty()) kept.drop(documents[i]);
        continue;
      }
      if (!settings_.keep.empty()) kept.add(documents[i], change);
      if (stamps_) stamps_->put(change);
      if (change.kind == RowChange::Kind::update) ++updates;
      changes.push_back(std::move(change));
      if (session_ == nullptr) changing.push_back(std::move(documents[i]));
    }
    if (!settings_.keep.empty()) kept.write(again_ || settings_.may_be_kept);
    documents = std::move(changing);
    if (changes.empty()) return true;
    std::vector<store::BulkOperation> operations(changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
      operations[i].filter = changes[i].filter;
      if (changes[i].kind == RowChange::Kind::remove) {
        operations[i].kind = store::BulkOperation::Kind::remove_one;
      } else {
        operations[i].kind = store::BulkOperation::Kind::update_one;
        operations[i].update = {changes[i].update.view()};
      }
    }
    const auto result = write_bulk(db_, step_.collection, operations, session_);
    counts.changed += result.matched;
    counts.removed += result.removed;
    return result.matched == updates &&
           result.removed == static_cast<std::int64_t>(changes.size()) - updates;
  }

  Database& db_;
  const detail::StepData& step_;
  const RowWork& work_;
  const RowSettings& settings_;
  store::Session* session_;
  std::optional<Stamps> stamps_;
  bool again_ = false;
};

/// What a step on fields must not meet: before it, and once it is through.
void look_for_clash(Database& db, const detail::StepData& step, store::Session* session) {
  const auto* work = detail::fields_of(step);
  if (work == nullptr || work->clash.empty()) return;
  if (const auto clash = find_document(db, step.collection, work->clash, session)) {
    throw StepError(ErrorCode::invalid_migration, work->clash_text, step.collection,
                    bson::Value((*clash)["_id"]));
  }
}

}  // namespace

store::BulkResult write_bulk(Database& db, std::string_view collection,
                             const std::vector<store::BulkOperation>& operations,
                             store::Session* session) {
  auto options = safe<store::BulkOptions>(session);
  options.ordered = session != nullptr;
  auto result = db.store().bulk_write(db.ns(collection), operations, options);
  if (!result.errors.empty()) {
    const auto& first = result.errors.front();
    if (first.error.code() == ErrorCode::write_conflict || first.error.code() == ErrorCode::busy)
      throw StoreError(first.error.code(), first.error.detail(), first.error.backend_code());
    std::optional<bson::Value> id;
    if (first.index < operations.size()) {
      const auto& operation = operations[first.index];
      id.emplace(operation.filter.empty() ? operation.document["_id"] : operation.filter["_id"]);
    }
    throw StepError(first.error.code(), first.error.detail(), std::string(collection),
                    std::move(id), first.error.backend_code());
  }
  return result;
}

bson::View wanted_by(const detail::StepData& step) {
  const auto* rows = detail::work_as<RowWork>(step);
  return rows != nullptr && rows->fields != nullptr ? rows->fields->filter.view() : filter_of(step);
}

RowProgress run_batch(Database& db, const detail::StepData& step, const RowProgress& at,
                      const std::optional<bson::Value>& until, const RowSettings& settings,
                      store::Session* session) {
  RowProgress next = at;
  bson::View wanted = wanted_by(step);
  const auto* rows = detail::work_as<RowWork>(step);
  const auto* restore = detail::work_as<detail::RestoreWork>(step);
  bson::Document both;
  if (!settings.also.empty()) {
    bson::Writer filter;
    filter.begin_array("$and").push(wanted).push(settings.also).end();
    both = filter.finish();
    wanted = both;
  }
  WalkOptions walk;
  walk.wanted = wanted;
  walk.batch_documents = settings.batch_documents;
  walk.batch_bytes = settings.batch_bytes;
  walk.session = session;
  walk.from_primary = true;
  walk.one_reply = true;
  // Of a document that goes, all is kept. A file's documents need not be made smaller: they are in
  // memory, and whole ones bound what a transaction writes.
  if (rows != nullptr && settings.keep.empty() && !settings.transactional_catalog)
    walk.projection = rows->needs;
  if (rows != nullptr && !at.cursor) look_for_clash(db, step, session);
  KeyWalk reader(db, step.collection, walk);
  WalkBatch batch =
      next_batch(reader, settings.ahead, settings.batch_documents, next.cursor, until);
  // Stamps are taken away once the cursor behind all that have one is saved: then nothing that has
  // lost its stamp comes again.
  next.done = batch.end && (session != nullptr || batch.documents.empty());
  if (rows != nullptr && next.done) look_for_clash(db, step, session);
  if (restore != nullptr) {
    restore_images(db, *restore, step.collection, std::move(batch.documents), settings, session,
                   next.counts);
    if (next.done && session == nullptr)
      Stamps(restore->job, settings.fence).clear(db, restore->collection);
    return next;
  }
  if (const auto* copy = detail::work_as<CopyWork>(step)) {
    CopyRows(db, step.collection, *copy, settings, session)
        .write(std::move(batch.documents), next.done, next.counts);
  } else {
    ChangeWriter(db, step, settings, session)
        .write(std::move(batch.documents), next.done, next.counts);
  }
  return next;
}

}  // namespace quire::migrate
