#include "store/embedded/storage/sqlite.hpp"

#include <cerrno>
#include <new>

#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

ErrorCode code_of(sqlite3* db, int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
      return code == SQLITE_BUSY_SNAPSHOT ? ErrorCode::write_conflict : ErrorCode::busy;
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return ErrorCode::busy;
    case SQLITE_FULL:
      return ErrorCode::disk_full;
    case SQLITE_READONLY:
      return ErrorCode::read_only;
    case SQLITE_NOTADB:
      return ErrorCode::not_a_database;
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
      return ErrorCode::corrupt;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: {
      // A full disk has no room for a new file, and the shared-memory file cannot grow: SQLite says
      // the same for other reasons.
      const int system = db == nullptr ? 0 : sqlite3_system_errno(db);
      return system == ENOSPC || system == EDQUOT || code == SQLITE_IOERR_SHMSIZE
                 ? ErrorCode::disk_full
                 : ErrorCode::io_error;
    }
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
      return ErrorCode::io_error;
    case SQLITE_INTERRUPT:
      return ErrorCode::timeout;
    case SQLITE_TOOBIG:
      return ErrorCode::document_too_large;
    default:
      return ErrorCode::internal;
  }
}

}  // namespace

void fail_sqlite(sqlite3* db, int code, std::string_view doing) {
  if ((code & 0xFF) == SQLITE_NOMEM) throw std::bad_alloc();
  if (db != nullptr) {
    const int extended = sqlite3_extended_errcode(db);
    if ((extended & 0xFF) == (code & 0xFF)) code = extended;
  }
  std::string text(doing);
  text += ": ";
  text += db != nullptr && (sqlite3_errcode(db) & 0xFF) == (code & 0xFF) ? sqlite3_errmsg(db)
                                                                         : sqlite3_errstr(code);
  throw StoreError(code_of(db, code), text, code);
}

void fail_body(std::int64_t rid) {
  throw StoreError(ErrorCode::corrupt, "the body of row " + std::to_string(rid) +
                                           " is not a document; run check() and restore a backup");
}

void fail_tables(sqlite3* db) {
  throw StoreError(ErrorCode::corrupt,
                   "the file's tables are not as they were written (" +
                       std::string(sqlite3_errmsg(db)) + "); restore a backup",
                   SQLITE_ERROR);
}

Statement::Statement(sqlite3* db, std::string_view sql) {
  const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  // What is prepared is quire's own and fits what quire creates: it is the file that does not fit.
  if (code == SQLITE_ERROR) fail_tables(db);
  if (code != SQLITE_OK) fail_sqlite(db, code, sql);
}

void Statement::fail(int code) {
  sqlite3* db = sqlite3_db_handle(handle_);
  const int extended = sqlite3_extended_errcode(db);
  // The sentence must be taken before reset() clears it.
  const std::string sql = sqlite3_sql(handle_);
  try {
    fail_sqlite(db, (extended & 0xFF) == (code & 0xFF) ? extended : code, sql);
  } catch (...) {
    sqlite3_reset(handle_);
    throw;
  }
}

void open_temporary(sqlite3*& out, const char* schema, std::string_view purpose) {
  const int code = sqlite3_open_v2(
      "", &out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK)
    fail_sqlite(out, code, "cannot open a temporary file for " + std::string(purpose));
  const std::string sql = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + std::string(schema);
  if (const int made = sqlite3_exec(out, sql.c_str(), nullptr, nullptr, nullptr); made != SQLITE_OK)
    fail_sqlite(out, made, "cannot write a temporary file for " + std::string(purpose));
}

}  // namespace quire::store::embedded
