#pragma once

#include <sys/types.h>

#include <thread>

namespace quire::store::embedded {

/// How often this process is the child of a fork, since the first call: SQLite's locks and memory,
/// and threads, are not to be used across one. Thread-safe, cheap.
[[nodiscard]] unsigned fork_count() noexcept;

/// Ends `thread`, which was started when fork_count() was `started`: waits for it, or forgets it
/// where it is not one of this process.
void finish_thread(std::thread thread, unsigned started) noexcept;

/// A file that this process has open. A child inherits what SQLite believes about the file's locks,
/// but not the locks, so it may not open what its parent had open. Thread-safe, and through forks.
class OpenFile {
 public:
  OpenFile() = default;
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  /// The file at `path`, which is there. False when it was open in a parent at the time of a fork.
  [[nodiscard]] bool note(const char* path);

 private:
  bool noted_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace quire::store::embedded
