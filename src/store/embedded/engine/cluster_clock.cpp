#include "store/embedded/engine/cluster_clock.hpp"

#include <algorithm>
#include <chrono>

namespace quire::store::embedded {
namespace {

constexpr std::int64_t increment_bits = 31;

std::int64_t wall_time() noexcept {
  constexpr std::int64_t second = 1'000'000;
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  return ((now / second) << increment_bits) | (now % second + 1);  // an increment is never 0
}

/// The variable becomes `time` unless it is later already.
void raise(std::atomic<std::int64_t>& variable, std::int64_t time) noexcept {
  auto was = variable.load(std::memory_order_relaxed);
  while (was < time && !variable.compare_exchange_weak(was, time, std::memory_order_acq_rel)) {
  }
}

thread_local CommandTime* running = nullptr;

}  // namespace

bson::Timestamp to_timestamp(std::int64_t time) noexcept {
  bson::Timestamp out;
  out.seconds = static_cast<std::uint32_t>(time >> increment_bits);
  out.increment = static_cast<std::uint32_t>(time & ((std::int64_t{1} << increment_bits) - 1));
  return out;
}

std::int64_t to_log_time(bson::Timestamp time) noexcept {
  return (static_cast<std::int64_t>(time.seconds) << increment_bits) |
         std::min<std::int64_t>(time.increment, (std::int64_t{1} << increment_bits) - 1);
}

ClusterClock::ClusterClock() noexcept : last_(wall_time()), committed_(last_.load()) {}

std::int64_t ClusterClock::tick(std::int64_t floor) noexcept {
  const auto wall = wall_time();
  auto was = last_.load(std::memory_order_relaxed);
  for (;;) {
    const auto next = std::max({was + 1, floor + 1, wall});
    if (last_.compare_exchange_weak(was, next, std::memory_order_acq_rel)) return next;
  }
}

void ClusterClock::committed(std::int64_t time) noexcept { raise(committed_, time); }

std::int64_t ClusterClock::now() noexcept {
  raise(last_, wall_time());
  return last_.load(std::memory_order_acquire);
}

void ClusterClock::advance(std::int64_t seen) noexcept { raise(last_, seen); }

CommandTime::CommandTime(ClusterClock& clock) noexcept
    : clock_(clock),
      outer_(running),
      operation_(clock.last_committed()),
      now_(std::max(clock.now(), operation_)) {
  running = this;
}

CommandTime::~CommandTime() { running = outer_; }

std::optional<bson::Timestamp> CommandTime::current() noexcept {
  if (running == nullptr) return std::nullopt;
  return to_timestamp(running->now_);
}

void CommandTime::wrote(std::int64_t time, bool committed) noexcept {
  if (running == nullptr) return;
  running->now_ = std::max(running->now_, time);
  if (committed) running->operation_ = std::max(running->operation_, time);
}

}  // namespace quire::store::embedded
