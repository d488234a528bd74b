#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"

namespace quire::migrate {

/// What a walk takes and how much of it at a time.
struct WalkOptions {
  bson::View wanted = {};  ///< a filter; empty = all
  std::int64_t batch_documents = 500;
  std::size_t batch_bytes = 8 * 1024 * 1024;  ///< a batch ends behind the document that reaches it
  store::Session* session = nullptr;
  bson::View projection = {};  ///< of what is read, with _id; empty = whole documents
  bool from_primary = false;   ///< whatever the connection prefers
  bool one_reply = false;      ///< ask the server for a batch in one reply instead of several
};

struct WalkBatch {
  std::vector<bson::Document> documents;
  std::size_t bytes = 0;
  bool end = false;  ///< nothing comes after it
};

/// A collection in the order of _id, by pages that start behind the last _id seen: no cursor stays
/// open between them, and ids of mixed types and NaN are not missed. What `options` and
/// `collection` view must outlive it. One thread at a time.
class KeyWalk {
 public:
  KeyWalk(const Database& db, std::string_view collection, const WalkOptions& options)
      : db_(db), collection_(collection), options_(options) {}

  /// The documents behind `after` (nothing: from the start) up to `until`. Throws StoreError.
  [[nodiscard]] WalkBatch read(const std::optional<bson::Value>& after,
                               const std::optional<bson::Value>& until = std::nullopt);

 private:
  /// True when it came to the end of what the filter finds.
  bool append(WalkBatch& batch, bson::View where);
  [[nodiscard]] bool may_be_behind(std::size_t place);

  Database db_;
  std::string_view collection_;
  WalkOptions options_;
};

}  // namespace quire::migrate
