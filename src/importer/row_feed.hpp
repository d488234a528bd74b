#pragma once

#include "importer/compiled_table.hpp"
#include "importer/row_writer.hpp"

namespace quire::importer {

/// What a reader is given: bounds of MappedRow::key.
struct FeedBounds {
  std::optional<bson::Value> after;
  std::optional<bson::Value> until;
  std::span<const bson::Value> keys;
};

/// Makes mapped rows of the source's rows. One thread.
class RowFeed {
 public:
  RowFeed(const CompiledTable::Impl& table, SourceSession& session)
      : table_(table), session_(session) {}
  virtual ~RowFeed() = default;
  RowFeed(const RowFeed&) = delete;
  RowFeed& operator=(const RowFeed&) = delete;
  [[nodiscard]] virtual bool next(MappedRow& row) = 0;

 protected:
  /// Writes the document, or what was wrong with it; not the key. False: it failed.
  bool map(MappedRow& row, const RowWriter::Input& input);
  void put_aside(MappedRow& row, const Error& error, std::span<const Cell> cells);

  const CompiledTable::Impl& table_;
  SourceSession& session_;
  RowWriter writer_;
};

[[nodiscard]] std::unique_ptr<RowFeed> feed_rows(const CompiledTable::Impl& table,
                                                 SourceSession& session, FeedBounds bounds);
[[nodiscard]] std::unique_ptr<RowFeed> feed_parts(const CompiledTable::Impl& table,
                                                  SourceSession& session, FeedBounds bounds);
[[nodiscard]] std::unique_ptr<RowFeed> feed_groups(const CompiledTable::Impl& table,
                                                   SourceSession& session, FeedBounds bounds);

}  // namespace quire::importer
