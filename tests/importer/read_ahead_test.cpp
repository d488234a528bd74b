// Batches that are read while the one before is written.
#include "migrate/data/read_ahead.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

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

}  // namespace
}  // namespace quire::migrate::data
