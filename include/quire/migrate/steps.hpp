#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// Splits a text at its first separators: {name: "Ada King Byron"} into {first: "Ada", last: "King
/// Byron"}. Parts that are missing become "". `to` may contain `from`. Fails (leaving nothing
/// behind) when a document has a `from` that is no text, or one of the new fields already. Back:
/// merge_fields with the same separator.
[[nodiscard]] Step split_field(std::string_view collection, std::string_view from,
                               std::vector<std::string> to, std::string_view separator = " ");

/// Joins texts with a separator, passing over those that are missing, null or empty. `from` may
/// contain `to`. Fails (leaving nothing behind) when a document has one that is no text, or `to`
/// already. Back: split_field, which cannot tell a separator within a part from one between parts.
[[nodiscard]] Step merge_fields(std::string_view collection, std::vector<std::string> from,
                                std::string_view to, std::string_view separator = " ");

enum class Unconvertible {
  fail,  ///< the step fails and names the document; nothing is left behind
  keep   ///< the value stays as it is
};
struct ConvertOptions {
  Unconvertible unconvertible = Unconvertible::fail;
  std::optional<bson::Type> back = {};  ///< the type before; gives the step a way back
};
/// Gives the values of a field another type, by the rules of $convert (a text that is no number
/// cannot become one; any text but the empty one becomes true). Null and missing stay. `to`:
/// double, string, objectId, bool, date, int, long, decimal.
[[nodiscard]] Step convert_field(std::string_view collection, std::string_view field, bson::Type to,
                                 const ConvertOptions& options = {});

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

struct ValidatorOptions {
  bool moderate = false;  ///< documents that do not pass already may be changed all the same
  bool warn = false;      ///< log what does not pass, do not refuse it
};
/// Sets the validator of a collection, which is made when it is absent; {} takes it away. Back: the
/// one from before, kept in _quire_undo.
[[nodiscard]] Step set_validator(std::string_view collection, bson::View validator,
                                 const ValidatorOptions& options = {});

/// Replaces a reference by the document that it refers to: {author_id: 7} by {author: {_id: 7, …}}
/// with embed("books", "author_id", "authors", "author"). The other collection stays as it is.
/// Fails when a reference leads nowhere; null and missing stay. Back: extract.
[[nodiscard]] Step embed(std::string_view collection, std::string_view reference_field,
                         std::string_view other_collection, std::string_view as);

/// Puts an embedded document with an _id into a collection of its own, and its _id in its place.
/// One that is there already must be the same. Back: embed.
[[nodiscard]] Step extract(std::string_view collection, std::string_view field,
                           std::string_view other_collection, std::string_view reference_field);

/// Copies the documents that match into another collection under the same _id, in batches. One that
/// is there already with that _id stops it. Back: removes them there again.
[[nodiscard]] Step copy_documents(std::string_view from, std::string_view to,
                                  bson::View filter = {});

/// Moves the documents that match into another collection, in batches. Back: moves what matches
/// there to where it came from.
[[nodiscard]] Step move_documents(std::string_view from, std::string_view to,
                                  bson::View filter = {});

}  // namespace quire::migrate
