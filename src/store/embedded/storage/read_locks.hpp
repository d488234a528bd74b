#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

struct sqlite3;

namespace quire::store::embedded {

/// Keeps the lock of a connection's last read for a moment, in case it reads again.
///
/// A read of SQLite in WAL mode takes a shared lock of one of five places in the shared memory
/// beside the file, and gives it back: two system calls and the same mutex for all of a process'
/// connections, most of what a short read costs. Here a lock that is given back stays, as if the
/// read went on, and the connection's next read finds it. What stays is let go of
/// - when a connection of this group wants the place for itself (a checkpoint, a log begun anew),
/// - when the connection takes another place or is closed,
/// - when it was not used for 20 to 40 ms, as other processes cannot ask for it.
/// Nothing but the time of the unlock differs from what SQLite does by itself.
/// Source: SQLite, "WAL-mode File Format", section 2.3.
///
/// The group is the connections of one process to one file. Thread-safe. In a child of a fork,
/// where neither locks nor the thread are, nothing but closing is done.
class ReadLocks {
 public:
  ReadLocks();
  ~ReadLocks();
  ReadLocks(const ReadLocks&) = delete;
  ReadLocks& operator=(const ReadLocks&) = delete;

  /// The connection takes part until it is closed; not to be called once it has read. Without
  /// effect where its file is none or has no shared memory. This outlives it.
  void attach(sqlite3* db);
  /// How many connections keep a lock without reading.
  [[nodiscard]] std::size_t kept() const;

 private:
  struct File;
  struct Calls;
  /// False where the thread cannot be started.
  bool arm() noexcept;
  [[nodiscard]] bool is_forked() const noexcept;
  void run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<File>> files_;
  std::atomic<bool> armed_{false};  // the thread looks for what is kept
  unsigned fork_generation_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace quire::store::embedded
