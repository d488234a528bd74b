#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/embedded/storage/catalog.hpp"
#include "store/embedded/storage/options.hpp"
#include "store/embedded/storage/sqlite.hpp"

namespace quire::store::embedded {

class ReadLocks;

/// The statements of a collection's table. Rows are read as (rid, body, sum, id).
enum class RowSql {
  insert,     // id, sum, body
  by_id,      // id → row
  by_rid,     // rid → row
  replace,    // sum, body, rid
  erase,      // rid
  scan,       // all rows
  scan_down,  // all rows, backwards
  count,
  count_ids,  // low, high → number of rows
  id_up,      // low, high → rows in the order of _id
  id_down,
  id_up_from,  // low → rows
  id_down_from,
  rids_above,  // rid → one row
  size_
};
/// The statements of an index's table. Rows are read as those of the collection.
enum class KeySql {
  insert,  // key, rid, sum
  erase,   // key, rid
  up,      // low, high → rows in the order of keys
  down,
  up_from,  // low → rows
  down_from,
  equal,  // key → rows
  count,  // low, high → number of entries
  size_
};

/// One SQLite connection with its statements and its view of the catalog. Used by one thread at a
/// time.
class Connection {
 public:
  /// Opens; `create` makes an absent file. Throws StoreError io_error, not_a_database …
  Connection(const Options& options, bool create, ReadLocks& locks);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] sqlite3* handle() const noexcept { return db_; }
  /// Runs SQL text without results.
  void execute(const char* sql);
  /// Sets how many bytes of pages it keeps. Again after the size of a page has changed: SQLite
  /// counts pages, and would keep as many.
  void limit_cache(bool writes);
  /// The first column of the first row of `sql`; -1 without one.
  [[nodiscard]] std::int64_t query_integer(const char* sql);

  void begin_read() { begin_read_.run(); }
  void begin_write() { begin_write_.run(); }
  void commit() { commit_.run(); }
  /// Never throws; does nothing outside a transaction.
  void rollback() noexcept;
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(db_) == 0; }
  void savepoint() { savepoint_.run(); }
  void release_savepoint() { release_.run(); }
  void rollback_to_savepoint() noexcept;

  /// The schema's number in the transaction that is open, or at this moment.
  [[nodiscard]] std::int64_t schema_version() {
    (void)schema_version_.step();
    const auto version = schema_version_.integer(0);
    schema_version_.reset();
    return version;
  }

  [[nodiscard]] Statement& row_statement(std::int64_t cid, RowSql what) {
    Statement& statement = rows(cid)[static_cast<std::size_t>(what)];
    if (!statement) [[unlikely]]
      prepare_row(statement, cid, what);
    return statement;
  }
  [[nodiscard]] Statement& key_statement(std::int64_t cid, std::int64_t iid, KeySql what) {
    Statement& statement = keys(iid)[static_cast<std::size_t>(what)];
    if (!statement) [[unlikely]]
      prepare_key(statement, cid, iid, what);
    return statement;
  }
  /// A statement of the caller's own, where the kept one is at work.
  [[nodiscard]] Statement own_row_statement(std::int64_t cid, RowSql what) {
    Statement out;
    prepare_row(out, cid, what);
    return out;
  }
  [[nodiscard]] Statement own_key_statement(std::int64_t cid, std::int64_t iid, KeySql what) {
    Statement out;
    prepare_key(out, cid, iid, what);
    return out;
  }
  /// documents, bytes, cid → the sums of a capped collection (capped.hpp).
  [[nodiscard]] Statement& totals_statement() {
    if (!totals_) [[unlikely]]
      totals_ = Statement(db_,
                          "UPDATE quire_capped SET documents=documents+?1,bytes=bytes+?2 "
                          "WHERE cid=?3 RETURNING documents,bytes");
    return totals_;
  }
  /// Drops all statements: before tables go, and when the catalog changed.
  void forget_statements();

  std::shared_ptr<const Catalog> catalog;
  // Of the change log; empty until used.
  Statement change_append, change_last, change_read;
  /// Room for keys, kept between calls.
  std::string scratch;

  // The collection that was used last: saves the look-up on the short ways.
  std::shared_ptr<const CollectionMeta> last;

 private:
  /// The parent's of a fork, and another thread may have held its locks.
  [[nodiscard]] bool is_inherited() const noexcept { return fork_count() != fork_generation_; }
  using RowStatements = std::array<Statement, static_cast<std::size_t>(RowSql::size_)>;
  using KeyStatements = std::array<Statement, static_cast<std::size_t>(KeySql::size_)>;
  RowStatements& rows(std::int64_t cid) {
    if (cid != last_cid_) [[unlikely]] {
      last_rows_ = &rows_[cid];
      last_cid_ = cid;
    }
    return *last_rows_;
  }
  KeyStatements& keys(std::int64_t iid) { return keys_[iid]; }
  void finalize_own() noexcept;
  void prepare_row(Statement& out, std::int64_t cid, RowSql what);
  void prepare_key(Statement& out, std::int64_t cid, std::int64_t iid, KeySql what);

  sqlite3* db_ = nullptr;
  unsigned fork_generation_ = fork_count();
  Statement begin_read_, begin_write_, commit_, rollback_, schema_version_, savepoint_, release_,
      rollback_to_, totals_;
  std::unordered_map<std::int64_t, RowStatements> rows_;  // never moves its values
  std::unordered_map<std::int64_t, KeyStatements> keys_;
  std::int64_t last_cid_ = -1;
  RowStatements* last_rows_ = nullptr;
};

}  // namespace quire::store::embedded
