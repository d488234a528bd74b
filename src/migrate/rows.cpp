#include "migrate/rows.hpp"

#include "migrate/diff.hpp"
#include "migrate/key_walk.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::Operation;

class Writer {
 public:
  Writer(Database& db, const detail::StepData& step, store::Session* session)
      : db_(db), step_(step), session_(session) {}

  void each_or_transform(const WalkBatch& batch, Job::Counts& counts) {
    std::vector<RowChange> changes;
    changes.reserve(batch.documents.size());
    for (const bson::Document& document : batch.documents) {
      ++counts.matched;
      RowChange change = change_of(document);
      if (change.kind == RowChange::Kind::none) continue;
      if (session_ == nullptr) {
        one_by_one(document, std::move(change), counts);
        continue;
      }
      ++(change.kind == RowChange::Kind::remove ? counts.removed : counts.changed);
      changes.push_back(std::move(change));
    }
    if (changes.empty()) return;
    std::vector<store::BulkOperation> operations(changes.size());
    std::int64_t updates = 0;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      operations[i].filter = changes[i].filter;
      if (changes[i].kind == RowChange::Kind::remove) {
        operations[i].kind = store::BulkOperation::Kind::remove_one;
      } else {
        operations[i].kind = store::BulkOperation::Kind::update_one;
        operations[i].update = {changes[i].update.view()};
        ++updates;
      }
    }
    const auto result = bulk(step_.collection, operations);
    if (result.matched != updates ||
        result.removed != static_cast<std::int64_t>(changes.size()) - updates) {
      throw StoreError(ErrorCode::write_conflict,
                       "documents changed while a batch was worked on; it is read again");
    }
  }

  void copy(const WalkBatch& batch, Job::Counts& counts) {
    const std::string to = get_text(step_.spec, "to");
    std::vector<store::BulkOperation> puts(batch.documents.size());
    std::vector<bson::Document> filters(batch.documents.size());
    const bool back = step_.operation == Operation::remove_copies;
    for (std::size_t i = 0; i < puts.size(); ++i) {
      const bson::Document& document = batch.documents[i];
      filters[i] = bson::make_document("_id", document["_id"]);
      puts[i].filter = filters[i];
      puts[i].document = document;
      // Without transactions a batch may come twice; then what is there already is our own.
      puts[i].kind = back                  ? store::BulkOperation::Kind::remove_one
                     : session_ != nullptr ? store::BulkOperation::Kind::insert
                                           : store::BulkOperation::Kind::replace_one;
      puts[i].upsert = !back && session_ == nullptr;
    }
    counts.matched += static_cast<std::int64_t>(puts.size());
    if (puts.empty()) return;
    const auto result = bulk(to, puts);
    if (back) {
      counts.removed += result.removed;
      return;
    }
    counts.changed += static_cast<std::int64_t>(puts.size());
    if (step_.operation == Operation::move_documents) {
      for (auto& put : puts) {
        put = {};
        put.kind = store::BulkOperation::Kind::remove_one;
      }
      for (std::size_t i = 0; i < puts.size(); ++i) puts[i].filter = filters[i];
      (void)bulk(step_.collection, puts);
    }
  }

 private:
  RowChange change_of(const bson::Document& document) {
    try {
      return diff_row(document, step_.rows(document), step_.operation == Operation::transform,
                      step_.collection);
    } catch (const StepError& error) {
      throw StepError(error.code(), error.detail(), step_.collection, bson::Value(document["_id"]));
    } catch (...) {
      const Caught caught = current_failure();
      throw StepError(caught.code, caught.text, step_.collection, bson::Value(document["_id"]),
                      caught.backend_code);
    }
  }

  /// Without a transaction: a document that changed since it was read is read again.
  void one_by_one(bson::Document document, RowChange change, Job::Counts& counts) {
    const auto ns = db_.ns(step_.collection);
    const bson::Document key = bson::make_document("_id", document["_id"]);
    constexpr int tries = 100;
    for (int i = 0; i < tries; ++i) {
      try {
        if (change.kind == RowChange::Kind::none) return;
        if (change.kind == RowChange::Kind::remove) {
          if (db_.store().remove(ns, change.filter, safe<store::RemoveOptions>()) == 1)
            return void(++counts.removed);
        } else if (db_.store()
                       .update(ns, change.filter, {change.update.view()},
                               safe<store::UpdateOptions>())
                       .matched == 1) {
          return void(++counts.changed);
        }
      } catch (const StoreError& error) {
        throw StepError(error.code(), error.detail(), step_.collection,
                        bson::Value(document["_id"]), error.backend_code());
      }
      auto now = find_document(db_, step_.collection, key);
      if (!now) return;  // removed meanwhile
      document = std::move(*now);
      change = change_of(document);
    }
    throw StepError(ErrorCode::write_conflict, "the document changes all the time",
                    step_.collection, bson::Value(document["_id"]));
  }

  store::BulkResult bulk(std::string_view collection,
                         const std::vector<store::BulkOperation>& operations) {
    const auto options = safe<store::BulkOptions>(session_);
    auto result = db_.store().bulk_write(db_.ns(collection), operations, options);
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

  Database& db_;
  const detail::StepData& step_;
  store::Session* session_;
};

}  // namespace

RowProgress run_batch(Database& db, const detail::StepData& step, const RowProgress& at,
                      const std::optional<bson::Value>& until, const RowSettings& settings,
                      store::Session* session) {
  RowProgress next = at;
  bson::View wanted;
  if (const auto filter = step.spec.find("filter")) wanted = filter->as_document();
  WalkOptions walk;
  walk.wanted = wanted;
  walk.batch_documents = settings.batch_documents;
  walk.batch_bytes = settings.batch_bytes;
  walk.session = session;
  walk.from_primary = true;
  const WalkBatch batch = KeyWalk(db, step.collection, walk).read(at.cursor, until);
  Writer writer(db, step, session);
  if (step.operation == Operation::each || step.operation == Operation::transform) {
    writer.each_or_transform(batch, next.counts);
  } else {
    writer.copy(batch, next.counts);
  }
  if (!batch.documents.empty()) next.cursor.emplace(batch.documents.back()["_id"]);
  next.done = batch.end;
  return next;
}

}  // namespace quire::migrate
