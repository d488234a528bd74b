#include "store/embedded/storage/connection.hpp"

#include <array>
#include <cstdint>

#include "quire/core/error.hpp"
#include "store/embedded/storage/read_locks.hpp"

namespace quire::store::embedded {
namespace {

/// Asks for a lock again and again, as sqlite3_busy_timeout() does, but at least each 10 ms rather
/// than each 100: a writer that works in batches leaves the file for moments only.
extern "C" int wait_busy(void* timeout, int attempt) noexcept {
  constexpr std::array<int, 6> first{1, 1, 2, 2, 5, 5};
  constexpr int then = 10, before = 16;
  const auto most = reinterpret_cast<std::intptr_t>(timeout);
  const auto at = static_cast<std::size_t>(attempt);
  const std::intptr_t waited = at < first.size()
                                   ? attempt * 2
                                   : before + static_cast<std::intptr_t>(at - first.size()) * then;
  if (waited >= most) return 0;
  sqlite3_sleep(at < first.size() ? first[at] : then);
  return 1;
}

}  // namespace

Connection::Connection(const Options& options, bool create, ReadLocks& locks) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options.read_only ? SQLITE_OPEN_READONLY
                             : SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  std::string path = options.path;
  if (options.memory) {
    path = ":memory:";
  } else if (path.front() == ':' || path.starts_with("file:")) {
    path.insert(0, "./");  // SQLite gives such names a meaning of their own
  }
  const int code = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
  try {
    if (code != SQLITE_OK) fail_sqlite(db_, code, "cannot open " + path);
    locks.attach(db_);
    // NOLINTNEXTLINE: a number in place of a pointer, so that nothing has to outlive anything
    sqlite3_busy_handler(db_, wait_busy, reinterpret_cast<void*>(options.busy_timeout.count()));
    // The first statement to read the file, so the one to meet files that are something else.
    const char* sync = options.full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    if (const int read = sqlite3_exec(db_, sync, nullptr, nullptr, nullptr); read != SQLITE_OK) {
      if (read == SQLITE_NOTADB)
        throw StoreError(ErrorCode::not_a_database,
                         options.path + " is no quire database; it was not touched", read);
      fail_sqlite(db_, read, "cannot read " + options.path);
    }
    // Without cell_size_check: a page in mapped memory is looked through at each visit.
    execute("PRAGMA mmap_size=1073741824; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=OFF");
    limit_cache(create);
    begin_read_ = Statement(db_, "BEGIN");
    begin_write_ = Statement(db_, options.read_only ? "BEGIN" : "BEGIN IMMEDIATE");
    commit_ = Statement(db_, "COMMIT");
    rollback_ = Statement(db_, "ROLLBACK");
    savepoint_ = Statement(db_, "SAVEPOINT q");
    release_ = Statement(db_, "RELEASE q");
    rollback_to_ = Statement(db_, "ROLLBACK TO q");
    schema_version_ = Statement(db_, "PRAGMA schema_version");
  } catch (...) {
    finalize_own();
    sqlite3_close_v2(db_);
    throw;
  }
}

Connection::~Connection() {
  if (is_inherited()) return;
  rollback();
  forget_statements();
  finalize_own();
  sqlite3_close_v2(db_);
}

void Connection::finalize_own() noexcept {
  for (auto* statement : {&begin_read_, &begin_write_, &commit_, &rollback_, &schema_version_,
                          &savepoint_, &release_, &rollback_to_})
    *statement = Statement();
}

void Connection::execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  const std::string_view text = sql;
  if (code == SQLITE_ERROR && (text.starts_with("CREATE") || text.starts_with("DROP")))
    fail_tables(db_);  // a table is there that should not be, or the other way round
  if (code != SQLITE_OK) fail_sqlite(db_, code, sql);
}

void Connection::limit_cache(bool writes) {
  // What is read comes from the map: the cache holds what a transaction has written, and what of it
  // is still in the log. With four times as much even scattered writes are no faster.
  execute(writes ? "PRAGMA cache_size=-16384" : "PRAGMA cache_size=-8192");
}

std::int64_t Connection::query_integer(const char* sql) {
  Statement statement(db_, sql);
  const std::int64_t value = statement.step() ? statement.integer(0) : -1;
  statement.reset();
  return value;
}

