#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "migrate/documents.hpp"
#include "migrate/key_bounds.hpp"
#include "migrate/key_walk.hpp"
#include "quire/collection/database.hpp"
#include "quire/core/function_ref.hpp"

namespace quire::migrate::data {

/// A collection by ranges of _id, read from the primary; no cursor outlives a call. One thread at a
/// time. The filter and the name that it is given must outlive it.
class KeyRange {
 public:
  KeyRange(const Database& db, std::string_view collection, bson::View filter)
      : db_(db), collection_(collection), filter_(filter) {}

  /// The first documents; end: there are no more.
  [[nodiscard]] WalkBatch read(const KeyBounds& bounds, std::int64_t documents, std::size_t bytes,
                               store::Session* session = nullptr);
  /// Calls `fn` with each document until it gives false. False when it did.
  bool each(const KeyBounds& bounds, FunctionRef<bool(bson::View)> fn);
  /// The _id of the document number `distance` (1 = the first); nothing when there are fewer.
  [[nodiscard]] std::optional<bson::Value> key_at(const KeyBounds& bounds, std::int64_t distance);
  [[nodiscard]] std::int64_t count(const KeyBounds& bounds);

 private:
  [[nodiscard]] bson::Document with_filter(bson::View where) const;

  Database db_;
  std::string_view collection_;
  bson::View filter_;
};

}  // namespace quire::migrate::data
