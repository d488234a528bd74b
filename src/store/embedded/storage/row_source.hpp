#pragma once

#include <cstdint>
#include <unordered_set>

#include "store/embedded/storage/connection.hpp"
#include "store/embedded/storage/planner.hpp"

namespace quire::store::embedded {

/// Throws StoreError corrupt when the row's checksum is wrong. Columns as RowSql says.
void verify_row(Statement& row);

/// The rows that a plan reaches, each once. Reads SQLite's memory: body() holds until next().
/// Uses the connection's kept statements; one of its own where another source is at work on them.
class RowSource {
 public:
  RowSource(Connection& connection, const CollectionMeta& collection, Plan plan, bool verify);
  ~RowSource() { stop(); }
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;

  bool next();
  [[nodiscard]] std::int64_t rid() const noexcept { return statement_->integer(0); }
  [[nodiscard]] bson::View body() const { return statement_->document(1); }
  /// Lets go of SQLite's memory.
  void stop() noexcept;
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] std::int64_t keys_examined() const noexcept { return keys_; }
  [[nodiscard]] std::int64_t rows_examined() const noexcept { return rows_; }

 private:
  bool start_range();
  Statement& row(RowSql what);
  Statement& key(KeySql what);
  Connection& connection_;
  std::int64_t cid_;
  Plan plan_;
  bool verify_;
  bool dedupe_ = false;
  bool active_ = false;
  std::size_t range_ = 0;
  Statement* statement_ = nullptr;
  Statement own_;
  std::unordered_set<std::int64_t> seen_;
  std::int64_t keys_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace quire::store::embedded
