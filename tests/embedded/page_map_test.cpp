#include <sqlite3.h>

#include <fstream>

#include "file_fixture.hpp"
#include "sanitized.hpp"

namespace quire::store::embedded {
namespace {

/// MiB of this process's memory, by the line of its kind: "RssFile:", "RssAnon:".
double resident(const char* kind) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != kind) continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return -1;
}

/// Of files.
double resident_of_files() { return resident("RssFile:"); }

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
    EXPECT_LT(sqlite3_memory_used(), 22 << 20) << "a writer keeps more of a new file than 16 MiB";
    store_ = nullptr;
    store_ = open(path_);
    before_ = resident_of_files();
  }

  /// So long that their index is on many pages, which lie between those of the documents.
  static std::string key(std::int64_t number) { return std::to_string(number) + long_; }

  static inline const std::string long_ = std::string(200, 'k');
  static constexpr Namespace ns_{"main", "c"};
  static constexpr double allowed = 30;  // what may stay, a step, and the pages around them
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

/// All of it is read before the first document is given, as what is written afterwards is not seen.
TEST_F(PageMapTest, AResultInATransactionIsLargelyOnDisk) {
  const double allowed_of_results = test::sanitized ? 1e9 : 48;
  const auto session = store_->start_session();
  session->start_transaction();
  FindOptions find;
  AggregateOptions aggregate;
  find.session = aggregate.session = session.get();
  RemoveOptions every;
  every.session = session.get();
  every.multi = true;
  const double before = resident("RssAnon:");
  auto cursor = store_->find(ns_, {}, find);
  (void)store_->remove(ns_, bson::make_document("_id", key(7)), every);
  EXPECT_LT(resident("RssAnon:") - before, allowed_of_results);
  std::int64_t next = 0;
  while (const auto document = cursor->next())
    ASSERT_EQ((*document)["_id"].as_string(), key(next++));
  EXPECT_EQ(next, count);
  cursor = store_->aggregate(ns_, {}, aggregate);
  EXPECT_LT(resident("RssAnon:") - before, allowed_of_results);
  next = 0;
  while (cursor->next()) ++next;
  EXPECT_EQ(next, count - 1);
  session->abort_transaction();
}

}  // namespace
}  // namespace quire::store::embedded
