#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/store/store.hpp"

namespace quire::observe {

/// One JSON document for a liveness probe, on one line:
///   {"ok":true,"writable":true,"kind":"mongodb","version":"8.0.4","set_name":"rs0",
///    "server":"db1:27017","round_trip_ms":0.412,
///    "pool":{"in_use":3,"most":9,"limit":100,"waits":0,"timeouts":0},
///    "servers":[{"server":"db1:27017","type":"RSPrimary","round_trip_ms":1}]}
/// set_name, server and error stand only where there is one, round_trip_ms only where it is known.
[[nodiscard]] std::string health_json(const store::Health& health, const store::PoolState& pool,
                                      std::span<const store::ServerState> servers);

struct HealthReport {
  store::Health health;
  store::PoolState pool;
  std::vector<store::ServerState> servers;  ///< empty on the embedded store and when not ok

  [[nodiscard]] bool ok() const noexcept { return health.ok; }
  [[nodiscard]] std::string json() const { return health_json(health, pool, servers); }
};

/// Asks the store; answers within about `limit` also where no server can be reached, and does not
/// throw for that: health.error tells why.
[[nodiscard]] HealthReport health(const Database& db,
                                  std::chrono::milliseconds limit = std::chrono::seconds(2));

}  // namespace quire::observe