void Connection::rollback() noexcept {
  if (is_inherited() || !in_transaction()) return;
  (void)rollback_.step_code();
  rollback_.reset();
}

void Connection::rollback_to_savepoint() noexcept {
  if (is_inherited() || !in_transaction()) return;
  (void)rollback_to_.step_code();
  rollback_to_.reset();
  (void)release_.step_code();
  release_.reset();
}

void Connection::forget_statements() {
  rows_.clear();
  keys_.clear();
  for (auto* statement : {&change_append, &change_last, &change_read}) *statement = Statement();
  totals_ = Statement();
  last_cid_ = -1;
  last_rows_ = nullptr;
  last = nullptr;
}

void Connection::prepare_row(Statement& out, std::int64_t cid, RowSql what) {
  const std::string table = "c" + std::to_string(cid);
  const std::string select = "SELECT rid,body,sum,id FROM " + table;
  std::string sql;
  switch (what) {
    case RowSql::insert:
      sql = "INSERT INTO " + table + "(id,sum,body) VALUES(?1,?2,?3)";
      break;
    case RowSql::by_id:
      sql = select + " WHERE id=?1";
      break;
    case RowSql::by_rid:
      sql = select + " WHERE rid=?1";
      break;
    case RowSql::replace:
      sql = "UPDATE " + table + " SET sum=?1,body=?2 WHERE rid=?3";
      break;
    case RowSql::erase:
      sql = "DELETE FROM " + table + " WHERE rid=?1";
      break;
    case RowSql::scan:
      sql = select;
      break;
    case RowSql::scan_down:
      sql = select + " ORDER BY rid DESC";
      break;
    case RowSql::count:
      sql = "SELECT count(*) FROM " + table;
      break;
    case RowSql::count_ids:
      sql = "SELECT count(*) FROM " + table + " WHERE id>=?1 AND id<?2";
      break;
    case RowSql::id_up:
      sql = select + " WHERE id>=?1 AND id<?2 ORDER BY id";
      break;
    case RowSql::id_down:
      sql = select + " WHERE id>=?1 AND id<?2 ORDER BY id DESC";
      break;
    case RowSql::id_up_from:
      sql = select + " WHERE id>=?1 ORDER BY id";
      break;
    case RowSql::id_down_from:
      sql = select + " WHERE id>=?1 ORDER BY id DESC";
      break;
    case RowSql::rids_above:
      sql = select + " WHERE rid>?1 ORDER BY rid LIMIT 1";
      break;
    case RowSql::size_:
      throw Error(ErrorCode::internal, "no such statement");
  }
  out = Statement(db_, sql);
}

void Connection::prepare_key(Statement& out, std::int64_t cid, std::int64_t iid, KeySql what) {
  const std::string index = "i" + std::to_string(iid);
  // CROSS JOIN keeps SQLite from turning the two tables around.
  const std::string select = "SELECT c.rid,c.body,c.sum,c.id,i.rid FROM " + index +
                             " AS i CROSS JOIN c" + std::to_string(cid) +
                             " AS c ON c.rid=i.rid WHERE ";
  std::string sql;
  switch (what) {
    case KeySql::insert:
      sql = "INSERT INTO " + index + "(key,rid,sum) VALUES(?1,?2,?3)";
      break;
    case KeySql::erase:
      sql = "DELETE FROM " + index + " WHERE key=?1 AND rid=?2";
      break;
    case KeySql::up:
      sql = select + "i.key>=?1 AND i.key<?2 ORDER BY i.key";
      break;
    case KeySql::down:
      sql = select + "i.key>=?1 AND i.key<?2 ORDER BY i.key DESC";
      break;
    case KeySql::up_from:
      sql = select + "i.key>=?1 ORDER BY i.key";
      break;
    case KeySql::down_from:
      sql = select + "i.key>=?1 ORDER BY i.key DESC";
      break;
    case KeySql::equal:
      sql = select + "i.key=?1";
      break;
    case KeySql::count:
      sql = "SELECT count(*) FROM " + index + " WHERE key>=?1 AND key<?2";
      break;
    case KeySql::size_:
      throw Error(ErrorCode::internal, "no such statement");
  }
  out = Statement(db_, sql);
}

}  // namespace quire::store::embedded
