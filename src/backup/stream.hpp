#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace quire::backup {

/// A file's size and XXH3_128 (32 hexadecimal digits) as it stands on the disk.
struct FileSum {
  std::int64_t size = 0;
  std::string hash;
  friend bool operator==(const FileSum&, const FileSum&) = default;
};
[[nodiscard]] FileSum sum_of(const void* bytes, std::size_t size);

/// Writes a new file, readable by its owner alone. Throws StoreError disk_full, io_error that name
/// it, unsupported for gzip without zlib.
class OutputFile {
 public:
  OutputFile(std::filesystem::path path, bool gzip);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();
  void write(const void* bytes, std::size_t size);
  /// Writes what is held back and syncs it to the disk.
  [[nodiscard]] FileSum finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads a file from its beginning; one named *.gz is decompressed. Throws StoreError io_error,
/// corrupt for a gzip stream that is cut off or wrong, unsupported for one without zlib.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();
  /// Less than `size` only at the end.
  [[nodiscard]] std::size_t read(void* bytes, std::size_t size);
  /// Of the file as it stands, once all was read.
  [[nodiscard]] FileSum sum() const;
  [[nodiscard]] const std::filesystem::path& path() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All of a (small) file. Throws as InputFile, corrupt over 64 MiB.
[[nodiscard]] std::string read_all(InputFile& file);

/// Throws StoreError disk_full or io_error for errno.
[[noreturn]] void fail_io(const char* what, const std::filesystem::path& path);
/// Syncs a folder, so that the names in it last.
void sync_folder(const std::filesystem::path& path);

}  // namespace quire::backup
