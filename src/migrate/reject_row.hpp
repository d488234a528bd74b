#pragma once

#include <span>
#include <string>

#include "migrate/support.hpp"

namespace quire::migrate {

inline constexpr std::string_view rejects_collection = "_quire_rejects";

/// {_id: {job, key, stage}}: a document is put aside once for a reason, however often it is met.
[[nodiscard]] bson::Document reject_filter(std::string_view job, bson::ValueView key,
                                           std::string_view stage);

/// A document that could not be taken along, or was put aside.
struct RejectRow {
  std::string job;
  bson::ValueView key;     ///< the document's _id
  std::string_view stage;  ///< "read", "map", "validate", "write", "duplicate"
  std::string_view collection;
  ErrorCode code = ErrorCode::internal;
  std::string field;  ///< the path; may be empty
  std::string text;   ///< why
  bson::View document;
  /// The document goes from where it was, so that it must be kept here.
  bool only_copy = false;
};
/// Whether a reject's document has room for the one that is put aside.
[[nodiscard]] bool has_room(bson::View document);
/// A text that can be stored, whatever threw it.
[[nodiscard]] std::string_view storable(std::string_view text);

/// Writes each under the _id {job, key, stage}: again, it counts an attempt and keeps the document
/// as it is now. One of nearly 16 MiB is left out; with only_copy StoreError document_too_large is
/// thrown instead, before anything is written.
void keep_rejects(Database& db, std::span<const RejectRow> rows, store::Session* session);

}  // namespace quire::migrate
