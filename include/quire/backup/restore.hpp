#pragma once

#include "quire/backup/backup.hpp"

namespace quire::backup {

struct RestoreOptions {
  std::vector<std::string> collections = {};  ///< only these; empty = all
  bool drop = false;         ///< replace collections that are there; else those with documents
                             ///< are refused
  bool verify_only = false;  ///< read and check the folder; the database is not looked at
  std::function<void(const Progress&)> progress = {};  ///< as of a backup
  std::stop_token stop = {};
};

/// What a restore did. A failure is in here, not thrown, so look at it: ok(), or or_throw().
struct [[nodiscard]] RestoreReport {
  std::string folder;
  std::string target;  ///< the URI without secrets
  std::string database;
  std::string from_database;  ///< as the folder names it
  Result result = Result::done;
  bool verified_only = false;
  bool manifest = false;  ///< sizes and checksums of the files were compared
  std::vector<SavedCollection> collections;
  std::vector<std::string> left_out;  ///< files that are not restored, each with why
  std::optional<Error> error;
  double seconds = 0;

  [[nodiscard]] bool ok() const noexcept { return result == Result::done; }
  [[nodiscard]] std::int64_t documents() const noexcept;
  /// For main(): 0 done, 30 failed, 31 partial, 32 stopped.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.restore/1", "result", "exit", "folder", "collections", …}.
  [[nodiscard]] std::string json() const;
  /// Throws error when it did not end well; else gives the report.
  const RestoreReport& or_throw() const;
};

/// Brings a folder of backup() or of mongodump (with or without --gzip) into a database, under the
/// database's own name. `folder`: the whole, or that of the one database in it.
/// Before anything is written the whole folder is read: the manifest against the files where there
/// is one, each document, each metadata file; then the database is asked for all that it may
/// refuse: names that are taken, options, indexes, views.
/// Collections get their options, documents in their order, then their indexes; views come last.
/// On the embedded store it is one transaction, but for capped collections, which take none and
/// come first. Of those, and on a server, collections that this run made are dropped again when it
/// fails; those that `drop` took away are lost (Result::partial). Errors: in the report: corrupt
/// for a file that is cut off, altered or no document, namespace_exists for a collection with
/// documents or a view without `drop`, unsupported for what the database cannot have,
/// namespace_not_found for a name that the folder lacks, not_found for a folder without a backup,
/// and what the store throws. Threads: one restore of a database at a time. Memory: two batches of
/// up to 8 MiB.
RestoreReport restore(const Database& database, const std::filesystem::path& folder,
                      const RestoreOptions& options = {});

/// Reads and checks a folder as restore() does before it writes; needs no database. Of `options`
/// collections, progress and stop count. Where the folder holds several databases, give the folder
/// of one.
RestoreReport verify(const std::filesystem::path& folder, const RestoreOptions& options = {});

}  // namespace quire::backup
