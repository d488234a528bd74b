#include "migrate/field_update.hpp"

#include <algorithm>

#include "bson/nan.hpp"
#include "migrate/key_bounds.hpp"
#include "migrate/key_order.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::FieldWork;

bson::Document both(bson::View a, bson::View b) {
  if (b.empty()) return bson::Document(a);
  bson::Writer filter;
  filter.begin_array("$and").push(a).push(b).end();
  return filter.finish();
}

Job::Counts update_where(Database& db, const detail::StepData& step, bson::View range,
                         store::Session* session) {
  const auto& work = *detail::work_as<FieldWork>(step);
  if (!work.clash.empty()) {
    if (const auto clash = find_document(db, step.collection, both(work.clash, range), session)) {
      throw StepError(ErrorCode::invalid_migration, work.clash_text, step.collection,
                      bson::Value((*clash)["_id"]));
    }
  }
  auto options = safe<store::UpdateOptions>(session);
  options.multi = true;
  const bson::Document filter = both(work.filter, range);
  const auto result = db.store().update(db.ns(step.collection), filter,
                                        {work.update.view(), work.pipeline}, options);
  return {result.matched, result.modified, 0};
}

/// The _id of the first or last document.
std::optional<bson::Value> end_key(Database& db, const std::string& collection, bool last,
                                   store::Session* session) {
  const auto found = find_document(db, collection, {}, session,
                                   bson::make_document("_id", std::int32_t{last ? -1 : 1}));
  if (!found) return std::nullopt;
  return bson::Value((*found)["_id"]);
}

/// Whether comparisons with an _id find all that sort behind it.
bool is_one_order(Database& db, const std::string& collection, store::Session* session) {
  const auto first = end_key(db, collection, false, session);
  const auto last = end_key(db, collection, true, session);
  return !first || !last ||
         (key_place(first->type()) == key_place(last->type()) && !bson::is_nan(*first));
}

/// {_id: {$gt: after, $lte: to}}
bson::Document key_range(const std::optional<bson::Value>& after,
                         const std::optional<bson::Value>& to) {
  bson::Writer range;
  if (!after && !to) return {};
  range.begin_document("_id");
  if (after) range.append("$gt", *after);
  if (to) range.append("$lte", *to);
  range.end();
  return range.finish();
}

/// The _id that ends a range of n documents; nothing when fewer are left.
std::optional<bson::Value> boundary(Database& db, const std::string& collection, bson::View range,
                                    std::int64_t n, store::Session* session) {
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  auto options = safe<store::FindOptions>(session);
  options.sort = order;
  options.projection = order;
  options.skip = n - 1;
  options.limit = 1;
  std::optional<bson::Value> found;
  db.store().find_one(db.ns(collection), range, options,
                      [&](bson::View document) { found.emplace(document["_id"]); });
  return found;
}

}  // namespace

void RangeSize::took(std::chrono::milliseconds time) noexcept {
  constexpr std::int64_t least = 500, most = 100'000;
  if (time < std::chrono::milliseconds(400)) documents_ = std::min(documents_ * 2, most);
  if (time > std::chrono::milliseconds(1500)) documents_ = std::max(documents_ / 2, least);
}

Job::Counts update_fields(Database& db, const detail::StepData& step, store::Session* session) {
  return update_where(db, step, {}, session);
}

RowProgress update_range(Database& db, const detail::StepData& step, const RowProgress& at,
                         const std::optional<bson::Value>& until, std::int64_t documents,
                         store::Session* session) {
  RowProgress next = at;
  std::optional<bson::Value> to;
  std::vector<bson::Document> ranges;
  if (at.cursor || is_one_order(db, step.collection, session)) {
    to = boundary(db, step.collection, key_range(at.cursor, until), documents, session);
    if (!to && !until && at.cursor) {
      // The last one also takes what is of another type by now.
      bson::Writer rest;
      rest.begin_document("_id").begin_document("$not").append("$lte", *at.cursor).end().end();
      ranges.push_back(rest.finish());
    } else {
      ranges.push_back(key_range(at.cursor, to ? to : until));
    }
  } else {
    ranges = key_filters({std::nullopt, until});
  }
  for (const bson::Document& range : ranges) {
    const Job::Counts more = update_where(db, step, range, session);
    next.counts.matched += more.matched;
    next.counts.changed += more.changed;
  }
  next.done = !to.has_value();
  if (to) next.cursor = std::move(to);
  return next;
}

}  // namespace quire::migrate
