#include "migrate/key_walk.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "bson/nan.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

using bson::Type;

/// Types in the order in which they sort; those of one line compare with each other, and $gt finds
/// only values of its operand's line.
struct Bracket {
  std::array<int, 4> types;
  int count;
};
constexpr std::array<Bracket, 15> brackets = {{{{-1}, 1},
                                               {{10, 6}, 2},
                                               {{1, 16, 18, 19}, 4},
                                               {{2, 14}, 2},
                                               {{3}, 1},
                                               {{4}, 1},
                                               {{5}, 1},
                                               {{7}, 1},
                                               {{8}, 1},
                                               {{9}, 1},
                                               {{17}, 1},
                                               {{11}, 1},
                                               {{12}, 1},
                                               {{13, 15}, 2},
                                               {{127}, 1}}};

}  // namespace

std::size_t key_bracket(Type type) noexcept {
  const int code = type == Type::min_key ? -1 : static_cast<int>(type);
  for (std::size_t i = 0; i < brackets.size(); ++i) {
    const auto& b = brackets[i];
    if (std::find(b.types.begin(), b.types.begin() + b.count, code) != b.types.begin() + b.count)
      return i;
  }
  return brackets.size() - 1;
}

WalkBatch KeyWalk::read(const std::optional<bson::Value>& after,
                        const std::optional<bson::Value>& until) {
  WalkBatch batch;
  if (!after) {
    batch.end = append(batch, {}, until);
    return batch;
  }
  bson::Writer behind;
  if (bson::is_nan(*after)) {  // NaN is below all numbers but compares with none
    behind.begin_document("_id").append("$gte", -HUGE_VAL).end();
  } else {
    behind.begin_document("_id").append("$gt", *after).end();
  }
  if (!append(batch, behind.finish(), until)) return batch;
  // The end of this type's ids; others may sort behind them.
  const auto last = find_document(db_, collection_, {}, options_.session,
                                  bson::make_document("_id", std::int32_t{-1}));
  // What $gt finds above MinKey differs between stores: the last document read decides.
  const std::size_t here =
      key_bracket(batch.documents.empty() ? after->type() : batch.documents.back()["_id"].type());
  if (!last || key_bracket((*last)["_id"].type()) <= here) {
    batch.end = true;
    return batch;
  }
  bson::Writer types;
  types.begin_document("_id").begin_array("$type");
  for (std::size_t i = here + 1; i < brackets.size(); ++i) {
    for (int k = 0; k < brackets[i].count; ++k)
      types.push(std::int32_t{brackets[i].types[static_cast<std::size_t>(k)]});
  }
  types.end().end();
  batch.end = append(batch, types.finish(), until);
  return batch;
}

bool KeyWalk::append(WalkBatch& batch, bson::View where, const std::optional<bson::Value>& until) {
  bson::Writer filter;
  filter.begin_array("$and");
  filter.push(where);
  if (!options_.wanted.empty()) filter.push(options_.wanted);
  if (until) {
    bson::Writer bound;
    bound.begin_document("_id").append("$lte", *until).end();
    filter.push(bound.finish());
  }
  filter.end();
  const bson::Document both = filter.finish();
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  const auto room = options_.batch_documents - static_cast<std::int64_t>(batch.documents.size());
  if (room <= 0 || batch.bytes >= options_.batch_bytes) return false;
  auto options =
      options_.from_primary ? safe<store::FindOptions>(options_.session) : store::FindOptions();
  options.session = options_.session;
  options.sort = order;
  options.limit = room;
  if (options_.one_reply)
    options.batch_size = static_cast<std::int32_t>(std::min<std::int64_t>(room, INT32_MAX));
  const bool plain = options_.wanted.empty() && !until;
  const auto cursor = db_.store().find(db_.ns(collection_), plain ? where : both.view(), options);
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
