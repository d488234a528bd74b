#pragma once

#include "quire/core/error.hpp"
#include "quire/importer/mapping.hpp"

namespace quire::importer {

/// A row that was mapped.
struct MappedRow {
  bson::Value key;                         ///< of the row; with unpivot a document {k, n}
  std::optional<bson::Document> document;  ///< with its _id first; nothing: put aside
  std::string stage;                       ///< of what went wrong: "read" or "map"
  std::optional<ImportError> failure;
  bson::Document raw;  ///< of a row that was put aside: what the source has
};

/// A mapping of one table, compiled against its schema: which cells go where. Immutable, and shared
/// by threads. Throws ImportError invalid_mapping. `since`: only such rows, whose documents are the
/// same as without it.
class CompiledTable {
 public:
  CompiledTable(const Mapping& mapping, const TableMapping& table, const Schema& schema,
                bson::DateTime time_of_import, std::optional<RowQuery::Since> since = {});
  ~CompiledTable();
  CompiledTable(const CompiledTable&) = delete;
  CompiledTable& operator=(const CompiledTable&) = delete;

  [[nodiscard]] const TableMapping& mapping() const noexcept;
  /// It was given `since`.
  [[nodiscard]] bool is_of_some() const noexcept;
  /// Columns of the key, with those of `order` in front.
  [[nodiscard]] const std::vector<std::string>& key() const noexcept;
  /// Fields that ExistingDocument::update leaves alone.
  [[nodiscard]] const std::vector<std::string>& on_insert() const noexcept;
  /// Text of which a change makes another mapping.
  [[nodiscard]] std::string canonical() const;
  /// identity_of() all tables and columns that are read: a job that is half done does not go on
  /// with others.
  [[nodiscard]] bson::Document schema_identity() const;
  /// Documents, or rows where not each row is one for sure, within bounds of MappedRow::key.
  [[nodiscard]] std::int64_t count(SourceSession& session, const std::optional<bson::Value>& after,
                                   const std::optional<bson::Value>& until) const;
  /// A MappedRow::key that about `distance` documents lie before and at; a group of rows that
  /// become one document, or a row that becomes several, is never cut. Nothing: there are fewer.
  [[nodiscard]] std::optional<bson::Value> key_at(SourceSession& session,
                                                  const std::optional<bson::Value>& after,
                                                  const std::optional<bson::Value>& until,
                                                  std::int64_t distance) const;

  struct Impl;
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Mapped rows of a table, children inside, in the order of its key: one query for the table and
/// one for each child table, merged as they come. One thread.
class MappedReader {
 public:
  /// What it is given must outlive it. `after`, `until`, `keys`: MappedRow::key.
  MappedReader(const CompiledTable& table, SourceSession& session, std::optional<bson::Value> after,
               std::optional<bson::Value> until, std::span<const bson::Value> keys = {});
  ~MappedReader();
  /// False: there are no more. Throws ImportError source_failed.
  [[nodiscard]] bool next(MappedRow& row);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::importer
