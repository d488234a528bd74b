#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quire/store/store.hpp"

/// What an embedded file can do beyond the Store port. Each function throws StoreError unsupported
/// for a store of another kind, store_closed after close(). Thread-safe.
namespace quire::store::embedded {

struct CheckOptions {
  std::size_t most_problems = 100;  ///< looks on, but lists no more
};

/// One thing that is wrong.
struct CheckProblem {
  std::string where;  ///< "main.users", "main.users index email_1", "file"
  std::string what;
};

struct CheckReport {
  std::vector<CheckProblem> problems;
  std::int64_t collections = 0;
  std::int64_t documents = 0;
  std::int64_t indexes = 0;
  std::int64_t entries = 0;
  std::int64_t problem_count = 0;
  [[nodiscard]] bool ok() const noexcept { return problem_count == 0; }
  /// A line a problem; "ok" without one.
  [[nodiscard]] std::string str() const;
};

/// Reads the whole file, in one snapshot, while others go on: SQLite's own integrity check, every
/// checksum, every document against its index entries and back, the catalog. Changes nothing.
[[nodiscard]] CheckReport check(Store& store, const CheckOptions& options = {});

/// Copies the file as it is at one moment to `path`, while others read and write. The copy is
/// written beside it under another name, checked and then renamed: `path` is whole or as it was.
/// Throws StoreError disk_full, io_error, corrupt.
void backup(Store& store, const std::string& path);

/// Gives free space back to the file system: rewrites the file. Waits for the writer; needs room
/// for a second copy. Throws StoreError busy while cursors of others hold it back.
void compact(Store& store);

/// Removes the documents whose time is over by TTL indexes, now; the number removed. The store
/// does it by itself every ttl_interval_ms (60 s).
std::int64_t sweep_expired(Store& store);

struct IndexStatistics {
  std::string name;
  std::int64_t entries = 0;
};
struct CollectionStatistics {
  std::string database;
  std::string name;
  std::int64_t documents = 0;
  std::vector<IndexStatistics> indexes;  ///< without that of _id
};
struct Statistics {
  std::int64_t file_bytes = 0;
  std::int64_t log_bytes = 0;   ///< of the write-ahead log
  std::int64_t free_bytes = 0;  ///< inside the file; compact() gives them back
  std::int64_t format_version = 0;
  std::vector<CollectionStatistics> collections;
};
/// Counts rows: linear in their number.
[[nodiscard]] Statistics statistics(Store& store);

}  // namespace quire::store::embedded
