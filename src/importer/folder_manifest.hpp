#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace quire::importer {

/// A file of a copied folder.
struct CopiedFile {
  std::string path;  ///< below the folder; any bytes
  std::int64_t size = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
  std::int32_t mode = 0;      ///< permissions
  std::string sha256;
};

/// quire-files.ndjson: {schema: "quire.files/1", source}, {folder: path} for each sub-folder,
/// {path, size, modified, mode, sha256} for each file, {files, bytes, sha256: of all lines before}.
/// A path that is not UTF-8 is binary.
struct FolderManifest {
  std::string source;
  std::vector<std::string> folders;
  std::vector<CopiedFile> files;

  [[nodiscard]] std::int64_t bytes() const noexcept;
  [[nodiscard]] std::string text() const;
  /// Throws StoreError not_found, corrupt, io_error.
  [[nodiscard]] static FolderManifest read(const std::filesystem::path& backup);
};

inline constexpr const char* folder_manifest_name = "quire-files.ndjson";
inline constexpr const char* folder_files_name = "files";

/// Size, time and permissions of a file, and its SHA-256 as it is read; with `to`, written there as
/// it is read, synced, with time and permissions. Throws StoreError io_error, disk_full.
[[nodiscard]] CopiedFile sum_file(const std::filesystem::path& from,
                                  const std::filesystem::path& to);

}  // namespace quire::importer
