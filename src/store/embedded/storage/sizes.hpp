#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "store/embedded/storage/catalog.hpp"

/// Sizes in bytes, from SQLite's pages where its table dbstat is there, else from what is stored.
namespace quire::store::embedded {

struct CollectionSizes {
  std::int64_t documents = 0;
  std::int64_t data = 0;                        ///< bytes of all documents
  std::int64_t storage = 0;                     ///< bytes of the pages with documents
  std::map<std::string, std::int64_t> indexes;  ///< bytes of pages, by the index's name
};
/// Reads the collection once.
[[nodiscard]] CollectionSizes collection_sizes(Connection& connection,
                                               const CollectionMeta& collection);

/// All databases in order of their names with the bytes of their pages (0 when `sized` is false).
/// "admin", "config" and "local", which each deployment has, are always there; the pages of the
/// catalog count as those of "admin".
[[nodiscard]] std::map<std::string, std::int64_t> database_sizes(Connection& connection,
                                                                 bool sized);

}  // namespace quire::store::embedded
