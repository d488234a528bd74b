#include "quire/observe/metrics.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <mutex>
#include <tuple>

#include "quire/core/error.hpp"

namespace quire::observe {
namespace {

/// Most first; of the same number by name.
void sort_by_count(std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  std::sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
}

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;

constexpr std::array<std::int64_t, latency_bounds.size()> bounds_us = [] {
  std::array<std::int64_t, latency_bounds.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::int64_t>(latency_bounds[i] * 1e6 + 0.5);
  return out;
}();

std::size_t bucket_of(std::int64_t us) noexcept {
  return static_cast<std::size_t>(std::lower_bound(bounds_us.begin(), bounds_us.end(), us) -
                                  bounds_us.begin());
}

struct Labels {
  std::string_view command, database, collection;
  bool operator==(const Labels&) const = default;
};

std::size_t hash_of(const Labels& labels) noexcept {
  const std::hash<std::string_view> hash;
  std::size_t out = hash(labels.command);
  for (const auto part : {labels.database, labels.collection})
    out = (out ^ hash(part)) * 0x9E3779B97F4A7C15ULL;
  return out ^ (out >> 29);
}

constexpr std::string_view other = "other";

/// Labels never change once the series is in the table; all numbers are atomic.
struct Series {
  explicit Series(const Labels& labels)
      : command(labels.command), database(labels.database), collection(labels.collection) {}
  [[nodiscard]] Labels labels() const noexcept { return {command, database, collection}; }

  void count(const store::CommandEvent& event) noexcept {
    const std::int64_t us = std::max<std::int64_t>(event.duration.count(), 0);
    buckets[bucket_of(us)].fetch_add(1, memory_order_relaxed);
    total_us.fetch_add(us, memory_order_relaxed);
    for (auto most = longest_us.load(memory_order_relaxed);
         us > most && !longest_us.compare_exchange_weak(most, us, memory_order_relaxed);) {
    }
    if (!event.ok) count_failure(static_cast<int>(event.code));
  }

  const std::string command, database, collection;
  struct Failure {
    std::atomic<int> code{none};
    std::atomic<std::uint64_t> count{0};
  };
  static constexpr int none = std::numeric_limits<int>::min();
  std::array<std::atomic<std::uint64_t>, latency_buckets> buckets{};
  std::atomic<std::int64_t> total_us{0}, longest_us{0};
  std::array<Failure, 8> failures;
  std::atomic<std::uint64_t> other_failures{0};

 private:
  void count_failure(int code) noexcept {
    for (auto& slot : failures) {
      int there = slot.code.load(memory_order_relaxed);
      if (there == none) slot.code.compare_exchange_strong(there, code, memory_order_relaxed);
      if (there == none || there == code) {
        slot.count.fetch_add(1, memory_order_relaxed);
        return;
      }
    }
    other_failures.fetch_add(1, memory_order_relaxed);
  }
};

}  // namespace

/// Open addressing over pointers that are set once: readers take no lock.
struct Metrics::Table {
  explicit Table(std::size_t most)
      : max_series(most), slots(std::bit_ceil(most * 2)), rest(Labels{other, other, other}) {}
  ~Table() {
    for (auto& slot : slots) delete slot.load(memory_order_relaxed);
  }
  Table(Table&&) = delete;

  Series& find(const Labels& labels) {
    const std::size_t mask = slots.size() - 1;
    std::size_t at = hash_of(labels) & mask;
    for (;; at = (at + 1) & mask) {
      Series* series = slots[at].load(memory_order_acquire);
      if (series == nullptr) break;
      if (series->labels() == labels) return *series;
    }
    if (full.load(memory_order_relaxed)) return rest;
    const std::lock_guard lock(mutex);
    for (;; at = (at + 1) & mask) {
      Series* series = slots[at].load(memory_order_relaxed);
      if (series == nullptr) break;
      if (series->labels() == labels) return *series;
    }
    if (used == max_series) {
      full.store(true, memory_order_relaxed);
      return rest;
    }
    auto made = std::make_unique<Series>(labels);
    slots[at].store(made.get(), memory_order_release);
    ++used;
    return *made.release();
  }

