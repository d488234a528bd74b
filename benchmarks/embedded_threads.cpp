// Readers on one embedded file, each a thread: how reading grows with a second one, and what a
// reader waits for while another thread writes. Contenders take turns, a slice of time each; a
// figure is the median of the slices, a ratio that of the slices' ratios within a turn. Prints a
// line {operation, contender, per_second, ratio, p50_us, p99_us, most_us} each.
//   embedded_threads [TURNS]
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "quire/quire.hpp"
#include "user_workload.hpp"

namespace {

namespace q = quire;
using workload::User;
using Clock = std::chrono::steady_clock;
constexpr std::size_t users_count = 20'000;
constexpr auto slice = std::chrono::milliseconds(700);
constexpr auto id = q::field<&User::id>;
constexpr auto score = q::field<&User::score>;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "embedded_threads: %s\n", what);
  std::exit(1);
}

struct Measured {
  double per_second = 0;
  std::vector<double> waits;  ///< microseconds a call
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

class Workload {
 public:
  explicit Workload(const std::string& file)
      : db_(q::open(file)), users_(db_.collection<User>("users")) {
    for (std::uint32_t i = 0; i < users_count; ++i) all_.push_back(workload::make_user(i));
    users_.insert_many(all_);
  }
  /// One call by one reader; gives how many documents it read.
  std::size_t read(bool points, std::size_t i) const {
    if (points) {
      must(
          users_.find_by_id(all_[i * 6101 % users_count].id)->id == all_[i * 6101 % users_count].id,
          "a point read finds its user");
      return 1;
    }
    std::size_t n = 0;
    for (const User& user : users_.find()) n += user.orders.size() == 10 ? 1 : 0;
    must(n == users_count, "a scan sees all users");
    return n;
  }
  void write(std::size_t i) const {
    must(users_.update_one(id == all_[i % users_count].id,
                           score.set(static_cast<double>(i % 1'000'003)))
                 .matched == 1,
         "an update meets its user");
  }
  [[nodiscard]] Measured run(bool points, std::size_t readers, bool writer) const {
    std::atomic<bool> over = false;
    std::vector<std::size_t> read_by(readers, 0);
    std::vector<std::vector<double>> waits(readers);
    std::vector<std::thread> threads;
    const auto start = Clock::now();
    for (std::size_t r = 0; r < readers; ++r) {
      threads.emplace_back([&, r] {
        for (std::size_t i = r; !over; ++i) {
          const auto before = Clock::now();
          read_by[r] += read(points, i);
          waits[r].push_back(
              std::chrono::duration<double, std::micro>(Clock::now() - before).count());
        }
      });
    }
    std::thread writing;
    if (writer)
      writing = std::thread([&] {
        for (std::size_t i = 0; !over; ++i) write(i);
      });
    std::this_thread::sleep_for(slice);
    over = true;
    for (auto& thread : threads) thread.join();
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    if (writer) writing.join();
    Measured out;
    for (std::size_t r = 0; r < readers; ++r) {
      out.per_second += static_cast<double>(read_by[r]) / took;
      out.waits.insert(out.waits.end(), waits[r].begin(), waits[r].end());
    }
    return out;
  }

 private:
  q::Database db_;
  q::Collection<User> users_;
  std::vector<User> all_;
};

}  // namespace

int main(int argc, char** argv) {
  const int turns = argc > 1 ? std::atoi(argv[1]) : 9;
  must(turns > 0, "TURNS is a number above 0");
  const auto folder = std::filesystem::temp_directory_path() /
                      ("quire_embedded_threads_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  {
    const Workload workload((folder / "users.quire").string());
    struct Contender {
      const char* name;
      std::size_t readers;
      bool writer;
    };
    const Contender contenders[] = {
        {"1 reader", 1, false}, {"2 readers", 2, false}, {"1 reader beside a writer", 1, true}};
    for (const bool points : {true, false}) {
      std::vector<std::vector<double>> speeds(3), ratios(3), waits(3);
      for (int turn = 0; turn < turns; ++turn) {
        double one = 0;
        for (std::size_t c = 0; c < 3; ++c) {
          auto measured = workload.run(points, contenders[c].readers, contenders[c].writer);
          if (c == 0) one = measured.per_second;
          speeds[c].push_back(measured.per_second);
          ratios[c].push_back(measured.per_second / one);
          waits[c].insert(waits[c].end(), measured.waits.begin(), measured.waits.end());
        }
      }
      for (std::size_t c = 0; c < 3; ++c) {
        std::ranges::sort(waits[c]);
        std::printf(
            "{\"operation\": \"%s\", \"contender\": \"%s\", \"per_second\": %.0f, \"ratio\": %.2f, "
            "\"p50_us\": %.1f, \"p99_us\": %.1f, \"most_us\": %.1f}\n",
            points ? "get_id" : "find_all", contenders[c].name, median(speeds[c]),
            median(ratios[c]), waits[c][waits[c].size() / 2], waits[c][waits[c].size() * 99 / 100],
            waits[c].back());
      }
    }
  }
  std::filesystem::remove_all(folder);
  return 0;
}
