#include "store/embedded/storage/temporary_file.hpp"

#include <algorithm>
#include <string>

#include "store/embedded/storage/sqlite.hpp"

namespace quire::store::embedded {

namespace {

/// SQLite's unix files take 17 bits of a request's length; it asks for pages, of this at most.
constexpr std::size_t largest_request = 1U << 16;

/// Calls `request(bytes, size, offset)` for one part after the other, to the end or what is not
/// SQLITE_OK.
template <class Byte, class Request>
int in_parts(std::uint64_t offset, Byte* bytes, std::size_t n, Request request) {
  int code = SQLITE_OK;
  for (std::size_t done = 0; done < n && code == SQLITE_OK; done += largest_request)
    code = request(bytes + done, static_cast<int>(std::min(n - done, largest_request)),
                   static_cast<sqlite3_int64>(offset + done));
  return code;
}

}  // namespace

TemporaryFile::TemporaryFile(std::string_view purpose) : purpose_(purpose) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  memory_ = std::make_unique<std::byte[]>(static_cast<std::size_t>(vfs->szOsFile));
  auto* file = reinterpret_cast<sqlite3_file*>(memory_.get());
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
                        SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_JOURNAL;
  const int code = vfs->xOpen(vfs, nullptr, file, flags, nullptr);
  if (code != SQLITE_OK) {
    if (file->pMethods != nullptr) file->pMethods->xClose(file);
    fail(code, "cannot open");
  }
  file_ = file;
}

TemporaryFile::~TemporaryFile() {
  if (file_ != nullptr) file_->pMethods->xClose(file_);
}

void TemporaryFile::fail(int code, std::string_view doing) const {
  fail_sqlite(nullptr, code, std::string(doing) + " a temporary file for " + std::string(purpose_));
}

void TemporaryFile::write(std::uint64_t offset, const void* bytes, std::size_t n) {
  const int code = in_parts(offset, static_cast<const std::byte*>(bytes), n,
                            [this](const std::byte* part, int size, sqlite3_int64 at) {
                              return file_->pMethods->xWrite(file_, part, size, at);
                            });
  if (code != SQLITE_OK) fail(code, "cannot write");
}

void TemporaryFile::read(std::uint64_t offset, void* bytes, std::size_t n) {
  const int code = in_parts(offset, static_cast<std::byte*>(bytes), n,
                            [this](std::byte* part, int size, sqlite3_int64 at) {
                              return file_->pMethods->xRead(file_, part, size, at);
                            });
  if (code != SQLITE_OK) fail(code, "cannot read");
}

}  // namespace quire::store::embedded
