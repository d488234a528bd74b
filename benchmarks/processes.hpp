#pragma once

// Works that are measured in a process of their own, so that peaks of memory are their own: the
// program starts itself with --work, which prints seconds, processor seconds and peaks.

#include <benchmark/benchmark.h>
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace bench_processes {

inline void must(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
  std::exit(1);
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The most memory that this process has had in its own pages, and with what it has mapped of
/// files, in MiB. Own pages are sampled, as Linux keeps no peak of them.
class Memory {
 public:
  struct Peak {
    double own = 0;
    double all = 0;
  };
  void sample() { peak_.own = std::max(peak_.own, kib("RssAnon:") / 1024); }
  [[nodiscard]] Peak read() {
    sample();
    peak_.all = kib("VmHWM:") / 1024;
    return peak_;
  }

 private:
  static double kib(const std::string& what) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      if (word != what) continue;
      double value = 0;
      status >> value;
      return value;
    }
    return 0;
  }
  Peak peak_;
};

/// What a work is given, by the command line.
struct Given {
  std::string uri, other;
  std::size_t count = 0;
};
struct Taken {
  double seconds = 0;
  double cpu = 0;  ///< processor seconds of all threads of the process so far
  Memory::Peak memory;
};

inline double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Prints what others' programs of a workload print: a rate and the peak of memory.
inline void tell_as_peer(const std::string& name, const char* workload, const char* metric,
                         double rate, const char* unit, const Memory::Peak& memory) {
  const auto line = [&](const char* what, double value, const char* of) {
    std::printf(R"({"peer":"quire %s","workload":"%s","metric":"%s","value":%.1f,"unit":"%s"})"
                "\n",
                name.c_str(), workload, what, value, of);
  };
  line(metric, rate, unit);
  line("peak_rss", memory.all, "MiB");
}

/// Looks at this process's memory until it is told to end.
class Sampler {
 public:
  explicit Sampler(Memory& memory)
      : thread_([this, &memory] {
          while (!end_) {
            memory.sample();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        }) {}
  ~Sampler() {
    end_ = true;
    thread_.join();
  }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

 private:
  std::atomic<bool> end_{false};
  std::thread thread_;
};

/// One work's time and memory, sampled while it runs.
template <class Work>
Taken measured(const Work& work) {
  Taken taken;
  Memory memory;
  {
    const Sampler sampler(memory);
    const double before = cpu_seconds();
    const Stopwatch watch;
    work();
    taken.seconds = watch.seconds();
    taken.cpu = cpu_seconds() - before;
  }
  taken.memory = memory.read();
  return taken;
}

/// What a process that was started with --work tells the one that started it.
inline void tell(const Taken& taken) {
  std::printf("%.6f %.6f %.1f %.1f\n", taken.seconds, taken.cpu, taken.memory.own,
              taken.memory.all);
}

/// In a process of its own.
inline Taken apart(const std::string& name, const Given& given) {
  static const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "'" + self + "' --work " + name + " '" + given.uri + "' '" +
                              given.other + "' " + std::to_string(given.count);
  std::FILE* out = ::popen(command.c_str(), "r");
  must(out != nullptr, "cannot start " + command);
  Taken taken;
  const int read = std::fscanf(out, "%lf %lf %lf %lf", &taken.seconds, &taken.cpu,  // NOLINT
                               &taken.memory.own, &taken.memory.all);
  must(::pclose(out) == 0 && read == 4, name + " failed");
  return taken;
}

inline std::size_t number(const char* variable, std::size_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoul(text);
}

/// WORKLOAD/OPERATION/CONTENDER; `prepared` makes what the work needs, outside of the time.
inline void add(const std::string& operation, const std::string& contender, const std::string& name,
                std::size_t items, std::function<Given()> prepared) {
  benchmark::RegisterBenchmark(
      (operation + "/" + contender).c_str(),
      [name, items, prepared = std::move(prepared)](benchmark::State& state) {
        for (auto _ : state) {
          const Taken taken = apart(name, prepared());
          state.SetIterationTime(taken.seconds);
          state.counters["cpu_seconds"] = taken.cpu;
          state.counters["own_mib"] = taken.memory.own;
          state.counters["all_mib"] = taken.memory.all;
        }
        state.SetItemsProcessed(static_cast<std::int64_t>(items));
      })
      ->Iterations(1)
      ->UseManualTime();
}

}  // namespace bench_processes
