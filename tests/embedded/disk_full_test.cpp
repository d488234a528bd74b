// A full disk: a small tmpfs, filled until nothing fits any more.
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "file_fixture.hpp"
#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

class DiskFull : public FileTest {
 protected:
  void SetUp() override {
    disk_ = folder_ / "disk";
    std::filesystem::create_directories(disk_);
    if (::mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=3m") != 0) {
      disk_.clear();
      GTEST_SKIP() << "mounting a small tmpfs is not permitted here: " << std::strerror(errno);
    }
    file_ = (disk_ / "a.quire").string();
  }
  void TearDown() override {
    if (!disk_.empty()) ::umount2(disk_.c_str(), MNT_DETACH);
  }

  static bson::Document row(std::int64_t id) {
    return bson::make_document("_id", id, "n", id, "text", std::string(2000, 'x'));
  }
  /// Inserts one document a call until the disk is full; the number that was acknowledged.
  static std::int64_t fill(Store& store, std::int64_t first) {
    for (std::int64_t id = first;; ++id) {
      const auto document = row(id);
      const bson::View view = document;
      try {
        if (store.insert({"main", "c"}, {&view, 1}, {}).inserted != 1) return -1;
      } catch (const StoreError& error) {
        EXPECT_EQ(error.code(), ErrorCode::disk_full) << error.what();
        return id - first;
      }
      if (id - first > 100'000) return -1;
    }
  }

  std::filesystem::path disk_;
  std::string file_;
};

TEST_F(DiskFull, KeepsWhatWasAcknowledgedAndNothingElse) {
  std::int64_t kept = 0;
  {
    const auto store = open(file_);
    kept = fill(*store, 0);
    ASSERT_GT(kept, 100);
    EXPECT_EQ(count(*store), kept);
    EXPECT_TRUE(check(*store).ok()) << check(*store).str();
  }
  const auto store = open(file_);
  EXPECT_EQ(count(*store), kept);
  EXPECT_TRUE(check(*store).ok());
}

TEST_F(DiskFull, UpdatesIndexBuildsAndTransactionsLeaveNothingBehind) {
  const auto store = open(file_);
  const auto kept = fill(*store, 0);
  ASSERT_GT(kept, 100);

  const auto expect_full = [](auto&& change) {
    try {
      change();
      FAIL() << "there was room";
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ErrorCode::disk_full) << error.what();
    }
  };
  const std::string longer = R"({"$set": {"text": ")" + std::string(6000, 'y') + R"("}})";
  expect_full([&] { (void)update(*store, "{}", longer, nullptr, true); });
  EXPECT_EQ(count(*store, R"({"text": {"$regex": "^y"}})"), 0);

  expect_full([&] { create_index(*store, R"({"key": {"text": 1, "n": 1}, "name": "by_text"})"); });
  EXPECT_EQ(store->list_indexes({"main", "c"}).size(), 1U);

  const auto session = store->start_session();
  session->start_transaction();
  expect_full([&] {
    (void)update(*store, "{}", longer, session.get(), true);
    session->commit_transaction();
  });
  if (session->in_transaction()) session->abort_transaction();
  EXPECT_EQ(count(*store, R"({"text": {"$regex": "^y"}})"), 0);
  EXPECT_EQ(count(*store), kept);
  EXPECT_TRUE(check(*store).ok()) << check(*store).str();
}

TEST_F(DiskFull, WorksAgainOnceThereIsRoom) {
  const std::string other = (disk_ / "other").string();
  {
    std::ofstream out(other, std::ios::binary);
    out << std::string(1'500'000, 'z');
  }
  const auto store = open(file_);
  const auto kept = fill(*store, 0);
  ASSERT_GT(kept, 10);
  std::filesystem::remove(other);
  EXPECT_EQ(insert(*store, R"({"_id": "late"})").inserted, 1);
  EXPECT_EQ(count(*store), kept + 1);
  EXPECT_TRUE(check(*store).ok());
}

}  // namespace
}  // namespace quire::store::embedded
