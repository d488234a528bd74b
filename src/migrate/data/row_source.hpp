#pragma once

#include <memory>

#include "migrate/data/key_range.hpp"
#include "migrate/data/rows.hpp"

namespace quire::migrate::data {

/// A row as a comparison sees it: what the target should have of it, if anything.
struct ExpectedRow {
  bson::ValueView key;
  std::optional<bson::View> document;
};

/// The rows of a source in the order of their key, mapped. One thread at a time.
class RowSide {
 public:
  struct Batch {
    std::vector<Row> rows;
    bool end = false;      ///< nothing comes after it
    bson::Buffer bytes{};  ///< of what was prepared of the rows
  };

  virtual ~RowSide() = default;
  /// The first rows within the bounds; a batch ends behind the row that reaches `bytes`. `inside`:
  /// so many rows behind the bound were done before the work was broken off in the middle of rows
  /// that no key tells apart. They have no order among themselves, and all come once more.
  [[nodiscard]] virtual Batch read(const KeyBounds& bounds, std::int64_t inside, std::int64_t rows,
                                   std::size_t bytes) = 0;
  /// Calls `fn` with each until it gives false. False when it did.
  virtual bool each(const KeyBounds& bounds, FunctionRef<bool(const ExpectedRow&)> fn) = 0;
  /// All of them, in any order.
  virtual bool scan(FunctionRef<bool(const ExpectedRow&)> fn) { return each({}, fn); }
  /// The key of the row number `distance` (1 = the first); nothing when there are fewer.
  [[nodiscard]] virtual std::optional<bson::Value> key_at(const KeyBounds& bounds,
                                                          std::int64_t distance) = 0;
  /// Rows, before they are mapped.
  [[nodiscard]] virtual std::int64_t count(const KeyBounds& bounds) = 0;
  /// Those of `keys` that are there and within the bounds; nothing: only reading them tells.
  [[nodiscard]] virtual std::optional<std::int64_t> count_of(
      const std::vector<bson::Value>& /*keys*/, const KeyBounds& /*bounds*/) {
    return std::nullopt;
  }
  /// Those that are there, in no order.
  [[nodiscard]] virtual std::vector<Row> find(const std::vector<bson::Value>& keys) = 0;
};

/// Where a job's rows come from. Thread-safe: each worker opens a side of its own.
class RowSource {
 public:
  struct Size {
    std::int64_t rows = 0;
    bool exact = false;
  };

  virtual ~RowSource() = default;
  /// What the job's header keeps of it: a job that is half done does not go on with another one.
  [[nodiscard]] virtual bson::Document identity() = 0;
  [[nodiscard]] virtual std::unique_ptr<RowSide> open() = 0;
  [[nodiscard]] virtual Size size() = 0;
  /// Each row becomes one document under its own key, as it is.
  [[nodiscard]] virtual bool plain() const noexcept { return false; }
  /// Each row that is not put aside becomes one document, whose _id is its key.
  [[nodiscard]] virtual bool one_each() const { return plain(); }
  /// Keys that are the documents' _id come in the order in which the target has them: what lies
  /// between two keys on one side does so on the other.
  [[nodiscard]] virtual bool in_order() const { return true; }
  /// The next batch may be read while the one before is written.
  [[nodiscard]] virtual bool reads_ahead() const noexcept { return false; }
  /// "single_snapshot" or "multi_snapshot".
  [[nodiscard]] virtual std::string consistency() const { return "multi_snapshot"; }
};

[[nodiscard]] inline ExpectedRow expected_of(const Row& row) {
  ExpectedRow out{row.key(), std::nullopt};
  if (row.mapped && !row.failure) out.document = row.mapped->view();
  return out;
}

/// The documents of a collection, through a function or as they are. `map` may be empty.
class CollectionSource final : public RowSource {
 public:
  CollectionSource(Database db, std::string collection, bson::Document filter,
                   detail::StagedMap map)
      : db_(std::move(db)),
        collection_(std::move(collection)),
        filter_(std::move(filter)),
        map_(std::move(map)) {}

  [[nodiscard]] bson::Document identity() override;
  [[nodiscard]] std::unique_ptr<RowSide> open() override;
  [[nodiscard]] Size size() override;
  [[nodiscard]] bool plain() const noexcept override { return !map_; }

 private:
  Database db_;
  std::string collection_;
  bson::Document filter_;
  detail::StagedMap map_;
};

}  // namespace quire::migrate::data
