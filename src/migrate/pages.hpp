#pragma once

#include "migrate/key_walk.hpp"
#include "migrate/keys_ahead.hpp"

namespace quire::migrate {

/// The batch behind `at`, which is moved to its end. `ahead` says where that is, so that the batch
/// is one between two ids; null: it is what comes first behind `at`, up to `until`. May be empty
/// without being the last where documents went meanwhile. Throws StoreError.
[[nodiscard]] WalkBatch next_batch(KeyWalk& walk, KeysAhead* ahead, std::int64_t documents,
                                   std::optional<bson::Value>& at,
                                   const std::optional<bson::Value>& until = std::nullopt);

/// A collection in the order of _id, batch by batch, at a cost that grows with the collection and
/// not with its square: on servers the ids are told ahead. Of a file no cursor is needed, and none
/// stays open. What `options` and `collection` view must outlive it. One thread.
class Pages {
 public:
  /// `after`: the last _id that was done; nothing: from the start.
  Pages(const Database& db, std::string_view collection, const WalkOptions& options,
        std::optional<bson::Value> after = std::nullopt);
  /// As next_batch().
  [[nodiscard]] WalkBatch next() { return next_batch(walk_, ahead(), documents_, after_); }

 private:
  [[nodiscard]] KeysAhead* ahead() noexcept { return ahead_ ? &*ahead_ : nullptr; }

  KeyWalk walk_;
  std::optional<KeysAhead> ahead_;
  std::int64_t documents_;
  std::optional<bson::Value> after_;
};

}  // namespace quire::migrate
