#pragma once

// A server's times drift by more than what is measured here. So the contenders of an operation take
// turns, a block of calls each, in one loop of ours, and the benchmark library is told the median
// time of a block. cpu_us: processor time of this program alone, a call or document.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace server_bench {

/// Seconds; cpu: of this program's threads, without what the server takes.
struct Spent {
  double wall = 0;
  double cpu = 0;
};
class Watch {
 public:
  [[nodiscard]] Spent read() const {
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(),
            static_cast<double>(std::clock() - cpu_) / CLOCKS_PER_SEC};
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::clock_t cpu_ = std::clock();
};
/// Makes calls [from, from + n) and gives what they took.
using Block = std::function<Spent(std::size_t from, std::size_t n)>;
struct Contender {
  std::string name;
  Block block;
};

/// Turns of all contenders of an operation, made when the first of them is asked for.
class Turns {
 public:
  Turns(std::vector<Contender> contenders, std::size_t turns, std::size_t calls)
      : contenders_(std::move(contenders)), turns_(turns), calls_(calls) {}
  /// The medians of one call.
  Spent median(std::size_t of) {
    if (spent_.empty()) measure();
    const auto middle = [&](double Spent::* member) {
      auto& all = spent_[of];
      const auto at = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
      std::nth_element(all.begin(), at, all.end(),
                       [&](const Spent& a, const Spent& b) { return a.*member < b.*member; });
      return (*at).*member / static_cast<double>(calls_);
    };
    return {middle(&Spent::wall), middle(&Spent::cpu)};
  }

 private:
  void measure() {
    const std::size_t n = contenders_.size();
    spent_.resize(n);
    // The first turn warms up: connections, the server's cache.
    for (std::size_t turn = 0; turn <= turns_; ++turn) {
      for (std::size_t k = 0; k < n; ++k) {
        // Nobody is always behind the same one.
        const std::size_t who = turn % 2 == 0 ? (k + turn / 2) % n : (n - 1 - k + turn / 2) % n;
        const Spent spent = contenders_[who].block(turn * calls_, calls_);
        if (turn != 0) spent_[who].push_back(spent);
      }
    }
  }
  std::vector<Contender> contenders_;
  std::size_t turns_, calls_;
  std::vector<std::vector<Spent>> spent_;
};

/// `items`: documents a call.
inline void add(const std::string& operation, std::size_t turns, std::size_t calls,
                std::size_t items, std::vector<Contender> contenders) {
  std::vector<std::string> names;
  for (const auto& one : contenders) names.push_back(one.name);
  const auto shared = std::make_shared<Turns>(std::move(contenders), turns, calls);
  for (std::size_t i = 0; i < names.size(); ++i) {
    benchmark::RegisterBenchmark((operation + "/" + names[i]).c_str(),
                                 [shared, i, items](benchmark::State& state) {
                                   Spent spent;
                                   for (auto _ : state) {
                                     spent = shared->median(i);
                                     state.SetIterationTime(spent.wall);
                                   }
                                   const auto each = static_cast<double>(items);
                                   state.SetItemsProcessed(static_cast<std::int64_t>(items));
                                   state.counters["cpu_us"] = spent.cpu / each * 1e6;
                                 })
        ->Iterations(1)
        ->UseManualTime();
  }
}

}  // namespace server_bench
