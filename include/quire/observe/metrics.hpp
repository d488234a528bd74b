#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quire/observe/subscription.hpp"

namespace quire::observe {

/// Upper bounds of the latency buckets in seconds, each inclusive; one more bucket has no bound.
inline constexpr std::array<double, 19> latency_bounds{
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
    0.025,   0.05,     0.1,     0.25,   0.5,     1,      2.5,   5,      10};
inline constexpr std::size_t latency_buckets = latency_bounds.size() + 1;

/// The operations of one command on one collection.
struct OperationMetrics {
  std::string command;
  std::string database;
  std::string collection;  ///< empty for commands about none
  std::uint64_t operations = 0;
  std::uint64_t failures = 0;  ///< of the operations
  /// Failures by to_string(ErrorCode), most first; "other" after eight different ones.
  std::vector<std::pair<std::string, std::uint64_t>> failures_by_code;
  std::array<std::uint64_t, latency_buckets> buckets{};  ///< operations in each, not cumulative
  std::chrono::microseconds total{0};
  std::chrono::microseconds longest{0};

  /// Estimates the latency in seconds that a share of 0 to 1 of the operations did not exceed:
  /// linear within a bucket, as Prometheus' histogram_quantile, and never above `longest`. 0
  /// without operations.
  [[nodiscard]] double quantile(double share) const noexcept;
  [[nodiscard]] double p50() const noexcept { return quantile(0.50); }
  [[nodiscard]] double p95() const noexcept { return quantile(0.95); }
  [[nodiscard]] double p99() const noexcept { return quantile(0.99); }
};

struct MetricsSnapshot {
  std::vector<OperationMetrics> operations;  ///< by command, database and collection in order
  std::uint64_t server_changes = 0;          ///< servers that became another kind
  /// All commands on all collections together, by name empty.
  [[nodiscard]] OperationMetrics total() const;
};

struct MetricsOptions {
  /// Pairs of command and collection that are counted apart, 1 to 100,000; operations of further
  /// ones are counted together under command, database and collection "other".
  std::size_t max_series = 1000;
};

/// Counts operations and failures and measures latency, per command and collection.
///   auto metrics = std::make_shared<Metrics>();
///   auto watching = attach(db, metrics);
/// Threads: safe. Counting takes no lock but for the first operation of a series. Memory: about 400
/// bytes a series.
class Metrics final : public store::CommandObserver {
 public:
  explicit Metrics(MetricsOptions options = {});
  ~Metrics() override;

  void on_command(const store::CommandEvent& event) noexcept override;
  void on_server(const store::ServerEvent& event) noexcept override;

  /// Counts as they are; operations that end meanwhile may or may not be in.
  [[nodiscard]] MetricsSnapshot snapshot() const;

  /// Prometheus' text exposition format 0.0.4, content type "text/plain; version=0.0.4":
  ///   quire_operations_total{command,database,collection}               counter
  ///   quire_operation_failures_total{command,database,collection,code}  counter
  ///   quire_operation_duration_seconds{command,database,collection}     histogram
  ///   quire_server_changes_total                                        counter
  /// Source: prometheus.io/docs/instrumenting/exposition_formats.
  [[nodiscard]] std::string prometheus() const;
  /// Also the store's state:
  ///   quire_pool_in_use, quire_pool_most_in_use, quire_pool_limit       gauge
  ///   quire_pool_waits_total, quire_pool_timeouts_total                 counter
  ///   quire_server_state{server,type}, 1 each                           gauge
  ///   quire_server_round_trip_seconds{server}                           gauge
  /// Sends nothing to a server. Servers are left out while no connection of the pool is free.
  [[nodiscard]] std::string prometheus(store::Store& store) const;
  [[nodiscard]] std::string prometheus(const Database& db) const { return prometheus(db.store()); }

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace quire::observe
