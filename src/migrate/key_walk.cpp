#include "migrate/key_walk.hpp"

#include <algorithm>

#include "migrate/key_bounds.hpp"
#include "migrate/key_order.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {

WalkBatch KeyWalk::read(const std::optional<bson::Value>& after,
                        const std::optional<bson::Value>& until) {
  WalkBatch batch;
  if (until) {
    for (const bson::Document& where : key_filters({after, until}))
      if (!append(batch, where)) return batch;
    batch.end = true;
    return batch;
  }
  if (!after) {
    batch.end = append(batch, {});
    return batch;
  }
  bson::Writer behind;
  behind.begin_document("_id");
  append_behind(behind, *after);
  behind.end();
  if (!append(batch, behind.finish())) return batch;
  // The end of this type's ids; others may sort behind them.
  // What $gt finds above MinKey differs between stores: the last document read decides.
  const std::size_t here =
      key_place(batch.documents.empty() ? after->type() : batch.documents.back()["_id"].type());
  if (here + 1 == key_places || !may_be_behind(here)) {
    batch.end = true;
    return batch;
  }
  batch.end = append(batch, keys_of_places(here + 1, key_places));
  return batch;
}

/// A file tells its last id at once; a server may go over the whole collection for it, and finds
/// the ids of other types as fast as it could say that there are some.
bool KeyWalk::may_be_behind(std::size_t place) {
  if (!db_.store().capabilities().transactional_catalog) return true;
  const auto last = find_document(db_, collection_, {}, options_.session,
                                  bson::make_document("_id", std::int32_t{-1}));
  return last && key_place((*last)["_id"].type()) > place;
}

bool KeyWalk::append(WalkBatch& batch, bson::View where) {
  bson::Document both;
  if (!options_.wanted.empty()) {
    bson::Writer filter;
    filter.begin_array("$and").push(where).push(options_.wanted).end();
    both = filter.finish();
    where = both;
  }
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  const auto room = options_.batch_documents - static_cast<std::int64_t>(batch.documents.size());
  if (room <= 0 || batch.bytes >= options_.batch_bytes) return false;
  auto options =
      options_.from_primary ? safe<store::FindOptions>(options_.session) : store::FindOptions();
  options.session = options_.session;
  options.sort = order;
  options.projection = options_.projection;
  options.limit = room;
  if (options_.one_reply)
    options.batch_size = static_cast<std::int32_t>(std::min<std::int64_t>(room, INT32_MAX));
  const auto cursor = db_.store().find(db_.ns(collection_), where, options);
  std::int64_t found = 0;
  while (const auto document = cursor->next()) {
    ++found;
    batch.documents.emplace_back(*document);
    batch.bytes += document->size();
    if (batch.bytes >= options_.batch_bytes) return false;
  }
  return found < room;
}

}  // namespace quire::migrate
