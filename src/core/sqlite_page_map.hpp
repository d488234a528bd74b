#pragma once

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

/// The part of a file that a connection of SQLite has mapped. What long readings have gone over
/// would count as the process's memory until somebody else needs it: it is let go from time to
/// time, so that a process stays small however large the file is. The pages remain in the system's
/// cache, and memory that SQLite handed out of the map stays readable.
namespace quire::page_map {
namespace detail {

inline constexpr std::size_t least = std::size_t{24} << 20;
inline constexpr std::size_t room = std::size_t{2} << 20;

/// Bytes of files that are in this process's memory, its program's own included. 0: not known.
inline std::size_t resident_of_files() noexcept {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 128> text{};
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  // size resident shared …, in pages
  const char* at = text.data();
  const char* const end = at + std::max<ssize_t>(size, 0);
  for (int skipped = 0; skipped < 2; ++skipped) {
    at = std::find(at, end, ' ');
    if (at != end) ++at;
  }
  std::size_t pages = 0;
  std::from_chars(at, end, pages);
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Null for what has no map, as memory.
inline sqlite3_file* mapped_file(sqlite3* db) noexcept {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 3 ||
      file->pMethods->xFetch == nullptr)
    return nullptr;
  return file;
}

inline bool is_mapped(sqlite3_file* file, sqlite3_int64 offset, void** where) noexcept {
  void* found = nullptr;
  if (file->pMethods->xFetch(file, offset, 1, &found) != SQLITE_OK || found == nullptr)
    return false;
  file->pMethods->xUnfetch(file, offset, found);
  *where = found;
  return true;
}

inline void let_go(sqlite3_file* file) noexcept {
  void* begin = nullptr;
  sqlite3_int64 size = 0;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK || !is_mapped(file, 0, &begin)) return;
  // SQLite does not tell how much it has mapped, which may be less than the file.
  sqlite3_int64 mapped = 1, beyond = size;
  while (mapped < beyond) {
    const sqlite3_int64 middle = mapped + (beyond - mapped + 1) / 2;
    void* there = nullptr;
    if (is_mapped(file, middle - 1, &there)) {
      mapped = middle;
    } else {
      beyond = middle - 1;
    }
  }
  const auto page = static_cast<sqlite3_int64>(::sysconf(_SC_PAGESIZE));
  const sqlite3_int64 whole = mapped / page * page;
  if (whole > 0) (void)::madvise(begin, static_cast<std::size_t>(whole), MADV_DONTNEED);
}

}  // namespace detail

/// What a row costs that is not beside the one before: its page and those that come with it.
inline constexpr std::size_t scattered_row = std::size_t{16} << 10;

/// Lets go of the connection's map where the process has more than `keep` of files in its memory.
inline void look(sqlite3* db, std::size_t keep = detail::least) noexcept {
  static thread_local std::size_t limit = 0;
  if (detail::resident_of_files() < std::max(limit, keep)) return;
  sqlite3_file* file = detail::mapped_file(db);
  if (file == nullptr) return;
  detail::let_go(file);
  // Where others hold as much, this one alone cannot make the process smaller.
  limit = detail::resident_of_files() + detail::room;
}

/// About so many bytes of the file were read in passing; not for single reads, whose pages are
/// better kept. Looks every 4 MiB of a thread. `keep` as for look(): where rows are read in another
/// order than they lie in, what was let go is soon mapped again.
inline void went_over(sqlite3* db, std::size_t bytes, std::size_t keep = detail::least) noexcept {
  static thread_local std::size_t gone_over = 0;
  gone_over += bytes;
  if (gone_over < std::size_t{4} << 20) [[likely]]
    return;
  gone_over = 0;
  look(db, keep);
}

/// While it lives a large file is read without a map: for what looks at a little of many pages,
/// since with each page the system maps those around it.
class Aside {
 public:
  explicit Aside(sqlite3* db) noexcept;
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

 private:
  sqlite3_file* file_ = nullptr;
  sqlite3_int64 before_ = 0;
};

inline Aside::Aside(sqlite3* db) noexcept {
  sqlite3_file* file = detail::mapped_file(db);
  sqlite3_int64 size = 0;
  if (file == nullptr || file->pMethods->xFileSize(file, &size) != SQLITE_OK ||
      size < static_cast<sqlite3_int64>(detail::least))
    return;
  // Told the limit, sets it; nothing happens while a page of the map is in use.
  sqlite3_int64 none = 0;
  before_ = -1;
  const auto control = file->pMethods->xFileControl;
  if (control(file, SQLITE_FCNTL_MMAP_SIZE, &before_) == SQLITE_OK && before_ > 0 &&
      control(file, SQLITE_FCNTL_MMAP_SIZE, &none) == SQLITE_OK)
    file_ = file;
}

inline Aside::~Aside() {
  if (file_ != nullptr)
    (void)file_->pMethods->xFileControl(file_, SQLITE_FCNTL_MMAP_SIZE, &before_);
}

}  // namespace quire::page_map
