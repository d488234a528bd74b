#pragma once

#include <string>
#include <string_view>

#include "quire/migrate/migration.hpp"
#include "quire/migrate/skeleton.hpp"

/// A migration that stands for several earlier ones, written from them. For tools: quire.hpp does
/// not include it.
namespace quire::migrate {

/// The C++ text of a migration that replaces those from `first` to `last` in the program's order: a
/// class, and a function add_<id>(Migrations&), as migration_skeleton() writes them. Declared steps
/// are repeated as they are; code cannot be, so there is a place marked DECIDE for each, whose code
/// throws until it is written. Dependencies on other migrations, the highest min_app and kind
/// contract are taken over. Keep the originals in the program until every database has the squash.
/// Throws MigrationError unknown_migration, and invalid_migration for a name as
/// migration_skeleton() does, for `last` before `first`, and for repeatable migrations among them.
[[nodiscard]] std::string squash_skeleton(std::string_view name, const Migrations& migrations,
                                          std::string_view first, std::string_view last,
                                          const SkeletonOptions& options = {});

}  // namespace quire::migrate
