#pragma once

#include <string>
#include <vector>

#include "store/embedded/storage/catalog.hpp"

/// Views as the catalog keeps them: collections without a table whose options have `viewOn` and
/// `pipeline`. Reads resolve them; nothing is written to them.
namespace quire::store::embedded {

/// What a view is made of: the collections that it reads, its own input first.
struct ViewSources {
  std::string view_on;
  std::vector<std::string> others;  ///< of $lookup, $graphLookup and $unionWith
};

inline constexpr int most_view_depth = 20;

/// Throws StoreError command_failed when the view `name` would reach itself (5) or stand on more
/// than 20 views (165).
void check_view_graph(const Catalog& catalog, std::string_view database, std::string_view name,
                      const ViewSources& sources);

}  // namespace quire::store::embedded
