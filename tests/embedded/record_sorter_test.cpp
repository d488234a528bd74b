#include "store/embedded/storage/record_sorter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "random_document.hpp"

namespace {

using quire::store::embedded::RecordSorter;
using Record = std::tuple<std::string, std::uint64_t, std::string>;

std::vector<Record> all_of(RecordSorter& sorter) {
  std::vector<Record> out;
  while (sorter.next()) out.emplace_back(sorter.key(), sorter.number(), std::string(sorter.body()));
  return out;
}

/// Keys that repeat, are beginnings of others, have zero bytes and are empty; some large bodies.
std::vector<Record> records(std::size_t n) {
  quire::test::Random random(11);
  std::vector<Record> out;
  for (std::size_t i = 0; i < n; ++i) {
    std::string key(random.below(12), '\0');
    for (char& c : key) c = static_cast<char>(random.below(3) * 120);
    out.emplace_back(key, i, std::string(random.below(200) == 0 ? 40'000 : random.below(30), 'b'));
  }
  return out;
}

std::vector<Record> sorted(std::vector<Record> all, std::size_t keep = 0) {
  std::sort(all.begin(), all.end());
  if (keep != 0 && keep < all.size()) all.resize(keep);
  return all;
}

void add(RecordSorter& sorter, const std::vector<Record>& all) {
  for (const auto& [key, number, body] : all) sorter.add(key, body, number);
}

TEST(RecordSorter, SortsInMemory) {
  const auto all = records(2'000);
  RecordSorter sorter("a test", 1U << 30);
  add(sorter, all);
  sorter.rewind();
  EXPECT_EQ(all_of(sorter), sorted(all));
  EXPECT_FALSE(sorter.spilled());
  EXPECT_EQ(sorter.added(), all.size());
}

// So many runs that runs are merged to runs, and one that did not fill the memory is left.
TEST(RecordSorter, MergesRunsOfManyLevelsAndMayBeReadAgain) {
  const auto all = records(20'000);
  RecordSorter sorter("a test", 200);
  add(sorter, all);
  EXPECT_TRUE(sorter.spilled());
  for (int round = 0; round < 2; ++round) {
    sorter.rewind();
    EXPECT_EQ(all_of(sorter), sorted(all)) << round;
  }
  sorter.rewind();
  EXPECT_TRUE(sorter.next());
  sorter.rewind();
  EXPECT_EQ(all_of(sorter), sorted(all));
}

TEST(RecordSorter, KeepsTheFirstInMemoryAndSpilled) {
  const auto all = records(8'000);
  for (const std::size_t keep : {1U, 7U, 300U, 5'000U, 9'000U}) {
    for (const std::size_t limit :
         {std::size_t{400}, std::size_t{64U << 10}, std::size_t{1} << 30}) {
      RecordSorter sorter("a test", limit, keep);
      add(sorter, all);
      sorter.rewind();
      EXPECT_EQ(all_of(sorter), sorted(all, keep)) << keep << " of " << limit;
    }
  }
}

TEST(RecordSorter, KeepingFewNeedsLittleMemory) {
  RecordSorter sorter("a test", 1U << 20, 10);
  for (std::uint64_t i = 100'000; i-- > 0;)
    sorter.add(std::to_string(1'000'000 + i), std::string(100, 'x'), i);
  EXPECT_FALSE(sorter.spilled());
  sorter.rewind();
  ASSERT_TRUE(sorter.next());
  EXPECT_EQ(sorter.key(), "1000000");
  EXPECT_LE(sorter.bytes(), 1U << 17);
}

TEST(RecordSorter, TellsWhatTakesTooMuchMemoryWhereItMayNotSpill) {
  const std::string body(1'000, 'b');
  for (const std::size_t keep : {0U, 1U, 40U, 200U}) {
    RecordSorter sorter("a test", 64U << 10, keep, false);
    // Each is smaller than all before: it is kept, and one of those goes.
    for (std::uint64_t i = 3'000; i-- > 0;) sorter.add(std::to_string(10'000 + i), body, i);
    sorter.rewind();
    EXPECT_EQ(sorter.is_over_limit(), keep == 0 || keep == 200) << keep;
    EXPECT_FALSE(sorter.spilled());
    if (sorter.is_over_limit()) continue;
    const auto kept = all_of(sorter);
    ASSERT_EQ(kept.size(), keep);
    for (std::size_t i = 0; i < keep; ++i) EXPECT_EQ(std::get<1>(kept[i]), i);
  }
}

TEST(RecordSorter, OfNothingGivesNothing) {
  RecordSorter sorter("a test", 100);
  sorter.rewind();
  EXPECT_FALSE(sorter.next());
}

}  // namespace
