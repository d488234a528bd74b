// Sorts larger than memory, and queries that take too long.
#include <algorithm>

#include "file_fixture.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/storage/sort_run.hpp"

namespace quire::store::embedded {
namespace {

std::vector<std::int64_t> all_of(SortRun& run) {
  std::vector<std::int64_t> rids;
  run.finish();
  while (const auto rid = run.next()) rids.push_back(*rid);
  return rids;
}

TEST(SortRun, GivesTheSameOrderInMemoryAndSpilled) {
  SortRun memory(0);
  SortRun spilled(0, 4096);
  test::Random random(3);
  for (std::int64_t rid = 1; rid <= 5000; ++rid) {
    const auto key = std::to_string(random.below(1000));
    memory.add(key, rid);
    spilled.add(key, rid);
  }
  const auto wanted = all_of(memory);
  EXPECT_FALSE(memory.spilled());
  EXPECT_EQ(wanted.size(), 5000U);
  EXPECT_EQ(all_of(spilled), wanted);
  EXPECT_TRUE(spilled.spilled());
}

TEST(SortRun, KeepsTheFirstOnlyWhereNoMoreAreWanted) {
  SortRun all(0);
  SortRun few(7, 4096);
  test::Random random(4);
  for (std::int64_t rid = 1; rid <= 3000; ++rid) {
    const auto key = std::to_string(random.below(500));
    all.add(key, rid);
    few.add(key, rid);
  }
  auto wanted = all_of(all);
  wanted.resize(7);
  EXPECT_EQ(all_of(few), wanted);
  EXPECT_FALSE(few.spilled());
}

class Limits : public FileTest {};

TEST_F(Limits, AQueryThatTakesTooLongEndsWithTimeout) {
  const auto store = open(":memory:");
  std::vector<bson::Document> documents;
  std::vector<bson::View> views;
  for (std::int32_t i = 0; i < 40'000; ++i) {
    documents.push_back(bson::make_document("_id", i, "text", std::string(100, 'a')));
  }
  for (const auto& document : documents) views.push_back(document);
  ASSERT_EQ(store->insert({"main", "c"}, views, {}).inserted, 40'000);
  const auto filter = json(R"({"text": {"$regex": "(a|b)*c"}})");
  CountOptions options;
  options.max_time = std::chrono::milliseconds(1);
  try {
    (void)store->count({"main", "c"}, filter, options);
    FAIL() << "it was not stopped";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::timeout);
  }
}

}  // namespace
}  // namespace quire::store::embedded
