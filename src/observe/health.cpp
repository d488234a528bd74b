#include "quire/observe/health.hpp"

#include "observe/servers.hpp"
#include "observe/text.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::observe {

std::string health_json(const store::Health& health, const store::PoolState& pool,
                        std::span<const store::ServerState> servers) {
  bson::Writer out;
  out.append("ok", health.ok).append("writable", health.writable);
  out.append("kind", utf8(health.kind)).append("version", utf8(health.version));
  if (!health.set_name.empty()) out.append("set_name", utf8(health.set_name));
  if (!health.server.empty()) out.append("server", utf8(health.server));
  if (health.ok)
    out.append("round_trip_ms", static_cast<double>(health.round_trip.count()) / 1000.0);
  if (!health.error.empty()) out.append("error", utf8(health.error));
  out.begin_document("pool")
      .append("in_use", pool.in_use)
      .append("most", pool.most)
      .append("limit", pool.limit)
      .append("waits", pool.waits)
      .append("timeouts", pool.timeouts)
      .end();
  out.begin_array("servers");
  for (const auto& server : servers) {
    out.push_document_begin().append("server", utf8(server.server)).append("type", server.type);
    if (server.round_trip.count() >= 0)
      out.append("round_trip_ms", static_cast<std::int64_t>(server.round_trip.count()));
    out.end();
  }
  out.end();
  return bson::to_json(out.finish());
}

HealthReport health(const Database& db, std::chrono::milliseconds limit) {
  HealthReport out;
  out.health = db.store().health(limit);
  out.pool = db.store().pool_state();
  if (out.health.ok) out.servers = servers_now(db.store(), out.pool);
  return out;
}

}  // namespace quire::observe
