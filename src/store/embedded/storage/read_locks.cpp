#include "store/embedded/storage/read_locks.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "store/embedded/storage/forks.hpp"

namespace quire::store::embedded {

namespace {

/// The places of readers' marks among the eight locks: SQLite's WAL_READ_LOCK(0) and on.
constexpr int first_place = 3;
constexpr int none = -1;
constexpr auto pause = std::chrono::milliseconds(20);

}  // namespace

/// A connection's file: SQLite's table of functions with three of them replaced, which the file
/// points to.
struct ReadLocks::File : sqlite3_io_methods {
  File(const sqlite3_io_methods& methods, sqlite3_file* of, ReadLocks* group)
      : sqlite3_io_methods(methods), real(&methods), file(of), locks(group) {}

  const sqlite3_io_methods* real;
  sqlite3_file* file;
  ReadLocks* locks;
  std::atomic<int> kept{none};    ///< the place whose lock stays
  std::atomic<unsigned> uses{0};  ///< written by the connection's thread
  unsigned seen = 0;              ///< of `uses`, by the group's thread

  /// Under the group's mutex.
  void release(int at, int n) {
    int place = kept.load();
    if (place < at || place >= at + n || !kept.compare_exchange_strong(place, none)) return;
    real->xShmLock(file, place, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
  }
  void release_any() { release(first_place, SQLITE_SHM_NLOCK - first_place); }
};

struct ReadLocks::Calls {
  static File& of(sqlite3_file* file) {
    return *const_cast<File*>(static_cast<const File*>(file->pMethods));
  }

  static int shm_lock(sqlite3_file* file, int at, int n, int flags) {
    File& own = of(file);
    ReadLocks& locks = *own.locks;
    if (at + n <= first_place || locks.is_forked()) return own.real->xShmLock(file, at, n, flags);
    switch (flags) {
      case SQLITE_SHM_LOCK | SQLITE_SHM_SHARED: {
        int place = at;
        if (own.kept.compare_exchange_strong(place, none)) return SQLITE_OK;
        // Not beside a release of this very lock, which would be taken for still held.
        const std::lock_guard lock(locks.mutex_);
        own.release_any();
        return own.real->xShmLock(file, at, n, flags);
      }
      case SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED:
        own.uses.store(own.uses.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        own.kept.store(at);
        if (!locks.armed_.load() && !locks.arm()) {
          const std::lock_guard lock(locks.mutex_);
          own.release_any();
        }
        return SQLITE_OK;
      case SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE: {
        const std::lock_guard lock(locks.mutex_);
        for (const auto& other : locks.files_) other->release(at, n);
        return own.real->xShmLock(file, at, n, flags);
      }
      default:
        return own.real->xShmLock(file, at, n, flags);
    }
  }

  /// SQLite's takes a mutex of the whole process besides.
  static void shm_barrier(sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); }

  static int shm_unmap(sqlite3_file* file, int remove) {
    File& own = of(file);
    if (!own.locks->is_forked()) {
      const std::lock_guard lock(own.locks->mutex_);
      own.release_any();
    }
    return own.real->xShmUnmap(file, remove);
  }

  static int close(sqlite3_file* file) {
    File& own = of(file);
    file->pMethods = own.real;
    if (!own.locks->is_forked()) {
      const std::lock_guard lock(own.locks->mutex_);
      std::erase_if(own.locks->files_, [&](const auto& one) { return one.get() == &own; });
    }
    return file->pMethods->xClose(file);
  }
};

ReadLocks::ReadLocks() : fork_generation_(fork_count()) {}

bool ReadLocks::is_forked() const noexcept { return fork_count() != fork_generation_; }

ReadLocks::~ReadLocks() {
  if (!is_forked()) {  // else its mutex may be held by who is not there
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  finish_thread(std::move(thread_), fork_generation_);
}

void ReadLocks::attach(sqlite3* db) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2 ||
      file->pMethods->xShmLock == nullptr)
    return;
  auto own = std::make_unique<File>(*file->pMethods, file, this);
  own->xShmLock = Calls::shm_lock;
  own->xShmBarrier = Calls::shm_barrier;
  own->xShmUnmap = Calls::shm_unmap;
  own->xClose = Calls::close;
  const std::lock_guard lock(mutex_);
  files_.push_back(std::move(own));
  file->pMethods = files_.back().get();
}

std::size_t ReadLocks::kept() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(files_, [](const auto& file) { return file->kept.load() != none; }));
}

bool ReadLocks::arm() noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    armed_ = true;
  } catch (const std::system_error&) {
    return false;
  }
  wake_.notify_all();
  return true;
}

void ReadLocks::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!armed_) {
      wake_.wait(lock);
      continue;
    }
    wake_.wait_for(lock, pause, [this] { return stopping_; });
    // First: who keeps a lock from here on either finds it down or is seen below.
    armed_ = false;
    bool any = false;
    for (const auto& file : files_) {
      if (file->kept.load() == none) continue;
      const unsigned uses = file->uses.load(std::memory_order_relaxed);
      if (uses == file->seen) {
        file->release_any();
      } else {
        file->seen = uses;
        any = true;
      }
    }
    if (any) armed_ = true;
  }
}

}  // namespace quire::store::embedded
