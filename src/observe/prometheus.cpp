#include <fmt/format.h>

#include <iterator>

#include "observe/prometheus_text.hpp"
#include "observe/servers.hpp"
#include "quire/observe/metrics.hpp"

namespace quire::observe {
namespace {

std::string seconds(std::chrono::microseconds time) {
  return fmt::format("{}.{:06}", time.count() / 1'000'000, time.count() % 1'000'000);
}

LabelPairs labels_of(const OperationMetrics& one) {
  return {{"command", one.command}, {"database", one.database}, {"collection", one.collection}};
}

void append_histogram(std::string& out, const OperationMetrics& one) {
  constexpr std::string_view bucket = "quire_operation_duration_seconds_bucket";
  auto labels = labels_of(one);
  labels.emplace_back("le", "");
  std::uint64_t upto = 0;
  for (std::size_t i = 0; i < latency_buckets; ++i) {
    upto += one.buckets[i];
    const std::string bound =
        i < latency_bounds.size() ? fmt::format("{}", latency_bounds[i]) : "+Inf";
    labels.back().second = bound;
    append_sample(out, bucket, labels, upto);
  }
  labels.pop_back();
  append_sample(out, "quire_operation_duration_seconds_sum", labels, seconds(one.total));
  append_sample(out, "quire_operation_duration_seconds_count", labels, upto);
}

void append_store(std::string& out, store::Store& store) {
  const auto pool = store.pool_state();
  append_one(out, "quire_pool_in_use", "gauge",
             "Connections lent to operations, cursors and sessions.", pool.in_use);
  append_one(out, "quire_pool_most_in_use", "gauge",
             "The highest number of connections in use at once so far.", pool.most);
  append_one(out, "quire_pool_limit", "gauge", "The size of the connection pool.", pool.limit);
  append_one(out, "quire_pool_waits_total", "counter",
             "Times that an operation waited for a connection.", pool.waits);
  append_one(out, "quire_pool_timeouts_total", "counter",
             "Times that an operation waited for a connection in vain.", pool.timeouts);
  const auto servers = servers_now(store, pool);
  append_head(out, "quire_server_state", "gauge", "1 for each server with its type.");
  for (const auto& server : servers) {
    append_sample(out, "quire_server_state", {{"server", server.server}, {"type", server.type}},
                  std::uint64_t{1});
  }
  append_head(out, "quire_server_round_trip_seconds", "gauge",
              "Round trip to each server where it is known.");
  for (const auto& server : servers) {
    if (server.round_trip.count() >= 0) {
      append_sample(out, "quire_server_round_trip_seconds", {{"server", server.server}},
                    seconds(server.round_trip));
    }
  }
}

}  // namespace

std::string Metrics::prometheus() const {
  const auto now = snapshot();
  std::string out;
  append_head(out, "quire_operations_total", "counter", "Operations on the store.");
  for (const auto& one : now.operations)
    append_sample(out, "quire_operations_total", labels_of(one), one.operations);
  append_head(out, "quire_operation_failures_total", "counter",
              "Operations that failed, by the name of the error code.");
  for (const auto& one : now.operations) {
    for (const auto& [code, n] : one.failures_by_code) {
      auto labels = labels_of(one);
      labels.emplace_back("code", code);
      append_sample(out, "quire_operation_failures_total", labels, n);
    }
  }
  append_head(out, "quire_operation_duration_seconds", "histogram",
              "Time of operations in seconds.");
  for (const auto& one : now.operations) append_histogram(out, one);
  append_head(out, "quire_server_changes_total", "counter",
              "Times that a server became another kind.");
  append_sample(out, "quire_server_changes_total", {}, now.server_changes);
  return out;
}

std::string Metrics::prometheus(store::Store& store) const {
  std::string out = prometheus();
  append_store(out, store);
  return out;
}

}  // namespace quire::observe
