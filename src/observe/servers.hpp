#pragma once

#include <vector>

#include "quire/store/store.hpp"

namespace quire::observe {

/// The servers as the store sees them; none when that cannot be told now. The driver is asked over
/// a connection of the pool: while all are lent it would wait just when somebody wants to know why.
[[nodiscard]] inline std::vector<store::ServerState> servers_now(store::Store& store,
                                                                 const store::PoolState& pool) {
  if (pool.limit > 0 && pool.in_use >= pool.limit) return {};
  try {
    return store.servers();
  } catch (const Error&) {  // closed
    return {};
  }
}

}  // namespace quire::observe
