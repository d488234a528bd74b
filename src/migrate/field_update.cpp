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

void look_for_clash(Database& db, const detail::StepData& step, const FieldWork& work,
                    bson::View range, store::Session* session) {
  if (work.clash.empty()) return;
  if (const auto clash = find_document(db, step.collection, both(work.clash, range), session)) {
    throw StepError(ErrorCode::invalid_migration, work.clash_text, step.collection,
                    bson::Value((*clash)["_id"]));
  }
}

/// `there`: how many documents the range has, if that is known.
Job::Counts update_where(Database& db, const detail::StepData& step, bson::View range,
                         std::optional<std::int64_t> there, store::Session* session) {
  const auto& work = *detail::work_as<FieldWork>(step);
  // A transaction that ends with an error changes nothing: it can look afterwards, where it was not
  // all of the documents that the update found. That look costs as much as finding them.
  const bool afterwards = session != nullptr && there && work.clash_is_apart;
  if (!afterwards) look_for_clash(db, step, work, range, session);
  auto options = safe<store::UpdateOptions>(session);
  options.multi = true;
  const bson::Document filter = both(work.filter, range);
  const auto result = db.store().update(db.ns(step.collection), filter,
                                        {work.update.view(), work.pipeline}, options);
  if (afterwards && result.matched != *there) look_for_clash(db, step, work, range, session);
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
  constexpr std::int64_t least = 500;
  if (time < std::chrono::milliseconds(300)) documents_ = std::min(documents_ * 2, most_);
  if (time > std::chrono::milliseconds(2000))
    documents_ = std::min(std::max(documents_ / 2, least), most_);
}

bool RangeSize::halve() noexcept {
  if (documents_ == 1) return false;
  documents_ /= 2;
  most_ = documents_;  // no larger one is tried again
  return true;
}

Job::Counts update_fields(Database& db, const detail::StepData& step, store::Session* session) {
  return update_where(db, step, {}, std::nullopt, session);
}

RowProgress update_range(Database& db, const detail::StepData& step, const RowProgress& at,
                         const std::optional<bson::Value>& until, std::int64_t documents,
                         KeysAhead* ahead, store::Session* session) {
  RowProgress next = at;
  std::optional<bson::Value> to;
  std::optional<std::int64_t> there;
  std::vector<bson::Document> ranges;
  if (const auto end =
          ahead != nullptr && !until ? ahead->end_behind(at.cursor, documents) : std::nullopt) {
    to = end->id;
    there = end->documents;
    ranges = key_filters({at.cursor, to});
  } else if (at.cursor || is_one_order(db, step.collection, session)) {
    to = boundary(db, step.collection, key_range(at.cursor, until), documents, session);
    if (to) there = documents;
    // The last one also takes what is of another type by now.
    if (!to && !until && at.cursor) {
      ranges = key_filters({at.cursor, std::nullopt});
    } else {
      ranges.push_back(key_range(at.cursor, to ? to : until));
    }
  } else {
    ranges = key_filters({std::nullopt, until});
  }
  // Ids of several types, and the first of all, have more than one.
  if (ranges.size() > 1) there.reset();
  const bool rest = at.cursor && !to;
  for (const bson::Document& range : ranges) {
    // Ids of another type than those before are rare, and an update for them may cost a server a
    // look at all documents, where a search ends in an index.
    if (rest && &range != ranges.data() && !find_document(db, step.collection, range, session, {}))
      continue;
    const Job::Counts more = update_where(db, step, range, there, session);
    next.counts.matched += more.matched;
    next.counts.changed += more.changed;
  }
  next.done = !to.has_value();
  if (to) next.cursor = std::move(to);
  return next;
}

}  // namespace quire::migrate
