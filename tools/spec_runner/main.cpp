// quire_spec: feeds case files to the commands of an embedded store, in memory or, for
// transactions, in a file, as the kind of deployment that a case requires, and counts the answers.
//   quire_spec [--failures] [--refusals] [--op NAME] [--id TEXT] [-j N] [--known LIST]
//              [--skip-absent] FILE...
// --failures and --refusals print each such case; --op and --id choose cases; --known names a list
// of cases that fail (known_failures.txt): these count as known, and one of them that does not
// fail, or is not there, counts as failed; --skip-absent ends with status 77 for a file that is not
// there, which ctest shows as skipped.
// Ends in "N passed, M failed, R refused", with --known also "K known to fail"; the exit status is
// 1 when one failed.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "case.hpp"
#include "known.hpp"

namespace {

using quire::spec::Case;
using quire::spec::KnownFailures;
using quire::spec::Outcome;
using quire::spec::Verdict;

struct Options {
  bool failures = false;
  bool refusals = false;
  bool skip_absent = false;
  std::string op;
  std::string id;
  std::optional<KnownFailures> known;
  unsigned jobs = 1;
  std::vector<std::string> files;
};

struct Count {
  int passed = 0;
  int failed = 0;
  int refused = 0;
  int known = 0;
  int other_code = 0;
  void add(const Outcome& outcome) {
    passed += outcome.verdict == Verdict::passed;
    failed += outcome.verdict == Verdict::failed;
    refused += outcome.verdict == Verdict::refused;
    known += outcome.verdict == Verdict::known;
    other_code += outcome.verdict == Verdict::passed && outcome.other_code;
  }
};

constexpr auto longest_case = std::chrono::seconds(120);

// Ends the program when a case hangs: its name is worth more than the rest of the run.
class Watchdog {
 public:
  explicit Watchdog(unsigned workers) : running_(workers), thread_([this] { watch(); }) {}
  ~Watchdog() {
    done_ = true;
    thread_.join();
  }
  void begin(unsigned worker, const std::string& id) {
    const std::lock_guard lock(mutex_);
    running_[worker] = {id, std::chrono::steady_clock::now()};
  }
  void end(unsigned worker) {
    const std::lock_guard lock(mutex_);
    running_[worker].first.clear();
  }

 private:
  void watch() {
    while (!done_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const std::lock_guard lock(mutex_);
      for (const auto& [id, since] : running_) {
        if (id.empty() || std::chrono::steady_clock::now() - since < longest_case) continue;
        std::fprintf(stderr, "quire_spec: this case does not end: %s\n", id.c_str());
        std::_Exit(3);
      }
    }
  }
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::chrono::steady_clock::time_point>> running_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == argc) {
        std::fprintf(stderr, "quire_spec: %s needs a value\n", argv[i]);
        std::exit(2);
      }
      return argv[++i];
    };
    if (argument == "--failures") {
      options.failures = true;
    } else if (argument == "--refusals") {
      options.refusals = true;
    } else if (argument == "--skip-absent") {
      options.skip_absent = true;
    } else if (argument == "--op") {
      options.op = value();
    } else if (argument == "--id") {
      options.id = value();
    } else if (argument == "--known") {
      try {
        options.known.emplace(value());
      } catch (const std::runtime_error& error) {
        std::fprintf(stderr, "quire_spec: %s\n", error.what());
        std::exit(2);
      }
    } else if (argument == "-j") {
      options.jobs = static_cast<unsigned>(std::max(1, std::atoi(value().c_str())));
    } else if (argument.starts_with("-")) {
      std::fprintf(stderr,
                   "usage: quire_spec [--failures] [--refusals] [--op NAME] [--id TEXT] [-j N] "
                   "[--known LIST] [--skip-absent] FILE...\n");
      std::exit(2);
    } else {
      options.files.emplace_back(argument);
    }
  }
  return options;
}

// Where a case's store is: in memory, or in a file that goes with it.
class Place {
 public:
  Place(bool file, unsigned worker) {
    if (!file) return;
    folder_ = std::filesystem::temp_directory_path() /
              ("quire_spec_" + std::to_string(::getpid()) + "_" + std::to_string(worker));
    std::filesystem::create_directories(folder_);
  }
  ~Place() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  Place(Place&&) = delete;
  [[nodiscard]] std::string uri() const {
    return folder_.empty() ? ":memory:" : (folder_ / "a.quire").string() + "?durability=normal";
  }

