#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "disk.hpp"

namespace quire::robustness {

/// SQLite's file system, as the process' default while this lives: passes all on to the real one,
/// writes down what is asked of the disk, and fails requests on demand. Nothing is synced for
/// good: what a sync would have kept is the business of Disk. Thread-safe. One at a time.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  enum class Fault {
    full,      // SQLITE_FULL, of this and all that follow until heal(); half of a write is done
    io_error,  // SQLITE_IOERR_…, once
  };
  /// Fails the n-th change from now: a write, a truncation, a sync, a new file, growing shared
  /// memory. 1 is the next one.
  void fail_at(std::int64_t n, Fault fault);
  /// No more failures.
  void heal();
  /// Whether a request was failed since fail_at().
  [[nodiscard]] bool has_failed() const;

  /// What was asked of the disk since the beginning.
  [[nodiscard]] std::vector<DiskEvent> take_events();
  void mark(std::int64_t acknowledged);
  /// Off: nothing is written down.
  void record(bool on);

 private:
  struct File;
  struct Calls;
  /// The code to fail with, or SQLITE_OK.
  [[nodiscard]] int fault(int full_code, int error_code);
  void add(DiskEvent event);

  sqlite3_vfs* real_;
  std::unique_ptr<sqlite3_vfs> own_;
  mutable std::mutex mutex_;
  std::vector<DiskEvent> events_;
  std::map<std::string, int> names_;
  int next_file_ = 0;
  bool recording_ = true;
  std::int64_t left_ = 0;  // until the failure; 0 = none asked for
  int errno_ = 0;          // of the last failure
  bool failing_ = false;
  bool failed_ = false;
  Fault fault_ = Fault::full;
};

}  // namespace quire::robustness
