#pragma once

#include <sqlite3.h>

#include <cstddef>

/// The part of a file that a connection has mapped. What long readings have gone over would count
/// as the process's memory until somebody else needs it: it is let go from time to time, so that a
/// process stays small however large the file is. The pages remain in the system's cache, and
/// memory that SQLite handed out of the map stays readable.
namespace quire::store::embedded::page_map {

/// What a row costs that is not beside the one before: its page and those that come with it.
inline constexpr std::size_t scattered_row = std::size_t{16} << 10;

/// Lets go of the connection's map where the process has too much of files in its memory.
void look(sqlite3* db) noexcept;

/// About so many bytes of the file were read in passing; not for single reads, whose pages are
/// better kept. Looks every 4 MiB of a thread.
inline void went_over(sqlite3* db, std::size_t bytes) noexcept {
  static thread_local std::size_t gone_over = 0;
  gone_over += bytes;
  if (gone_over < std::size_t{4} << 20) [[likely]]
    return;
  gone_over = 0;
  look(db);
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

}  // namespace quire::store::embedded::page_map
