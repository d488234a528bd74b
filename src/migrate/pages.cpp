#include "migrate/pages.hpp"

namespace quire::migrate {

WalkBatch next_batch(KeyWalk& walk, KeysAhead* ahead, std::int64_t documents,
                     std::optional<bson::Value>& at, const std::optional<bson::Value>& until) {
  std::optional<KeysAhead::End> end;
  if (ahead != nullptr && !until) end = ahead->end_behind(at, documents);
  WalkBatch batch = walk.read(at, end ? std::optional(end->id) : until);
  if (!batch.documents.empty()) at.emplace(batch.documents.back()["_id"]);
  if (end && batch.end) {
    at = end->id;
    batch.end = false;
  }
  return batch;
}

Pages::Pages(const Database& db, std::string_view collection, const WalkOptions& options,
             std::optional<bson::Value> after)
    : walk_(db, collection, options),
      documents_(options.batch_documents),
      after_(std::move(after)) {
  if (!db.capabilities().transactional_catalog)
    ahead_.emplace(db, std::string(collection), options.wanted, options.from_primary);
}

}  // namespace quire::migrate
