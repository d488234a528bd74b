#include "migrate/keys_ahead.hpp"

#include "migrate/key_order.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

void KeysAhead::open(const std::optional<bson::Value>& after) {
  bson::Writer where;
  if (after) {
    where.begin_document("_id");
    append_behind(where, *after);
    where.end();
  }
  if (!wanted_.empty()) where.begin_array("$and").push(wanted_).end();
  const bson::Document filter = where.finish();
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  // The mark with the id: some servers take a document apart whole where the id alone is asked for,
  // which costs a quarter of changing it. What the documents behind the ids cost to read is no
  // loss, as they are about to be read.
  const bson::Document id_and_mark =
      bson::make_document("_id", std::int32_t{1}, "_q", std::int32_t{1});
  auto options = from_primary_ ? safe<store::FindOptions>() : store::FindOptions();
  options.sort = order;
  options.projection = id_and_mark;
  options.batch_size = 10'000;
  cursor_ = db_.store().find(db_.ns(collection_), filter, options);
}

auto KeysAhead::end_behind(const std::optional<bson::Value>& after, std::int64_t n)
    -> std::optional<End> {
  if (told_ && !(after && *after == told_->id)) return told_;
  told_.reset();
  if (given_up_) return std::nullopt;
  if (ended_in_ && (!after || key_place(after->type()) == *ended_in_)) return std::nullopt;
  ended_in_.reset();
  try {
    if (cursor_ == nullptr) open(after);
    for (std::int64_t i = 1; const auto document = cursor_->next(); ++i) {
      if (i < n) continue;
      told_.emplace(End{bson::Value((*document)["_id"]), n});
      return told_;
    }
  } catch (const StoreError& error) {
    // A cursor that waited too long is forgotten by the server, and opened again for the next
    // batch; a pool without a connection to spare is not asked again.
    cursor_.reset();
    given_up_ = error.code() == ErrorCode::pool_exhausted;
    if (!given_up_ && error.code() != ErrorCode::cursor_not_found) throw;
    return std::nullopt;
  }
  cursor_.reset();
  ended_in_ = after ? key_place(after->type()) : key_places;
  return std::nullopt;
}

void KeysAhead::again() noexcept {
  told_.reset();
  ended_in_.reset();
  cursor_.reset();
}

}  // namespace quire::migrate
