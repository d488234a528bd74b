// Batches that are read while the one before is written.
#include "migrate/data/read_ahead.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "migrate/data/stamp.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate::data {
namespace {

/// What a side of the numbers 1 to `last` was asked for.
struct Asked {
  std::atomic<int> reads{0};
  std::atomic<std::thread::id> reader{};
  std::int64_t last = 10;
  std::int64_t fails_behind = -1;
  std::latch* waits_for = nullptr;  ///< before the second read
};

class Numbers final : public RowSide {
 public:
  explicit Numbers(Asked& asked) : asked_(asked) {}
  Batch read(const KeyBounds& bounds, std::int64_t /*inside*/, std::int64_t rows,
             std::size_t /*bytes*/) override {
    if (++asked_.reads == 2 && asked_.waits_for != nullptr) asked_.waits_for->wait();
    asked_.reader = std::this_thread::get_id();
    Batch batch;
    std::int64_t at = bounds.after ? bounds.after->view().as_int64() : 0;
    if (at == asked_.fails_behind) throw StoreError(ErrorCode::source_failed, "the source is gone");
    while (at < asked_.last && static_cast<std::int64_t>(batch.rows.size()) < rows) {
      Row& row = batch.rows.emplace_back();
      row.source = bson::make_document("_id", ++at);
    }
    batch.end = at == asked_.last;
    return batch;
  }
  bool each(const KeyBounds& /*bounds*/, FunctionRef<bool(const ExpectedRow&)> /*fn*/) override {
    return true;
  }
  std::optional<bson::Value> key_at(const KeyBounds& /*bounds*/, std::int64_t /*n*/) override {
    return std::nullopt;
  }
  std::int64_t count(const KeyBounds& /*bounds*/) override { return asked_.last; }
  std::vector<Row> find(const std::vector<bson::Value>& /*keys*/) override { return {}; }

 private:
  Asked& asked_;
};

KeyBounds behind(std::int64_t number) { return {bson::Value(number), std::nullopt}; }
std::int64_t last_of(const RowSide::Batch& batch) { return batch.rows.back().key().as_int64(); }

TEST(ReadAhead, GivesAllBatchesInTheirOrder) {
  for (const bool ahead : {false, true}) {
    Asked asked;
    ReadAhead source(std::make_unique<Numbers>(asked), ahead);
    KeyBounds at;
    std::vector<std::int64_t> ends;
    while (true) {
      auto batch = source.read(at, 0, 3, 1000);
      at = behind(last_of(batch));
      ends.push_back(last_of(batch));
      if (batch.end) break;
      source.begin(at, 3, 1000);
      source.begin(at, 3, 1000);  // begun already
    }
    EXPECT_EQ(ends, (std::vector<std::int64_t>{3, 6, 9, 10}));
    EXPECT_EQ(asked.reads, 4);
    EXPECT_EQ(asked.reader.load() == std::this_thread::get_id(), !ahead);
  }
}

TEST(ReadAhead, ReadsWhileItsOwnerDoesSomethingElse) {
  std::latch written(1);
  Asked asked;
  asked.waits_for = &written;
  ReadAhead source(std::make_unique<Numbers>(asked), true);
  (void)source.read({}, 0, 3, 1000);
  source.begin(behind(3), 3,
               1000);  // comes back at once, though the reading waits for what follows
  while (asked.reads < 2) std::this_thread::yield();
  written.count_down();
  EXPECT_EQ(last_of(source.read(behind(3), 0, 3, 1000)), 6);
}

TEST(ReadAhead, TellsAFailureWhenTheBatchIsAskedForAndReadsItAnew) {
  Asked asked;
  asked.fails_behind = 3;
  ReadAhead source(std::make_unique<Numbers>(asked), true);
  (void)source.read({}, 0, 3, 1000);
  source.begin(behind(3), 3, 1000);
  EXPECT_THROW((void)source.read(behind(3), 0, 3, 1000), StoreError);
  asked.fails_behind = -1;
  EXPECT_EQ(last_of(source.read(behind(3), 0, 3, 1000)), 6);
}

TEST(ReadAhead, LetsGoOfWhatNobodyAskedFor) {
  Asked asked;
  asked.fails_behind = 3;
  ReadAhead source(std::make_unique<Numbers>(asked), true);
  source.begin(behind(3), 3, 1000);
  EXPECT_EQ(last_of(source.read(behind(6), 0, 3, 1000)), 9)
      << "another stretch, without the failure";
  source.begin(behind(9), 3, 1000);  // and is never asked for
}

TEST(ReadAhead, GoesOnWithOtherBoundsBehindTheEnd) {
  Asked asked;
  asked.last = 4;
  ReadAhead source(std::make_unique<Numbers>(asked), true);
  (void)source.read({}, 0, 3, 1000);
  source.go_on_with(behind(1));  // the end is not read yet
  source.begin(behind(3), 3, 1000);
  while (!source.is_through()) std::this_thread::yield();
  source.go_on_with(behind(1));
  EXPECT_TRUE(source.read(behind(3), 0, 3, 1000).end);
  source.begin(behind(4), 3, 1000);  // begun already
  EXPECT_EQ(last_of(source.read(behind(1), 0, 3, 1000)), 4);
  EXPECT_EQ(asked.reads, 3);
  EXPECT_NE(asked.reader.load(), std::this_thread::get_id());
}

TEST(ReadAhead, PreparesBatchesThatItsOwnerDoesNotWaitFor) {
  Asked asked;
  ReadAhead source(std::make_unique<Numbers>(asked), true,
                   [](RowSide::Batch& batch) { batch.bytes.push_back(1); });
  const auto first = source.read({}, 0, 3, 1000);
  EXPECT_EQ(first.bytes.size(), 0U);
  source.begin(behind(3), 3, 1000);
  while (asked.reads < 3) std::this_thread::yield();
  auto second = source.read(behind(3), 0, 3, 1000);
  EXPECT_EQ(second.bytes.size(), 0U);
  EXPECT_EQ(source.read(behind(6), 0, 3, 1000).bytes.size(), 1U);
  source.done(std::move(second));
}

TEST(PrepareRows, StampsAsTheWriterDoesUnderAFenceThatIsToldLater) {
  std::vector<Row> rows(5);
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].source = bson::make_document("_id", static_cast<std::int64_t>(i));
  rows[0].mapped = bson::make_document("_id", std::int64_t{0}, "name", "its key is its _id");
  rows[1].mapped = bson::make_document("_id", "another", "name", "the key goes into the stamp");
  rows[2].mapped = bson::make_document("_id", std::int64_t{2}, "_q", "a stamp of its own");
  rows[3].failure = Failure{RejectStage::map, ErrorCode::unreadable_value, "no number", "n"};
  bson::Buffer bytes;
  prepare_rows(rows, bytes, "import/users");
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(rows[i].prepared) << i;
    EXPECT_EQ(rows[i].prepared->hash, hash_of(*rows[i].mapped));
    for (const std::int64_t fence : {1, 70'000}) {
      const bson::Document expected =
          stamped(*rows[i].mapped, "import/users", fence, rows[i].key());
      EXPECT_EQ(rows[i].prepared->under(fence), expected.view()) << i;
    }
  }
  for (std::size_t i = 2; i < 5; ++i) EXPECT_FALSE(rows[i].prepared) << i;
}

}  // namespace
}  // namespace quire::migrate::data
