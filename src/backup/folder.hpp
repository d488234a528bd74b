#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/manifest.hpp"
#include "backup/stream.hpp"
#include "quire/backup/restore.hpp"

namespace quire::backup {

/// Reads the documents of a .bson or .bson.gz file, each checked as a whole. Throws StoreError
/// corrupt that names file and offset.
class DocumentReader {
 public:
  explicit DocumentReader(const std::filesystem::path& path) : file_(path) {}
  /// Valid until the next call; nothing at the end.
  [[nodiscard]] std::optional<bson::View> next();
  [[nodiscard]] FileSum sum() const { return file_.sum(); }

 private:
  [[noreturn]] void fail(const std::string& why) const;
  InputFile file_;
  std::vector<std::uint8_t> bytes_;
  std::int64_t offset_ = 0;
};

/// A collection or view as a folder has it.
struct FolderItem {
  SavedCollection saved;
  bson::Document options;
  std::vector<bson::Document> indexes;  ///< without that of _id
  std::filesystem::path data;           ///< empty: no documents
  std::filesystem::path metadata;       ///< empty: none
  bool buckets = false;                 ///< a time series whose file has the server's buckets
};

struct Folder {
  std::string database;  ///< the one that it is a backup of
  bool manifest = false;
  std::vector<FolderItem> items;  ///< in the order of their names
  std::vector<std::string> left_out;
};

/// Finds what is to be restored and reads all of it once. `stopped`, asked between documents, ends
/// it with Stopped. Throws StoreError corrupt, not_found, namespace_not_found.
[[nodiscard]] Folder read_folder(const std::filesystem::path& folder, const std::string& wanted,
                                 const RestoreOptions& options);

struct Stopped {};
/// Runs `work`; what it throws goes into `report`, and how long it took. `what`: "the backup".
template <class Report, class Work>
void run_into(Report& report, std::string_view what, Work work) {
  const auto start = std::chrono::steady_clock::now();
  try {
    work();
  } catch (const Stopped&) {
    report.result = Result::stopped;
    report.error.emplace(ErrorCode::timeout, std::string(what) + " was asked to stop");
  } catch (const Error& error) {
    report.result = Result::failed;
    report.error.emplace(error);
  } catch (const std::filesystem::filesystem_error& error) {
    report.result = Result::failed;
    report.error.emplace(StoreError(ErrorCode::io_error, error.what()));
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
inline constexpr std::int64_t report_each = 1000;  ///< documents between two reports

/// Collections that are of one run, or that servers make themselves.
[[nodiscard]] bool is_never_saved(std::string_view collection) noexcept;
inline constexpr std::string_view buckets_prefix = "system.buckets.";

}  // namespace quire::backup
