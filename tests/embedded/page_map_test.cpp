#include <fstream>

#include "file_fixture.hpp"

namespace quire::store::embedded {
namespace {

/// MiB of files that are in this process's memory.
double resident_of_files() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "RssFile:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return -1;
}

/// A file of about 65 MiB.
class PageMapTest : public FileTest {
 protected:
  static constexpr std::int64_t count = 45'000;

  void SetUp() override {
    if (resident_of_files() < 0) GTEST_SKIP() << "this system does not tell";
    store_ = open(path_ + "?durability=normal");
    const std::string text(1100, 'x');
    std::vector<bson::Document> some;
    for (std::int64_t id = 0; id < count; ++id) {
      some.push_back(bson::make_document("_id", key(id), "text", text));
      if (some.size() < 5000) continue;
      const std::vector<bson::View> views(some.begin(), some.end());
      ASSERT_TRUE(store_->insert(ns_, views, {}).errors.empty());
      some.clear();
    }
    store_ = nullptr;
    store_ = open(path_);
    before_ = resident_of_files();
  }

  /// So long that their index is on many pages, which lie between those of the documents.
  static std::string key(std::int64_t number) { return std::to_string(number) + long_; }

  static inline const std::string long_ = std::string(200, 'k');
  static constexpr Namespace ns_{"main", "c"};
  static constexpr double allowed = 36;  // what may stay, a step, and the pages around them
  std::shared_ptr<Store> store_;
  double before_ = 0;
};

TEST_F(PageMapTest, AScanLeavesLittleOfALargeFileInMemory) {
  std::int64_t next = 0;
  double most = 0;
  const auto cursor = store_->find(ns_, {}, {});
  while (const auto document = cursor->next()) {
    ASSERT_EQ((*document)["_id"].as_string(), key(next++));
    if (next % 5000 == 0) most = std::max(most, resident_of_files());
  }
  EXPECT_EQ(next, count);
  EXPECT_LT(most - before_, allowed);
}

TEST_F(PageMapTest, ACountLeavesLittleOfALargeFileInMemory) {
  EXPECT_EQ(store_->count(ns_, {}, {}), count);
  EXPECT_LT(resident_of_files() - before_, allowed);
  // The map is there again.
  const auto one = bson::make_document("_id", key(4711));
  EXPECT_EQ(store_->count(ns_, one, {}), 1);
  EXPECT_EQ(store_->count(ns_, {}, {}), count);
}

}  // namespace
}  // namespace quire::store::embedded
