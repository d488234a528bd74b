#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "quire/collection/database.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {

/// Hooks for Database::set_hooks: documents that are read through collections come in the newest
/// shape before the migrations have changed them. Each transform() of the migrations to a higher
/// version is applied, in order, to documents whose _v is lower or absent; nothing is written. The
/// functions are called by all threads that read. Filters, sorts and aggregations see documents as
/// they are stored, so a query for a new field finds old documents only once the migration is
/// complete. A document that a transform would remove is read as it is.
/// Throws MigrationError as MigrationRunner does for migrations that make no sense.
[[nodiscard]] std::shared_ptr<DatabaseHooks> upgrade_on_read(const Migrations& migrations);

/// How far a collection is on the way to a schema version.
struct Completeness {
  std::int64_t current = 0;  ///< documents of that version or a higher one
  std::int64_t older = 0;    ///< of a lower one
  std::int64_t without = 0;  ///< without _v
  [[nodiscard]] bool is_complete() const noexcept { return older == 0 && without == 0; }
};
/// Counts, by reading the collection. Throws StoreError.
[[nodiscard]] Completeness completeness(const Database& db, std::string_view collection,
                                        std::int32_t version);

}  // namespace quire::migrate
