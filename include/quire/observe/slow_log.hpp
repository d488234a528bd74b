#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "quire/observe/subscription.hpp"

namespace quire::observe {

/// One operation that took long. Holds no values of documents or filters.
struct SlowOperation {
  std::string command;  ///< "find", "update" …
  std::string database;
  std::string collection;
  std::chrono::microseconds duration{0};
  bool ok = true;
  ErrorCode code{};    ///< of a failure
  std::string filter;  ///< filter_shape(): {"age":{"$gte":"?"}}; empty without a filter
  std::string sort;    ///< sort_shape(): {"age":-1}; empty without one
  std::string server;  ///< "host:port"; empty on the embedded store
  /// Slow operations that the rate limit has left out since the last one that was told.
  std::uint64_t left_out = 0;

  /// One line without its end: "slow find app.users 153.204 ms ok filter={"age":{"$gte":"?"}}".
  [[nodiscard]] std::string str() const;
};

struct SlowLogOptions {
  std::chrono::microseconds threshold = std::chrono::milliseconds(100);
  /// Called for one operation at a time; what it throws is dropped. If it uses the store itself,
  /// that is not logged. Default: str() as a line on stderr.
  std::function<void(const SlowOperation&)> sink = {};
  /// At most so many a second are told, the others counted in left_out; 0 = all.
  int max_per_second = 0;
};

/// Tells of each operation that took `threshold` or longer. An operation below costs one
/// comparison. Threads: safe.
class SlowLog final : public store::CommandObserver {
 public:
  explicit SlowLog(SlowLogOptions options);
  ~SlowLog() override;
  void on_command(const store::CommandEvent& event) noexcept override;

 private:
  struct Gauge;
  SlowLogOptions options_;
  std::unique_ptr<Gauge> gauge_;
};

/// Logs slow operations of the store while the subscription lives.
Subscription slow_log(const Database& db, SlowLogOptions options);

}  // namespace quire::observe
