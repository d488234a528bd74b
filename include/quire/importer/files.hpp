#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/view.hpp"
#include "quire/importer/source.hpp"

/// Files as a source of truth: what is looked at, kept and proven before an import.
namespace quire::importer {

/// A record that cannot be read, or that a check refused.
struct FileProblem {
  std::string table;
  std::string file;          ///< below the folder
  std::int64_t record = 0;   ///< 1 = the first of the file
  std::int64_t line = 0;     ///< of the fault, 1 = the first; 0 where the file has no lines
  std::uint64_t column = 0;  ///< in bytes, 1 = the first
  std::uint64_t offset = 0;  ///< in bytes, of the text as UTF-8
  std::string reason;
};

struct InspectOptions {
  std::size_t most_problems = 1000;  ///< kept in the report; all are counted
  /// Called with each document of JSON and dump files; throws what it has against it, a model's
  /// decode for one. An Error becomes a problem, all else passes through.
  std::function<void(std::string_view table, bson::View document)> check = {};
  /// What the target takes, measured or known. 0: 50,000.
  double documents_per_second = 0;
  std::stop_token stop = {};  ///< asked between files and each thousand records
  /// Called between files.
  std::function<void(std::int64_t files, std::int64_t of)> progress = {};
};

struct FilesInspection {
  std::string location;
  std::int64_t files = 0;
  std::int64_t valid = 0;    ///< files without a problem
  std::int64_t invalid = 0;  ///< files with one or more
  std::int64_t records = 0;
  std::int64_t bad_records = 0;
  std::int64_t bytes = 0;  ///< as the files stand on the disk
  std::vector<FileProblem> problems;
  std::vector<std::string> left_out;  ///< what was found and is not read, with the reason
  bool stopped = false;
  double seconds = 0;            ///< that reading took
  double estimated_seconds = 0;  ///< of an import: reading, or writing at documents_per_second
  [[nodiscard]] bool ok() const noexcept { return bad_records == 0 && !stopped; }
  /// One line: {"schema": "quire.files/1", "op": "inspect", …}.
  [[nodiscard]] std::string json() const;
};

/// Reads all files of a source of json:, ndjson:, csv: or bson:, and says what is wrong with them.
/// Nothing is written. Memory: a record and the problems. Throws ImportError invalid_source for
/// another source. Threads: any number at once.
[[nodiscard]] FilesInspection inspect_files(Source& source, const InspectOptions& options = {});

/// Called between files, with how many of them are through.
using FilesProgress = std::function<void(std::int64_t files, std::int64_t of)>;

/// What a copy of a folder holds.
struct FolderCopy {
  std::string folder;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::vector<std::string> left_out;  ///< links and devices, with the reason
  double seconds = 0;
};

/// Copies a folder with all its files into the new folder `to`:
///   files/…             the files, with their times and permissions
///   quire-files.ndjson  a line for each: {path, size, modified, mode, sha256}; then a sum of it
/// It appears as a whole: written to TO.part, synced, then renamed. A file that changes while it is
/// read is copied again, three times in all.
/// Throws StoreError invalid_argument for a `to` that is there already or lies within `from`,
/// not_found, disk_full, io_error; ImportError source_changed for a file that keeps changing.
FolderCopy backup_folder(const std::filesystem::path& from, const std::filesystem::path& to,
                         const FilesProgress& progress = {});

struct FolderVerification {
  std::int64_t files = 0;  ///< of the manifest
  std::int64_t bytes = 0;
  std::vector<std::string> problems;  ///< "users/7.json: other bytes than when it was copied"
  double seconds = 0;
  [[nodiscard]] bool ok() const noexcept { return problems.empty(); }
};
/// Reads a copy again: its manifest, all files by SHA-256, and that there are no others. With
/// `against`: that this folder is what the copy holds, file by file.
/// Throws StoreError not_found, corrupt for a manifest that is damaged, io_error.
[[nodiscard]] FolderVerification verify_folder_backup(const std::filesystem::path& backup,
                                                      const std::filesystem::path& against = {},
                                                      const FilesProgress& progress = {});

/// Verifies a copy, then writes its files into `to`, which is new or empty, with their times and
/// permissions. It appears as a whole. Throws as verify_folder_backup, StoreError corrupt for a
/// copy that is not whole, invalid_argument for a `to` that holds something.
FolderCopy restore_folder(const std::filesystem::path& backup, const std::filesystem::path& to,
                          const FilesProgress& progress = {});

}  // namespace quire::importer
