#pragma once

#include "quire/observe/index_report.hpp"

namespace quire::observe {

struct Served {
  Service service = Service::none;
  std::size_t keys = 0;  ///< of the index that take part
  auto operator<=>(const Served&) const = default;
};

/// How an index, as listIndexes gives it, serves conditions and an order.
[[nodiscard]] Served served_by(bson::View index, const QueryNeeds& needs,
                               const std::vector<SortField>& sort);

/// The keys that would serve them fully; empty when no index of plain keys can ($text).
[[nodiscard]] bson::Document keys_for(const QueryNeeds& needs, const std::vector<SortField>& sort);

}  // namespace quire::observe
