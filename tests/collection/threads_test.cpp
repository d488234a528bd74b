#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "quire/collection/collection.hpp"

namespace quire {
namespace {

using query::field;

struct Counter {
  std::string id = {};
  int value = 0;
  static auto model() { return quire::model<Counter>("counters"); }
};
constexpr auto id = field<&Counter::id>;
constexpr auto value = field<&Counter::value>;

/// In memory, and in a file where writers meet as those of two programs do.
class Threads : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      folder =
          std::filesystem::temp_directory_path() / ("quire-threads-" + std::to_string(::getpid()));
      std::filesystem::remove_all(folder);
      std::filesystem::create_directories(folder);
    }
  }
  void TearDown() override {
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
  [[nodiscard]] std::string uri() const {
    return GetParam() ? (folder / "t.quire").string() : ":memory:";
  }
  std::filesystem::path folder;
};

TEST_P(Threads, ShareADatabaseAndACollection) {
  auto db = open(uri());
  const auto counters = db.collection<Counter>();
  constexpr int each = 50;
  const auto work = [&](const std::string& who) {
    for (int i = 0; i < each; ++i) {
      counters.insert(Counter{.id = who + std::to_string(i), .value = i});
      counters.upsert(id == "sum", value.inc(1));
      EXPECT_EQ(counters.get(who + std::to_string(i)).value, i);
      if (i % 10 == 0) {
        EXPECT_FALSE(counters.find(value == i).to_vector().empty());
      }
    }
  };
  std::thread a(work, "a");
  std::thread b(work, "b");
  a.join();
  b.join();
  EXPECT_EQ(counters.count(), 2 * each + 1);
  EXPECT_EQ(counters.get("sum").value, 2 * each);
}

TEST_P(Threads, LoseNoUpdateOfTransactionsBesideAWriter) {
  auto db = open(uri());
  const auto counters = db.collection<Counter>();
  counters.insert(Counter{.id = "n"});
  constexpr int each = 30;
  std::thread writer([&] {
    for (int i = 0; i < each; ++i) counters.update_one(id == "n", value.inc(1));
  });
  for (int i = 0; i < each; ++i) {
    db.transaction([&](Session& s) {
      // Read, then write what was read: right only if nobody writes in between.
      auto n = counters.get("n", {.session = s});
      ++n.value;
      counters.save(n, {.session = s});
    });
  }
  writer.join();
  EXPECT_EQ(counters.get("n").value, 2 * each);
}

TEST_P(Threads, SeeNothingOfATransactionThatIsNotCommitted) {
  auto db = open(uri());
  const auto counters = db.collection<Counter>();
  counters.insert(Counter{.id = "a"});
  counters.insert(Counter{.id = "b"});
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const auto all = counters.find().sort(id.asc()).to_vector();
      ASSERT_EQ(all.size(), 2U);
      EXPECT_EQ(all[0].value, all[1].value);
    }
  });
  for (int i = 0; i < 30; ++i) {
    db.transaction([&](Session& s) {
      counters.update_one(id == "a", value.inc(1), {.session = s});
      std::this_thread::yield();
      counters.update_one(id == "b", value.inc(1), {.session = s});
    });
  }
  done = true;
  reader.join();
  EXPECT_EQ(counters.get("b").value, 30);
}

INSTANTIATE_TEST_SUITE_P(Stores, Threads, ::testing::Values(false, true),
                         [](const auto& row) { return row.param ? "File" : "Memory"; });

}  // namespace
}  // namespace quire
