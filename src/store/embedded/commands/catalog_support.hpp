#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "quire/bson/value.hpp"
#include "store/embedded/commands/arguments.hpp"
#include "store/embedded/storage/catalog.hpp"

/// What the commands of the catalog share.
namespace quire::store::embedded::commands {

/// "database.collection".
[[nodiscard]] std::string full_name(Namespace ns);
/// The UUID of a collection as listCollections and events tell it: drivers look for one.
[[nodiscard]] bson::Value uuid_of(Namespace ns);
/// Throws 361 when the command names a UUID that is not the collection's. `collection` may be null.
void check_collection_uuid(const Arguments& arguments, Namespace ns,
                           const CollectionMeta* collection);
/// `cursor.batchSize` of a command that lists; nothing when it is absent.
[[nodiscard]] std::optional<std::int64_t> list_batch(const Arguments& arguments,
                                                     std::string_view what);
/// "database.collection" taken apart at the first point. Throws 73.
[[nodiscard]] Namespace parse_namespace(std::string_view text);

}  // namespace quire::store::embedded::commands
