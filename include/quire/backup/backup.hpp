#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/core/error.hpp"

/// Backups as folders in the format of mongodump, which mongorestore reads too.
namespace quire::backup {

/// How far a backup or a restore is, of one collection.
struct Progress {
  std::string_view collection;
  std::string_view phase;  ///< "write", "check", "restore", "index"
  std::int64_t done = 0;   ///< documents; of "index": indexes
  std::int64_t total = 0;  ///< as far as known, else 0
  std::int64_t bytes = 0;  ///< of the documents, not compressed
};

struct BackupOptions {
  bool gzip = false;                          ///< every file but the manifest compressed, NAME.gz
  std::vector<std::string> collections = {};  ///< only these, views too; empty = all
  std::vector<std::string> exclude = {};
  /// Read all collections as they were at one moment where the store can. Off: each collection
  /// by itself, which spares a server from keeping old versions for long.
  bool snapshot = true;
  /// Called by the thread that works, about each thousand documents. What it throws ends the
  /// work, and passes through.
  std::function<void(const Progress&)> progress = {};
  std::stop_token stop = {};  ///< asked about each thousand documents
};

/// A collection or view that was written, checked or restored.
struct SavedCollection {
  std::string name;
  std::string type = "collection";  ///< or "view", "timeseries"
  std::int64_t documents = 0;       ///< of raw time series: buckets
  std::int64_t bytes = 0;           ///< of the documents, not compressed
  std::int64_t indexes = 0;         ///< with that of _id
};

enum class Result {
  done,
  failed,   ///< and nothing was changed, nothing is left behind
  partial,  ///< of a restore: failed or stopped when collections had been dropped already
  stopped   ///< on request; nothing was changed, nothing is left behind
};
[[nodiscard]] std::string_view to_string(Result result) noexcept;

/// What a backup did. A failure is in here, not thrown, so look at it: ok(), or or_throw().
struct [[nodiscard]] BackupReport {
  std::string source;  ///< the URI without secrets
  std::string database;
  std::string folder;
  Result result = Result::done;
  std::vector<SavedCollection> collections;
  std::vector<std::string> left_out;  ///< collections that are not saved, each with why
  /// All collections are of one moment; else each is of the time when it was read, and
  /// `consistency` says why.
  bool snapshot = false;
  std::string consistency;
  std::int64_t file_bytes = 0;  ///< of all files
  std::optional<Error> error;
  double seconds = 0;

  [[nodiscard]] bool ok() const noexcept { return result == Result::done; }
  [[nodiscard]] std::int64_t documents() const noexcept;
  /// For main(): 0 done, 30 failed, 31 partial, 32 stopped.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.backup/1", "result", "exit", "source", "collections", …}.
  [[nodiscard]] std::string json() const;
  /// Throws error when it did not end well; else gives the report.
  const BackupReport& or_throw() const;
};

/// Writes a database into the new folder `folder`, as mongodump does:
///   DATABASE/NAME.bson           the documents, one behind the other
///   DATABASE/NAME.metadata.json  {options, indexes, uuid, collectionName, type}
///   quire-manifest.json          of quire: counts, sizes and XXH3_128 of each file
/// Time series whose buckets the server shows are written as buckets, others as measurements.
/// Not saved: system collections, the lock of migrations, the state of an unfinished copy.
/// The folder appears as a whole: files are written to FOLDER.part, synced, then renamed. What
/// fails or is stopped leaves nothing; what a killed backup left is removed by the next one.
/// One moment: a file of the embedded store (through a second, read-only handle, so that writers
/// go on), a store in memory (writers wait), and a server with snapshot sessions. The report says
/// whether it was. Names, options and indexes are read right before that moment.
/// Errors: in the report: invalid_argument for a folder that is there already, busy when another
/// backup writes it, unsupported for gzip where quire was built without zlib, namespace_not_found
/// for a name that is not there, disk_full, io_error, and what the store throws.
/// Threads: any number of backups at once, to different folders. Memory: a document and buffers.
BackupReport backup(const Database& database, const std::filesystem::path& folder,
                    const BackupOptions& options = {});

/// Whether this quire reads and writes compressed backups.
[[nodiscard]] bool has_gzip() noexcept;

}  // namespace quire::backup