  const std::size_t max_series;
  std::vector<std::atomic<Series*>> slots;
  Series rest;
  std::atomic<bool> full{false};
  std::atomic<std::uint64_t> server_changes{0};
  std::mutex mutex;
  std::size_t used = 0;
};

namespace {

OperationMetrics read(const Series& series) {
  OperationMetrics out;
  out.command = series.command;
  out.database = series.database;
  out.collection = series.collection;
  for (std::size_t i = 0; i < latency_buckets; ++i) {
    out.buckets[i] = series.buckets[i].load(memory_order_relaxed);
    out.operations += out.buckets[i];
  }
  out.total = std::chrono::microseconds(series.total_us.load(memory_order_relaxed));
  out.longest = std::chrono::microseconds(series.longest_us.load(memory_order_relaxed));
  for (const auto& slot : series.failures) {
    const int code = slot.code.load(memory_order_relaxed);
    const auto n = slot.count.load(memory_order_relaxed);
    if (code == Series::none || n == 0) continue;
    out.failures += n;
    out.failures_by_code.emplace_back(to_string(static_cast<ErrorCode>(code)), n);
  }
  if (const auto n = series.other_failures.load(memory_order_relaxed); n > 0) {
    out.failures += n;
    out.failures_by_code.emplace_back(other, n);
  }
  sort_by_count(out.failures_by_code);
  return out;
}

}  // namespace

Metrics::Metrics(MetricsOptions options) {
  if (options.max_series < 1 || options.max_series > 100'000) {
    throw StoreError(
        ErrorCode::invalid_argument, FieldPath("max_series"),
        "the number of series is " + std::to_string(options.max_series) + "; give 1 to 100000");
  }
  table_ = std::make_unique<Table>(options.max_series);
}

Metrics::~Metrics() = default;

void Metrics::on_command(const store::CommandEvent& event) noexcept {
  Series* series = &table_->rest;
  try {
    series = &table_->find({event.command, event.database, event.collection});
  } catch (const std::bad_alloc&) {  // no memory for one more: it counts with the rest
  }
  series->count(event);
}

void Metrics::on_server(const store::ServerEvent&) noexcept {
  table_->server_changes.fetch_add(1, memory_order_relaxed);
}

MetricsSnapshot Metrics::snapshot() const {
  MetricsSnapshot out;
  for (const auto& slot : table_->slots) {
    if (const Series* series = slot.load(memory_order_acquire)) {
      auto one = read(*series);
      if (one.operations > 0) out.operations.push_back(std::move(one));
    }
  }
  if (auto one = read(table_->rest); one.operations > 0) out.operations.push_back(std::move(one));
  std::sort(out.operations.begin(), out.operations.end(), [](const auto& a, const auto& b) {
    return std::tie(a.command, a.database, a.collection) <
           std::tie(b.command, b.database, b.collection);
  });
  out.server_changes = table_->server_changes.load(memory_order_relaxed);
  return out;
}

double OperationMetrics::quantile(double share) const noexcept {
  if (operations == 0) return 0;
  const double rank = std::clamp(share, 0.0, 1.0) * static_cast<double>(operations);
  const double most = static_cast<double>(longest.count()) / 1e6;
  double before = 0;
  for (std::size_t i = 0; i < latency_buckets; ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here > 0 && before + here >= rank) {
      const double low = i == 0 ? 0 : latency_bounds[i - 1];
      const double high = i < latency_bounds.size() ? latency_bounds[i] : std::max(most, low);
      return std::min(low + (high - low) * (rank - before) / here, most);
    }
    before += here;
  }
  return most;
}

OperationMetrics MetricsSnapshot::total() const {
  OperationMetrics out;
  for (const auto& one : operations) {
    out.operations += one.operations;
    out.failures += one.failures;
    out.total += one.total;
    out.longest = std::max(out.longest, one.longest);
    for (std::size_t i = 0; i < latency_buckets; ++i) out.buckets[i] += one.buckets[i];
    for (const auto& [code, n] : one.failures_by_code) {
      const auto found = std::find_if(out.failures_by_code.begin(), out.failures_by_code.end(),
                                      [&](const auto& there) { return there.first == code; });
      if (found == out.failures_by_code.end())
        out.failures_by_code.emplace_back(code, n);
      else
        found->second += n;
    }
  }
  sort_by_count(out.failures_by_code);
  return out;
}

}  // namespace quire::observe
