#include <algorithm>

#include "collection/fill.hpp"
#include "quire/core/error.hpp"

namespace quire::collection_detail {

using bson::Document;

void BulkData::add(const ModelInfo& model, store::BulkOperation::Kind kind, Document filter,
                   Document body, const void* object, bool upsert,
                   const std::vector<Document>* array_filters) {
  using Kind = store::BulkOperation::Kind;
  Item item{kind, std::move(filter), std::move(body), {}, upsert, false, std::nullopt};
  if (!model.checks.empty()) {
    try {
      if (kind == Kind::insert || kind == Kind::replace_one) model.check(item.body, object);
      if (kind == Kind::update_one || kind == Kind::update_many) model.check_update(item.body);
    } catch (const MappingError& error) {
      item.refused = error;
    }
  }
  if (array_filters != nullptr && !array_filters->empty()) {
    item.array_filters = array_of(*array_filters);
    item.filtered = true;
  }
  const auto bytes = item.filter.size() + item.body.size() + item.array_filters.size();
  items_.push_back(std::move(item));
  bytes_ += bytes;
}

BulkResult BulkData::run(const Core& core, const BulkOptions& options) const {
  using Kind = store::BulkOperation::Kind;
  BulkResult result;
  if (items_.empty()) return result;
  core.before_write();
  std::vector<store::BulkOperation> operations;
  std::vector<std::size_t> places;
  std::vector<store::WriteError> refused;
  operations.reserve(items_.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    if (item.refused) {
      refused.push_back({i, *item.refused, {}});
      if (options.ordered) break;
      continue;
    }
    store::BulkOperation operation;
    operation.kind = item.kind;
    operation.filter = item.filter.view();
    operation.upsert = item.upsert;
    if (item.kind == Kind::insert || item.kind == Kind::replace_one)
      operation.document = item.body.view();
    else
      operation.update = {item.body.view(), false};
    if (item.filtered) operation.array_filters = item.array_filters.view();
    operations.push_back(operation);
    places.push_back(i);
  }
  if (!operations.empty()) {
    store::BulkOptions to;
    fill(to, core.database(), options);
    to.ordered = options.ordered;
    to.let = options.let.view();
    to.bypass_document_validation = options.bypass_document_validation;
    static_cast<store::BulkResult&>(result) = core.store().bulk_write(core.ns(), operations, to);
    for (auto& error : result.errors) error.index = places[error.index];
    for (auto& upserted : result.upserted) upserted.index = places[upserted.index];
  }
  if (!options.ordered || result.errors.empty()) {
    result.errors.insert(result.errors.end(), refused.begin(), refused.end());
    std::sort(result.errors.begin(), result.errors.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
  }
  return result;
}

}  // namespace quire::collection_detail

namespace quire {

namespace {
std::string bulk_text(const std::vector<store::WriteError>& items, std::int64_t all) {
  std::string text = std::to_string(all) + " failed";
  if (!items.empty()) {
    text += "; the first, number " + std::to_string(items.front().index) + ": " +
            items.front().error.what();
  }
  return text;
}
}  // namespace

BulkError::BulkError(std::vector<store::WriteError> items)
    : StoreError(ErrorCode::bulk_failed, bulk_text(items, static_cast<std::int64_t>(items.size()))),
      items_(std::make_shared<const std::vector<store::WriteError>>(std::move(items))) {}
BulkError::BulkError(std::vector<store::WriteError> items, std::int64_t all)
    : StoreError(ErrorCode::bulk_failed, bulk_text(items, all)),
      items_(std::make_shared<const std::vector<store::WriteError>>(std::move(items))) {}

}  // namespace quire
