#include "migrate/data/key_range.hpp"

#include <algorithm>

#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {

bson::Document KeyRange::with_filter(bson::View where) const {
  if (filter_.empty()) return bson::Document(where);
  if (where.empty()) return bson::Document(filter_);
  bson::Writer both;
  both.begin_array("$and").push(where).push(filter_).end();
  return both.finish();
}

WalkBatch KeyRange::read(const KeyBounds& bounds, std::int64_t documents, std::size_t bytes,
                         store::Session* session) {
  WalkBatch batch;
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  for (const bson::Document& where : key_filters(bounds)) {
    const auto room = documents - static_cast<std::int64_t>(batch.documents.size());
    if (room <= 0 || batch.bytes >= bytes) return batch;
    auto options = safe<store::FindOptions>(session);
    options.sort = order;
    options.limit = room;
    options.batch_size = static_cast<std::int32_t>(std::min<std::int64_t>(room, INT32_MAX));
    const bson::Document filter = with_filter(where);
    const auto cursor = db_.store().find(db_.ns(collection_), filter, options);
    std::int64_t found = 0;
    while (const auto document = cursor->next()) {
      ++found;
      batch.documents.emplace_back(*document);
      batch.bytes += document->size();
      if (batch.bytes >= bytes) return batch;
    }
    if (found >= room) return batch;
  }
  batch.end = true;
  return batch;
}

bool KeyRange::each(const KeyBounds& bounds, FunctionRef<bool(bson::View)> fn) {
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  for (const bson::Document& where : key_filters(bounds)) {
    auto options = safe<store::FindOptions>();
    options.sort = order;
    const bson::Document filter = with_filter(where);
    const auto cursor = db_.store().find(db_.ns(collection_), filter, options);
    while (const auto document = cursor->next()) {
      if (!fn(*document)) return false;
    }
  }
  return true;
}

std::optional<bson::Value> KeyRange::key_at(const KeyBounds& bounds, std::int64_t distance) {
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  for (const bson::Document& where : key_filters(bounds)) {
    auto options = safe<store::FindOptions>();
    options.sort = order;
    options.projection = order;  // _id only, from the index
    options.skip = distance - 1;
    options.limit = 1;
    const bson::Document filter = with_filter(where);
    std::optional<bson::Value> key;
    db_.store().find_one(db_.ns(collection_), filter, options,
                         [&](bson::View document) { key.emplace(document["_id"]); });
    if (key) return key;
    distance -= db_.store().count(db_.ns(collection_), filter, safe<store::CountOptions>());
    if (distance < 1) return std::nullopt;  // documents went meanwhile
  }
  return std::nullopt;
}

std::int64_t KeyRange::count(const KeyBounds& bounds) {
  std::int64_t sum = 0;
  for (const bson::Document& where : key_filters(bounds)) {
    const bson::Document filter = with_filter(where);
    sum += db_.store().count(db_.ns(collection_), filter, safe<store::CountOptions>());
  }
  return sum;
}

}  // namespace quire::migrate::data
