// Many processes start at once, some are killed, the holder of the lock is stopped for longer than
// its lease, and some see a clock that is a day off. QUIRE_MIGRATION_SOAK: 16 processes, 50 rounds.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "quire/core/error.hpp"
#include "sanitized.hpp"
#include "ten.hpp"
#include "testing/children.hpp"

namespace quire::migrate::test::many_starts {

using std::chrono::milliseconds;

constexpr milliseconds lease{200};
constexpr auto limit = ten::limit;

int start(const std::string& uri) {
  const auto db = quire::open(uri);
  auto subject = ten::subject();
  MigrationRunner runner{db, subject.migrations};
  const auto report = runner.batch_size(ten::batch).lease(lease).on_busy(Wait{limit}).run();
  if (!report.ok() && report.exit_code() != 21) std::fprintf(stderr, "%s\n", report.json().c_str());
  return report.exit_code();
}

/// Where Debian's package libfaketime puts its library; empty where it is not, or where
/// the sanitizers' libraries want to be the first.
std::string faketime() {
  if (quire::test::sanitized) return {};
  for (const char* path : {"/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                           "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
                           "/usr/lib/faketime/libfaketimeMT.so.1"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

/// This program once more, as a program of its own: the clock has to be shifted from its start.
[[noreturn]] void become(const std::string& uri, const std::string& shift) {
  ::setenv("QUIRE_MANY_STARTS_URI", uri.c_str(), 1);
  ::setenv("LD_PRELOAD", faketime().c_str(), 1);
  ::setenv("FAKETIME", shift.c_str(), 1);
  ::setenv("FAKETIME_NO_CACHE", "1", 1);
  ::setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
  ::execl("/proc/self/exe", "test_migrate", "--gtest_filter=ManyStarts.AShiftedClockIsShifted",
          static_cast<char*>(nullptr));
  ::_exit(126);
}

/// What become() wants of it, before any test.
class ProgramOfItsOwn : public ::testing::Environment {
 public:
  void SetUp() override {
    if (const char* uri = std::getenv("QUIRE_MANY_STARTS_URI")) ::_exit(start(uri));
  }
};
[[maybe_unused]] const auto* const program =
    ::testing::AddGlobalTestEnvironment(new ProgramOfItsOwn);

class ManyStarts : public ::testing::Test {
 protected:
  void SetUp() override {
    QUIRE_NEEDS_BED();
    const std::string uri = databases.make();
    auto db = databases.open(uri);
    ten::prepare(db);
    ASSERT_EQ(MigrationRunner(db, ten::all()).batch_size(ten::batch).run().exit_code(), 0);
    straight = testing::DatabaseImage(db);
  }

  testing::Child process(const std::string& uri, testing::Gate& gate, const std::string& shift) {
    return testing::Child([&](std::string&) {
      gate.pass();
      if (!shift.empty()) become(uri, shift);
      return start(uri);
    });
  }

  /// The process that holds the lock; 0 = none, or none can be asked.
  pid_t holder(const std::string& uri) {
    try {
      const auto db = databases.open(uri);
      pid_t pid = 0;
      const auto filter = bson::from_json(R"({"_id":"migrate","holder":{"$ne":null}})");
      (void)db.store().find_one(db.ns("_quire_lock"), filter, {}, [&](bson::View lock) {
        pid = static_cast<pid_t>(lock["pid"].as_int64());
      });
      return pid;
    } catch (const Error&) {
      return 0;
    }
  }

  /// What holds at the end, whatever happened.
  void expect_done_once(const std::string& uri, int crashes) {
    auto db = databases.open(uri);
    const auto report = MigrationRunner{db, ten::all()}.batch_size(ten::batch).lease(lease).run();
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(ten::allow_replays(db, std::max(crashes, 1)), "");
    EXPECT_EQ(straight.difference(testing::DatabaseImage(db), "a straight run", "this one"), "");
    EXPECT_EQ(count(db, "_quire_history", R"({"state":"applied"})"), 10);
    // An event may be missing where a kill came between two writes without a transaction.
    if (!db.capabilities().transactions) return;
    EXPECT_EQ(count(db, "_quire_events", R"({"to":"applied"})"), 10);
  }

  testing::ScratchDatabases databases{ten::bed()};
  testing::DatabaseImage straight;
};

TEST_F(ManyStarts, WithKillsAndStoppedHoldersEachEffectIsThereOnce) {
  const char* store = std::getenv("QUIRE_TEST_STORE");
  if (store != nullptr && !ten::soak())
    GTEST_SKIP() << "long on servers: with QUIRE_MIGRATION_SOAK only";
  const int processes = ten::soak() ? 16 : 5;
  const int rounds = ten::soak() ? 50 : 2;
  const char* seed_text = std::getenv("QUIRE_MIGRATION_SEED");
  std::mt19937 random(seed_text != nullptr ? static_cast<unsigned>(std::atoi(seed_text)) : 7U);
  const auto number = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  int killed = 0, stopped = 0, lost = 0;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    const std::string uri = databases.make();
    {
      auto db = databases.open(uri);
      ten::prepare(db);
    }
    testing::Gate gate;
    std::vector<testing::Child> children;
    for (int i = 0; i < processes; ++i) children.push_back(process(uri, gate, {}));
    gate.open();
    int crashes = 0;
    for (int i = 0; i < processes / 2; ++i) {
      std::this_thread::sleep_for(milliseconds(number(60)));
      if (number(2) == 0) {
        children[static_cast<std::size_t>(number(processes))].send(SIGKILL);
        ++crashes;
        continue;
      }
      const pid_t pid = holder(uri);
      for (auto& child : children) {
        if (child.pid() != pid) continue;
        child.send(SIGSTOP);
        std::this_thread::sleep_for(lease * 2);
        child.send(SIGCONT);
        ++stopped;
        ++crashes;
      }
    }
    for (auto& child : children) {
      const auto end = child.wait(limit);
      EXPECT_TRUE(end.finished) << "a process waited for ever";
      if (end.signal == SIGKILL) {
        ++killed;
      } else {
        EXPECT_EQ(end.signal, 0);
        EXPECT_TRUE(end.code == 0 || end.code == 21) << end.code << " " << end.text;
        if (end.code == 21) ++lost;
      }
    }
    expect_done_once(uri, crashes);
    databases.remove(uri);
    if (HasFailure()) break;
  }
  if (ten::soak())
    std::printf("%d rounds of %d starts: %d killed, %d stopped as holder, %d lost the lock\n",
                rounds, processes, killed, stopped, lost);
}

TEST_F(ManyStarts, ClocksThatAreADayOffChangeNothing) {
  if (faketime().empty())
    GTEST_SKIP() << "libfaketime is not installed (Debian: faketime), or the program is sanitized";
  const std::string uri = databases.make();
  {
    auto db = databases.open(uri);
    ten::prepare(db);
  }
  testing::Gate gate;
  std::vector<testing::Child> children;
  for (const char* shift : {"", "+1d", "-1d", "+1d"}) children.push_back(process(uri, gate, shift));
  const auto begin = std::chrono::steady_clock::now();
  gate.open();
  for (auto& child : children) {
    const auto end = child.wait(limit);
    EXPECT_TRUE(end.finished);
    EXPECT_EQ(end.signal, 0);
    EXPECT_EQ(end.code, 0) << end.text;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  auto db = databases.open(uri);
  EXPECT_EQ(straight.difference(testing::DatabaseImage(db), "a straight run", "this one"), "");
  for (const std::string_view to : {"running", "applied"}) {
    const auto filter = bson::to_json(bson::make_document("to", to));
    EXPECT_EQ(count(db, "_quire_events", filter), 10) << to;
  }
}

/// That the clock is really another one there.
TEST_F(ManyStarts, AShiftedClockIsShifted) {
  if (faketime().empty())
    GTEST_SKIP() << "libfaketime is not installed (Debian: faketime), or the program is sanitized";
  const std::string command = "LD_PRELOAD=" + faketime() + " FAKETIME=+1d date +%s";
  std::FILE* out = ::popen(command.c_str(), "r");
  ASSERT_NE(out, nullptr);
  long long shifted = 0;
  EXPECT_EQ(std::fscanf(out, "%lld", &shifted), 1);
  ::pclose(out);
  EXPECT_NEAR(static_cast<double>(shifted), static_cast<double>(std::time(nullptr)) + 86400, 60);
}

}  // namespace quire::migrate::test::many_starts