 private:
  std::filesystem::path folder_;
};

Outcome run_case(const std::string& line, std::string& id, std::string& op, const Options& options,
                 Watchdog& watchdog, unsigned worker, bool& skipped) {
  try {
    const Case one(line);
    id = one.id;
    op = one.op;
    skipped = (!options.op.empty() && op != options.op) ||
              (!options.id.empty() && id.find(options.id) == id.npos);
    if (skipped) return {};
    watchdog.begin(worker, id);
    const Place place(one.needs_file(), worker);
    const auto store = quire::store::open(place.uri());
    auto outcome = one.run(*store);
    store->close();
    watchdog.end(worker);
    return outcome;
  } catch (const quire::Error& error) {
    watchdog.end(worker);
    if (op.empty()) op = "?";
    // Documents beyond quire's limit of nesting cannot be read.
    if (error.code() == quire::ErrorCode::too_deep) return {Verdict::refused, false, error.what()};
    return {Verdict::failed, false, error.what()};
  } catch (const std::exception& error) {
    watchdog.end(worker);
    return {Verdict::failed, false, std::string("not an error of quire's: ") + error.what()};
  }
}

std::string file_title(const std::string& path) {
  auto name = path.substr(path.find_last_of('/') + 1);
  if (name.ends_with(".jsonl")) name.resize(name.size() - 6);
  return name;
}

Count run_file(const std::string& path, const Options& options, Watchdog& watchdog) {
  std::ifstream in(path);
  if (!in && options.skip_absent) {
    std::printf("skipped: %s is absent\n", path.c_str());
    std::exit(77);
  }
  if (!in) {
    std::fprintf(stderr, "quire_spec: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(std::move(line));
  }
  const auto title = file_title(path);
  std::vector<std::string> ids;
  std::map<std::string, Count> by_op;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  const auto work = [&](unsigned worker) {
    for (std::size_t at = next++; at < lines.size(); at = next++) {
      std::string id = path + " line " + std::to_string(at + 1);
      std::string op;
      bool skipped = false;
      auto outcome = run_case(lines[at], id, op, options, watchdog, worker, skipped);
      if (skipped) continue;
      if (options.known) outcome = options.known->judge(title, id, std::move(outcome));
      const std::lock_guard lock(mutex);
      by_op[op].add(outcome);
      if (options.known) ids.push_back(id);
      if ((outcome.verdict == Verdict::failed && options.failures) ||
          (outcome.verdict == Verdict::refused && options.refusals))
        std::printf("%s %s\n    %s\n", outcome.verdict == Verdict::failed ? "FAILED" : "REFUSED",
                    id.c_str(), outcome.why.c_str());
    }
  };
  std::vector<std::thread> workers;
  for (unsigned worker = 1; worker < options.jobs; ++worker) workers.emplace_back(work, worker);
  work(0);
  for (auto& worker : workers) worker.join();
  Count total;
  if (options.known && options.op.empty() && options.id.empty()) {
    for (const auto& id : options.known->absent(title, ids)) {
      std::printf("FAILED %s\n    the list of known failures has it, but %s does not\n", id.c_str(),
                  path.c_str());
      ++total.failed;
    }
  }
  for (const auto& [op, count] : by_op) {
    std::printf("%-24s %-22s %6d passed %5d failed %5d refused\n", title.c_str(), op.c_str(),
                count.passed, count.failed, count.refused);
    total.passed += count.passed;
    total.failed += count.failed;
    total.refused += count.refused;
    total.known += count.known;
    total.other_code += count.other_code;
  }
  std::printf("%-24s %-22s %6d passed %5d failed %5d refused (%d with another code)\n",
              title.c_str(), "all", total.passed, total.failed, total.refused, total.other_code);
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  if (options.files.empty()) {
    std::fprintf(stderr, "quire_spec: no case file given\n");
    return 2;
  }
  Watchdog watchdog(options.jobs);
  Count all;
  for (const auto& file : options.files) {
    const auto count = run_file(file, options, watchdog);
    all.passed += count.passed;
    all.failed += count.failed;
    all.refused += count.refused;
    all.known += count.known;
  }
  std::printf("%d passed, %d failed, %d refused", all.passed, all.failed, all.refused);
  if (options.known) std::printf(", %d known to fail", all.known);
  std::printf("\n");
  return all.failed == 0 ? 0 : 1;
}
