// quire_unified: runs files of MongoDB's Unified Test Format (and of the older CRUD format) on a
// store and counts the outcomes.
//   quire_unified [--uri URI | --server NAME] [--failures] [--skips] [--test TEXT]
//                 [--part I/N] [--deviations FILE] [--skip-absent] PATH...
// PATH: a file or a folder of them. --uri: ":memory:" (the default), a file, "mongodb://…";
// --server takes a URI by its name from the file that $QUIRE_TEST_SERVERS names. --failures prints
// why a test failed, --skips why it was skipped; --test chooses tests by a part of their
// description, --part every Nth, beginning with the Ith (from 0).
// --deviations: a list of tests that this store is known to answer otherwise; those are skipped
// (may be given more than once).
// --skip-absent ends with status 77 for a path or a server that is not there, which ctest shows as
// skipped. Ends in "N passed, M failed, K skipped"; the exit status is 1 when one failed.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "quire/bson/json.hpp"
#include "test.hpp"

namespace {

namespace fs = std::filesystem;
using quire::unified::Deployment;
using quire::unified::Outcome;
using quire::unified::Verdict;

struct Options {
  std::string uri = ":memory:";
  std::string server;
  std::vector<std::string> deviations;
  std::string test;
  std::string part = "0/1";
  int first = 0;
  int step = 1;
  bool failures = false;
  bool skips = false;
  bool skip_absent = false;
  std::vector<std::string> paths;
};

struct Count {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  int events = 0;  ///< of passed: the commands sent were compared
  std::map<std::string, int> reasons;
  void add(const Count& other) {
    passed += other.passed;
    failed += other.failed;
    skipped += other.skipped;
    events += other.events;
    for (const auto& [reason, n] : other.reasons) reasons[reason] += n;
  }
};

/// A test that does not end stops the program: its name is worth more than the rest of the run.
class Watchdog {
 public:
  Watchdog() : thread_([this] { watch(); }) {}
  ~Watchdog() {
    done_ = true;
    thread_.join();
  }
  void begin(std::string test) {
    const std::lock_guard lock(mutex_);
    test_ = std::move(test);
    since_ = std::chrono::steady_clock::now();
  }
  void end() { begin({}); }

 private:
  void watch() {
    while (!done_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const std::lock_guard lock(mutex_);
      if (test_.empty() || std::chrono::steady_clock::now() - since_ < std::chrono::seconds(60))
        continue;
      std::fprintf(stderr, "quire_unified: this test does not end: %s\n", test_.c_str());
      std::_Exit(3);
    }
  }
  std::mutex mutex_;
  std::string test_;
  std::chrono::steady_clock::time_point since_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

[[noreturn]] void leave(int status, const std::string& why) {
  std::fprintf(status == 77 ? stdout : stderr, "quire_unified: %s\n", why.c_str());
  std::exit(status);
}

Options read_options(int argc, char** argv) {
  Options options;
  const std::map<std::string_view, bool*> flags = {{"--failures", &options.failures},
                                                   {"--skips", &options.skips},
                                                   {"--skip-absent", &options.skip_absent}};
  const std::map<std::string_view, std::string*> values = {{"--uri", &options.uri},
                                                           {"--server", &options.server},
                                                           {"--test", &options.test},
                                                           {"--part", &options.part}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (const auto flag = flags.find(argument); flag != flags.end()) {
      *flag->second = true;
    } else if (const auto value = values.find(argument); value != values.end()) {
      if (i + 1 == argc) leave(2, std::string(argument) + " needs a value");
      *value->second = argv[++i];
    } else if (argument == "--deviations") {
      if (i + 1 == argc) leave(2, "--deviations needs a value");
      options.deviations.emplace_back(argv[++i]);
    } else if (argument.starts_with("-")) {
      leave(2, "no such option: " + std::string(argument));
    } else {
      options.paths.emplace_back(argument);
    }
  }
  if (std::sscanf(options.part.c_str(), "%d/%d", &options.first, &options.step) != 2 ||
      options.first < 0 || options.first >= options.step)
    leave(2, "--part is I/N with I from 0 to N - 1, not " + options.part);
  return options;
}

std::optional<std::string> text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string uri_of_server(const Options& options) {
  const char* path = std::getenv("QUIRE_TEST_SERVERS");
  const auto text = path == nullptr ? std::nullopt : text_of(path);
  if (text) {
    const auto state = quire::bson::from_json(*text);
    const auto uri = state.find(options.server);
    if (uri && uri->is_string()) return std::string(uri->as_string());
  }
  leave(options.skip_absent ? 77 : 2,
        "no server \"" + options.server + "\" was started ($QUIRE_TEST_SERVERS)");
}

/// "folder/file.json<tab>description<tab>why" a line; the description "*" is for all tests of the
/// file, "#" begins a comment.
void read_deviations(const std::string& path, std::map<std::string, std::string>& out) {
  std::ifstream in(path);
  if (!in) leave(2, "cannot read " + path);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto first = line.find('\t');
    const auto second = line.find('\t', first == line.npos ? first : first + 1);
    if (second == line.npos) leave(2, path + ": a line needs file, test and reason: " + line);
    out[line.substr(0, second)] = line.substr(second + 1);
  }
}

std::vector<fs::path> files_of(const Options& options) {
  std::vector<fs::path> out;
  for (const auto& path : options.paths) {
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.path().extension() == ".json") out.push_back(entry.path());
      }
    } else if (fs::exists(path)) {
      out.emplace_back(path);
    } else {
      leave(options.skip_absent ? 77 : 2, path + " is absent");
    }
  }
  std::ranges::sort(out);
  return out;
}

