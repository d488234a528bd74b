#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

struct sqlite3_file;

namespace quire::store::embedded {

/// A file without a name in the temporary folder, by SQLite's file layer; gone when closed. One
/// thread.
class TemporaryFile {
 public:
  /// `purpose`, which outlives it, is told when something fails: StoreError disk_full, io_error.
  explicit TemporaryFile(std::string_view purpose);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::uint64_t offset, const void* bytes, std::size_t n);
  /// All of them must have been written.
  void read(std::uint64_t offset, void* bytes, std::size_t n);

 private:
  [[noreturn]] void fail(int code, std::string_view doing) const;
  std::string_view purpose_;
  std::unique_ptr<std::byte[]> memory_;
  sqlite3_file* file_ = nullptr;
};

}  // namespace quire::store::embedded
