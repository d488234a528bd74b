#include "migrate/copy_rows.hpp"

#include "migrate/documents.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

using Kind = detail::CopyWork::Kind;
using store::BulkOperation;

void CopyRows::write(std::vector<bson::Document> documents, bool last, Job::Counts& counts) {
  counts.matched += static_cast<std::int64_t>(documents.size());
  if (work_.kind == Kind::remove_copies) {
    if (!documents.empty()) remove(work_.to, documents, counts);
    return;
  }
  counts.changed += static_cast<std::int64_t>(documents.size());
  if (session_ != nullptr) {
    if (documents.empty()) return;
    put(documents);
    Job::Counts moved;
    if (work_.kind == Kind::move) remove(from_, documents, moved);
    return;
  }
  if (!documents.empty()) {
    if (check_) check_();
    put_stamped(documents);
    if (work_.kind == Kind::move) remove_moved(std::move(documents));
  }
  if (last) stamps_.clear(db_, work_.to);
}

void CopyRows::put(const std::vector<bson::Document>& documents) {
  std::vector<BulkOperation> puts(documents.size());
  for (std::size_t i = 0; i < puts.size(); ++i) {
    puts[i].kind = BulkOperation::Kind::insert;
    puts[i].document = documents[i];
  }
  (void)write_bulk(db_, work_.to, puts, session_);
}

void CopyRows::put_stamped(const std::vector<bson::Document>& documents) {
  std::vector<bson::Document> stamped;
  std::vector<bson::View> views;
  for (const auto& document : documents) stamped.push_back(stamps_.stamped(document));
  views.assign(stamped.begin(), stamped.end());
  auto options = safe<store::InsertOptions>();
  options.ordered = false;
  const auto result = db_.store().insert(db_.ns(work_.to), views, options);
  for (const auto& refused : result.errors) {
    const auto& document = documents.at(refused.index);
    if (refused.error.code() == ErrorCode::duplicate_key) {
      // Put there by a batch that is repeated after a crash, or by somebody else.
      const auto there = find_document(db_, work_.to, bson::make_document("_id", document["_id"]));
      if (there && stamps_.is_done(*there)) continue;
    }
    throw StepError(refused.error.code(), refused.error.detail(), work_.to,
                    bson::Value(document["_id"]), refused.error.backend_code());
  }
}

void CopyRows::remove(std::string_view collection, const std::vector<bson::Document>& documents,
                      Job::Counts& counts) {
  std::vector<bson::Document> filters;
  std::vector<BulkOperation> removals(documents.size());
  filters.reserve(documents.size());
  for (std::size_t i = 0; i < removals.size(); ++i) {
    filters.push_back(bson::make_document("_id", documents[i]["_id"]));
    removals[i].kind = BulkOperation::Kind::remove_one;
    removals[i].filter = filters.back();
  }
  counts.removed += write_bulk(db_, collection, removals, session_).removed;
}

/// Without a transaction: a document that was changed after it was copied is copied again first.
void CopyRows::remove_moved(std::vector<bson::Document> documents) {
  constexpr int tries = 100;
  for (int n = 0; n < tries; ++n) {
    std::vector<bson::Document> filters;
    std::vector<BulkOperation> removals(documents.size());
    filters.reserve(documents.size());
    for (std::size_t i = 0; i < removals.size(); ++i) {
      filters.push_back(exactly(documents[i]));
      removals[i].kind = BulkOperation::Kind::remove_one;
      removals[i].filter = filters.back();
    }
    const auto removed = write_bulk(db_, from_, removals, nullptr).removed;
    if (removed == static_cast<std::int64_t>(documents.size())) return;
    documents = find_keys(db_, from_, keys_of(documents));
    if (documents.empty()) return;
    if (check_) check_();
    for (const auto& document : documents) renew(document);
  }
  throw StepError(ErrorCode::write_conflict, "the document changes all the time", from_,
                  bson::Value(documents.front()["_id"]));
}

void CopyRows::renew(const bson::Document& document) {
  bson::Writer ours;
  ours.append("_id", document["_id"]);
  const auto there = find_document(db_, work_.to, ours.finish());
  if (!there || !stamps_.is_done(*there)) return;
  const bson::Document stamped = stamps_.stamped(document);
  std::vector<BulkOperation> put(1);
  put[0].kind = BulkOperation::Kind::replace_one;
  const bson::Document filter = bson::make_document("_id", document["_id"], "_q", (*there)["_q"]);
  put[0].filter = filter;
  put[0].document = stamped;
  (void)write_bulk(db_, work_.to, put, nullptr);
}

}  // namespace quire::migrate