std::string title_of(const fs::path& path) {
  return path.parent_path().filename().string() + "/" + path.filename().string();
}

/// The kind of a reason: names and values in quotes left out.
std::string kind_of(const std::string& reason) {
  std::string out = reason.substr(0, reason.find(';'));
  return out.size() > 100 ? out.substr(0, 100) + "…" : out;
}

Count run_file(Deployment& deployment, const fs::path& path, const Options& options,
               const std::map<std::string, std::string>& deviations, Watchdog& watchdog,
               int& number) {
  const auto title = title_of(path);
  auto file = quire::bson::from_json(text_of(path).value());
  if (!file.contains("schemaVersion")) file = quire::unified::from_crud_v1(title, file);
  Count count;
  for (const auto& item : file["tests"].as_array()) {
    const auto test = item.value.as_document();
    const std::string name(test["description"].as_string());
    if (name.find(options.test) == name.npos) continue;
    if (number++ % options.step != options.first) continue;
    watchdog.begin(title + ": " + name);
    auto outcome = quire::unified::run_test(deployment, file, test);
    watchdog.end();
    auto known = deviations.find(title + "\t" + name);
    if (known == deviations.end()) known = deviations.find(title + "\t*");
    if (outcome.verdict == Verdict::failed && known != deviations.end())
      outcome = {Verdict::skipped, "known: " + known->second, false};
    count.passed += outcome.verdict == Verdict::passed;
    count.failed += outcome.verdict == Verdict::failed;
    count.skipped += outcome.verdict == Verdict::skipped;
    count.events += outcome.verdict == Verdict::passed && outcome.events;
    if (outcome.verdict == Verdict::skipped) ++count.reasons[kind_of(outcome.why)];
    if (outcome.verdict == Verdict::failed && options.failures)
      std::printf("FAILED %s: %s\n    %s\n", title.c_str(), name.c_str(), outcome.why.c_str());
    if (outcome.verdict == Verdict::skipped && options.skips)
      std::printf("SKIPPED %s: %s\n    %s\n", title.c_str(), name.c_str(), outcome.why.c_str());
  }
  if (count.passed + count.failed + count.skipped > 0) {
    std::printf("%-72s %4d passed %4d failed %4d skipped\n", title.c_str(), count.passed,
                count.failed, count.skipped);
  }
  std::fflush(stdout);
  return count;
}

void print_folder(const std::string& name, const Count& count) {
  std::printf("\n%s: %d passed (%d with the commands sent), %d failed, %d skipped\n", name.c_str(),
              count.passed, count.events, count.failed, count.skipped);
  std::vector<std::pair<int, std::string>> reasons;
  for (const auto& [reason, n] : count.reasons) reasons.emplace_back(-n, reason);
  std::ranges::sort(reasons);
  for (const auto& [n, reason] : reasons) std::printf("  %5d  %s\n", -n, reason.c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  Options options = read_options(argc, argv);
  if (options.paths.empty()) leave(2, "no file given");
  const auto files = files_of(options);
  if (!options.server.empty()) options.uri = uri_of_server(options);
  std::map<std::string, std::string> deviations;
  for (const auto& path : options.deviations) read_deviations(path, deviations);
  auto deployment = quire::unified::connect(options.uri);
  Watchdog watchdog;
  std::map<std::string, Count> folders;
  Count all;
  int number = 0;
  for (const auto& path : files) {
    const auto count = run_file(deployment, path, options, deviations, watchdog, number);
    folders[path.parent_path().filename().string()].add(count);
    all.add(count);
  }
  for (const auto& [name, count] : folders) print_folder(name, count);
  std::printf("%d passed, %d failed, %d skipped\n", all.passed, all.failed, all.skipped);
  return all.failed == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "quire_unified: %s\n", error.what());
  return 2;
}
