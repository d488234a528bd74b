#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "quire/store/embedded/embedded.hpp"
#include "store/embedded/storage/scope.hpp"
#include "store/embedded/storage/ttl.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {
namespace {

[[noreturn]] void fail_system(const std::string& doing, int code) {
  throw StoreError(code == ENOSPC || code == EDQUOT ? ErrorCode::disk_full : ErrorCode::io_error,
                   doing + ": " + std::generic_category().message(code), code);
}

void sync_path(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail_system("cannot open " + path, errno);
  const int failed = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  if (failed != 0) fail_system("cannot sync " + path, failed);
}

std::int64_t size_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : 0;
}

void remove_copy(const std::string& path) noexcept {
  for (const char* end : {"", "-wal", "-shm", "-journal"}) (void)::unlink((path + end).c_str());
}

/// Copies page by page within the snapshot that is open on `from`.
void copy_pages(Connection& from, const std::string& path) {
  sqlite3* to = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &to,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  try {
    if (opened != SQLITE_OK) fail_sqlite(to, opened, "cannot create " + path);
    sqlite3_backup* copy = sqlite3_backup_init(to, "main", from.handle(), "main");
    if (copy == nullptr) fail_sqlite(to, sqlite3_errcode(to), "cannot copy to " + path);
    int step = SQLITE_OK;
    do {
      step = sqlite3_backup_step(copy, 1024);
    } while (step == SQLITE_OK);
    const int finished = sqlite3_backup_finish(copy);
    if (step != SQLITE_DONE) fail_sqlite(to, step, "cannot copy to " + path);
    if (finished != SQLITE_OK) fail_sqlite(to, finished, "cannot copy to " + path);
  } catch (...) {
    sqlite3_close_v2(to);
    throw;
  }
  const int closed = sqlite3_close(to);
  if (closed != SQLITE_OK) fail_sqlite(nullptr, closed, "cannot close " + path);
}

}  // namespace

void backup(Store& store, const std::string& path) {
  const auto file = embedded_store(store).file();
  const auto folder = std::filesystem::path(path).parent_path().string();
  const std::string copy = path + ".part" + std::to_string(::getpid());
  try {
    {
      // A writer of this process would make SQLite begin the copy again and again; one snapshot
      // of a reader does not.
      ReadScope scope(file, nullptr);
      copy_pages(scope.connection(), copy);
    }
    {
      Options options;
      options.path = copy;
      options.ttl_interval = std::chrono::milliseconds{0};
      EmbeddedStore other(options);
      {  // what the copy goes through is not what the original will
        WriteScope scope(other.file(), nullptr, false);
        separate_log(scope.connection());
        scope.commit();
      }
      const auto report = check(other);
      if (!report.ok())
        throw StoreError(ErrorCode::corrupt, "the copy is not clean: " + report.problems[0].where +
                                                 ": " + report.problems[0].what);
    }
    sync_path(copy);
    if (::rename(copy.c_str(), path.c_str()) != 0) fail_system("cannot rename to " + path, errno);
    sync_path(folder.empty() ? "." : folder);
  } catch (...) {
    remove_copy(copy);
    throw;
  }
}

void compact(Store& store) {
  const auto file = embedded_store(store).file();
  if (file->read_only()) throw StoreError(ErrorCode::read_only, "the file is open read-only");
  file->lock_writer(false);
  try {
    Connection& writer = file->writer();
    writer.execute("VACUUM");
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (...) {
    file->unlock_writer();
    throw;
  }
  file->unlock_writer();
}

std::int64_t sweep_expired(Store& store) { return sweep_expired(embedded_store(store).file()); }

Statistics statistics(Store& store) {
  const auto file = embedded_store(store).file();
  Statistics out;
  ReadScope scope(file, nullptr);
  Connection& connection = scope.connection();
  const auto page = connection.query_integer("PRAGMA page_size");
  out.free_bytes = page * connection.query_integer("PRAGMA freelist_count");
  out.format_version = connection.query_integer("PRAGMA user_version");
  if (file->options().memory) {
    out.file_bytes = page * connection.query_integer("PRAGMA page_count");
  } else {
    out.file_bytes = size_of(file->options().path);
    out.log_bytes = size_of(file->options().path + "-wal");
  }
  for (const auto& [database, collections] : connection.catalog->databases) {
    for (const auto& [name, meta] : collections) {
      CollectionStatistics one{database, name, 0, {}};
      one.documents =
          connection.query_integer(("SELECT count(*) FROM c" + std::to_string(meta->cid)).c_str());
      for (const auto& index : meta->indexes)
        one.indexes.push_back(
            {index->spec.name,
             connection.query_integer(
                 ("SELECT count(*) FROM i" + std::to_string(index->iid)).c_str())});
      out.collections.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace quire::store::embedded
