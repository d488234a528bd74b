#pragma once

#include <cstdint>
#include <vector>

#include "quire/bson/writer.hpp"
#include "store/embedded/storage/catalog.hpp"

/// What collStats, $collStats, listIndexes and $indexStats say of a collection.
namespace quire::store::embedded {

/// The definition of the index of _id, as listIndexes gives it.
[[nodiscard]] bson::Document id_index(const CollectionMeta& collection);
/// Definitions of all indexes, that of _id first.
[[nodiscard]] std::vector<bson::Document> index_definitions(const CollectionMeta& collection);
/// The number of documents.
[[nodiscard]] std::int64_t count_documents(Connection& connection,
                                           const CollectionMeta& collection);
/// An int32 where it fits, as a server answers; else an int64.
void append_number(bson::Writer& out, std::string_view name, std::int64_t value);
/// Sizes in units of `scale` bytes, counts and names, without `ns`. Reads the collection once.
/// `collection` may be null: all is 0.
void append_collection_stats(bson::Writer& out, Connection& connection,
                             const CollectionMeta* collection, std::int64_t scale);

}  // namespace quire::store::embedded
