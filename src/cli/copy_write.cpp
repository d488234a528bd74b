#include "cli/copy_write.hpp"

#include <algorithm>

#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::cli {

void rethrow_about(const Error& error, std::string_view what, std::string_view advice) {
  throw StoreError(error.code(), error.path(),
                   std::string(what) + ": " + error.detail() + std::string(advice),
                   error.backend_code());
}

void CopyWriter::write(const std::vector<bson::Document>& batch) {
  std::vector<bson::View> views;
  views.reserve(batch.size());
  for (const auto& document : batch) {
    views.push_back(document);
    entry_.bytes += static_cast<std::int64_t>(document.size());
  }
  store::InsertOptions options;
  options.ordered = planned_.natural;
  options.bypass_document_validation = planned_.validated;
  const auto result = to_.store().insert(to_.ns(planned_.name), views, options);
  entry_.copied += result.inserted;
  if (result.errors.empty()) return;
  // Where an earlier run was killed, the last batches come twice.
  const bool expected = options_.existing != Existing::fail || options_.resume;
  for (const auto& one : result.errors) {
    if (one.error.code() != ErrorCode::duplicate_key || !expected || planned_.natural)
      refuse(batch.at(one.index), one.error);
  }
  settle(batch, result.errors);
}

void CopyWriter::settle(const std::vector<bson::Document>& batch,
                        const std::vector<store::WriteError>& duplicates) {
  const auto ns = to_.ns(planned_.name);
  if (options_.existing == Existing::skip) {
    Database to = to_;
    for (const auto& one : duplicates) {
      const auto& document = batch.at(one.index);
      // Another unique index may be the one that refuses it.
      if (!migrate::find_document(to, planned_.name, bson::make_document("_id", document["_id"])))
        refuse(document, one.error);
    }
    entry_.skipped += static_cast<std::int64_t>(duplicates.size());
    return;
  }
  std::vector<bson::Document> filters;
  filters.reserve(duplicates.size());
  std::vector<store::BulkOperation> puts(duplicates.size());
  for (std::size_t i = 0; i < duplicates.size(); ++i) {
    const auto& document = batch.at(duplicates[i].index);
    filters.push_back(bson::make_document("_id", document["_id"]));
    puts[i].kind = store::BulkOperation::Kind::replace_one;
    puts[i].filter = filters.back();
    puts[i].document = document;
    puts[i].upsert = true;
  }
  store::BulkOptions options;
  options.ordered = false;
  options.bypass_document_validation = planned_.validated;
  const auto result = to_.store().bulk_write(ns, puts, options);
  for (const auto& one : result.errors) refuse(batch.at(duplicates.at(one.index).index), one.error);
  entry_.replaced += static_cast<std::int64_t>(duplicates.size());
}

void CopyWriter::refuse(const bson::Document& document, const Error& error) const {
  const auto id = document.find("_id");
  rethrow_about(error, "document _id " +
                           (id ? bson::to_json(*id, bson::JsonMode::shell) : std::string("?")) +
                           " of \"" + planned_.name + "\"");
}

}  // namespace quire::cli
