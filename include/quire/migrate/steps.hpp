#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "quire/bson/value.hpp"
#include "quire/migrate/step.hpp"

/// Declared steps: data, so that their class, checksum and way back are known before they run.
/// Each throws MigrationError invalid_migration for an empty collection or field name.
/// Fields are paths: "address.city".
namespace quire::migrate {

/// Sets `field` to `value` in every document that lacks it. Back: removes it where it still has
/// that value; other values stay, as somebody wrote them.
[[nodiscard]] Step add_field(std::string_view collection, std::string_view field,
                             const bson::Value& value);

/// Renames a field. Fails (leaving nothing behind) when a document has both. Back: the reverse.
[[nodiscard]] Step rename_field(std::string_view collection, std::string_view from,
                                std::string_view to);

/// Removes a field from every document. No way back: the values are not kept.
[[nodiscard]] Step unset_field(std::string_view collection, std::string_view field);

/// As createIndexes takes them.
struct IndexOptions {
  std::string name = {};  ///< empty: "email_1_age_-1" from the keys
  bool unique = false;
  bool sparse = false;
  bson::Document partial_filter = {};
  std::optional<std::int64_t> expire_after_seconds = {};
};
/// `keys`: {email: 1}. Creates the collection when it is absent. Back: drops the index.
[[nodiscard]] Step create_index(std::string_view collection, bson::View keys,
                                const IndexOptions& options = {});
/// Drops the index that create_index with the same arguments makes; none there is no error. Back:
/// creates it.
[[nodiscard]] Step drop_index(std::string_view collection, bson::View keys,
                              const IndexOptions& options = {});
/// Drops an index by name. No way back: its definition is not known.
[[nodiscard]] Step drop_index(std::string_view collection, std::string_view name);

/// Creates a collection; one that is there already is no error. Back: drops it if it is empty, and
/// fails if it is not.
[[nodiscard]] Step create_collection(std::string_view collection, bson::View options = {});

/// Drops a collection with its documents and indexes. No way back.
[[nodiscard]] Step drop_collection(std::string_view collection);

/// Copies the documents that match into another collection under the same _id, in batches. One that
/// is there already with that _id stops it. Back: removes them there again.
[[nodiscard]] Step copy_documents(std::string_view from, std::string_view to,
                                  bson::View filter = {});

/// Moves the documents that match into another collection, in batches. Back: moves what matches
/// there to where it came from.
[[nodiscard]] Step move_documents(std::string_view from, std::string_view to,
                                  bson::View filter = {});

}  // namespace quire::migrate
