#pragma once

#include <unordered_map>

#include "importer/snapshot_print.hpp"
#include "importer/sql/sql_source.hpp"
#include "importer/sqlite/snapshot.hpp"

namespace quire::importer::sqlite {

/// A connection, and its statements that wait to be used again.
class Statements {
 public:
  Statements(std::unique_ptr<SnapshotSet::Lease> lease) : lease_(std::move(lease)) {}

  /// With the parameters bound to where they are: `select` must outlive the use.
  [[nodiscard]] StatementPtr take(const Select& select, std::string_view what);
  void give_back(const std::string& text, StatementPtr statement);
  [[nodiscard]] const Connection& connection() const noexcept { return lease_->connection(); }

 private:
  std::unique_ptr<SnapshotSet::Lease> lease_;
  std::unordered_multimap<std::string, StatementPtr> idle_;
};

class Session final : public SourceSession, public SeesSnapshot {
 public:
  Session(SnapshotSet& set, const Schema& schema)
      : set_(set), schema_(schema), statements_(std::make_shared<Statements>(set.lease())) {}

  [[nodiscard]] std::unique_ptr<RowReader> read(const RowQuery& query) override;
  [[nodiscard]] std::int64_t count(const RowQuery& query) override;
  [[nodiscard]] std::optional<bson::Value> key_at(const RowQuery& query,
                                                  std::int64_t distance) override;
  [[nodiscard]] std::string fingerprint(const Table& table) override;
  [[nodiscard]] std::string fingerprint_of_snapshot(const Table& table) override;

 private:
  SnapshotSet& set_;
  const Schema& schema_;
  std::shared_ptr<Statements> statements_;
};

}  // namespace quire::importer::sqlite
