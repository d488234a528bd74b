#pragma once

#include <set>
#include <string>

#include "quire/collection/database.hpp"
#include "quire/migrate/report.hpp"

namespace quire::migrate {

/// The collections that pending migrations change.
struct TouchedCollections {
  std::set<std::string> names;  ///< there or to be made
  bool all = false;             ///< there is code that may change any
  /// Documents stay where they are: their number changes by what steps remove alone.
  bool in_place = true;
};
[[nodiscard]] TouchedCollections collections_of(const Database& db, const MigrationPlan& plan);
/// Those of them that are there, and what quire keeps about migrations.
[[nodiscard]] std::set<std::string> saved_names(const Database& db,
                                                const TouchedCollections& touched);

}  // namespace quire::migrate
