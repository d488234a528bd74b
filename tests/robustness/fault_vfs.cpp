#include "fault_vfs.hpp"

#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

namespace quire::robustness {

/// SQLite allocates szOsFile bytes: this, and the real file behind it.
struct FaultVfs::File : sqlite3_file {
  FaultVfs* vfs;
  int number;         // -1 = a temporary file without a name
  bool syncs_folder;  // its first sync makes its name safe too
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

struct FaultVfs::Calls {
  static File& of(sqlite3_file* file) { return *static_cast<File*>(file); }
  static FaultVfs& of(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }
  static sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }

  // ------------------------------------------------------------ files
  static int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
    return real(file)->pMethods->xRead(real(file), out, size, at);
  }
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
    File& own = of(file);
    const int code = own.vfs->fault(SQLITE_FULL, SQLITE_IOERR_WRITE);
    if (code != SQLITE_OK) size /= 2;
    const int written = real(file)->pMethods->xWrite(real(file), bytes, size, at);
    if (written != SQLITE_OK) return written;
    own.vfs->add({DiskEvent::Kind::write,
                  own.number,
                  {},
                  at,
                  std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))});
    return code;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    File& own = of(file);
    if (const int code = own.vfs->fault(SQLITE_FULL, SQLITE_IOERR_TRUNCATE); code != SQLITE_OK)
      return code;
    own.vfs->add({DiskEvent::Kind::truncate, own.number, {}, size, {}});
    return real(file)->pMethods->xTruncate(real(file), size);
  }
  static int sync(sqlite3_file* file, int) {
    File& own = of(file);
    if (const int code = own.vfs->fault(SQLITE_FULL, SQLITE_IOERR_FSYNC); code != SQLITE_OK)
      return code;
    own.vfs->add({DiskEvent::Kind::sync, own.number, {}, 0, {}});
    if (own.syncs_folder) own.vfs->add({DiskEvent::Kind::sync_folder, -1, {}, 0, {}});
    own.syncs_folder = false;
    return SQLITE_OK;
  }
  static int size(sqlite3_file* file, sqlite3_int64* out) {
    return real(file)->pMethods->xFileSize(real(file), out);
  }
  static int lock(sqlite3_file* file, int level) {
    return real(file)->pMethods->xLock(real(file), level);
  }
  static int unlock(sqlite3_file* file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
  }
  static int check_lock(sqlite3_file* file, int* out) {
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
  }
  static int control(sqlite3_file* file, int what, void* argument) {
    // A hint would grow the file behind our back.
    if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
    return real(file)->pMethods->xFileControl(real(file), what, argument);
  }
  static int sector_size(sqlite3_file* file) {
    return real(file)->pMethods->xSectorSize(real(file));
  }
  static int characteristics(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
  }
  static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    if (extend != 0) {
      if (const int code = of(file).vfs->fault(SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP);
          code != SQLITE_OK)
        return code;
    }
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* file, int at, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), at, count, flags);
  }
  static void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
  static int shm_unmap(sqlite3_file* file, int remove) {
    return real(file)->pMethods->xShmUnmap(real(file), remove);
  }
  static int fetch(sqlite3_file* file, sqlite3_int64 at, int size, void** out) {
    return real(file)->pMethods->xFetch(real(file), at, size, out);
  }
  static int unfetch(sqlite3_file* file, sqlite3_int64 at, void* page) {
    return real(file)->pMethods->xUnfetch(real(file), at, page);
  }

  // ------------------------------------------------------------ names
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    static const sqlite3_io_methods methods = {3,
                                               close,
                                               read,
                                               write,
                                               truncate,
                                               sync,
                                               size,
                                               lock,
                                               unlock,
                                               check_lock,
                                               control,
                                               sector_size,
                                               characteristics,
                                               shm_map,
                                               shm_lock,
                                               shm_barrier,
                                               shm_unmap,
                                               fetch,
                                               unfetch};
    FaultVfs& own = of(vfs);
    File& opened = of(file);
    opened.pMethods = nullptr;
    opened.vfs = &own;
    opened.number = -1;
    const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
    opened.syncs_folder =
        creates &&
        (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    // Not by xAccess, for which an empty file is none.
    if (creates && (name == nullptr || ::access(name, F_OK) != 0) &&
        own.fault(SQLITE_CANTOPEN, SQLITE_CANTOPEN) != SQLITE_OK)
      return SQLITE_CANTOPEN;
    const int code = own.real_->xOpen(own.real_, name, opened.real(), flags, out);
    if (opened.real()->pMethods != nullptr) opened.pMethods = &methods;
    if (code == SQLITE_OK && name != nullptr) {
      const std::lock_guard lock(own.mutex_);
      const auto [known, is_new] = own.names_.try_emplace(name, own.next_file_);
      if (is_new) {
        ++own.next_file_;
        if (own.recording_)
          own.events_.push_back({DiskEvent::Kind::link, known->second, name, 0, {}});
      }
      opened.number = known->second;
    }
    return code;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    FaultVfs& own = of(vfs);
    const int code = own.real_->xDelete(own.real_, name, 0);
    if (code != SQLITE_OK) return code;
    {
      const std::lock_guard lock(own.mutex_);
      own.names_.erase(name);
    }
    own.add({DiskEvent::Kind::unlink, 0, name, 0, {}});
    if (sync_folder != 0) own.add({DiskEvent::Kind::sync_folder, 0, {}, 0, {}});
    return code;
  }
  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    return of(vfs).real_->xAccess(of(vfs).real_, name, flags, out);
  }
  static int full_name(sqlite3_vfs* vfs, const char* name, int size, char* out) {
    return of(vfs).real_->xFullPathname(of(vfs).real_, name, size, out);
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    return of(vfs).real_->xRandomness(of(vfs).real_, size, out);
  }
  static int sleep(sqlite3_vfs* vfs, int microseconds) {
    return of(vfs).real_->xSleep(of(vfs).real_, microseconds);
  }
  static int current_time(sqlite3_vfs* vfs, double* out) {
    return of(vfs).real_->xCurrentTime(of(vfs).real_, out);
  }
  static int last_error(sqlite3_vfs* vfs, int size, char* out) {
    {
      const std::lock_guard lock(of(vfs).mutex_);
      if (of(vfs).errno_ != 0) return of(vfs).errno_;
    }
    return of(vfs).real_->xGetLastError(of(vfs).real_, size, out);
  }
  static int current_time_64(sqlite3_vfs* vfs, sqlite3_int64* out) {
    return of(vfs).real_->xCurrentTimeInt64(of(vfs).real_, out);
  }
};

FaultVfs::FaultVfs() : real_(sqlite3_vfs_find(nullptr)), own_(std::make_unique<sqlite3_vfs>()) {
  *own_ = sqlite3_vfs{};
  own_->iVersion = 2;
  own_->szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  own_->mxPathname = real_->mxPathname;
  own_->zName = "fault";
  own_->pAppData = this;
  own_->xOpen = Calls::open;
  own_->xDelete = Calls::remove;
  own_->xAccess = Calls::access;
  own_->xFullPathname = Calls::full_name;
  own_->xRandomness = Calls::randomness;
  own_->xSleep = Calls::sleep;
  own_->xCurrentTime = Calls::current_time;
  own_->xGetLastError = Calls::last_error;
  own_->xCurrentTimeInt64 = Calls::current_time_64;
  if (sqlite3_vfs_register(own_.get(), 1) != SQLITE_OK)
    throw std::runtime_error("SQLite does not take the file system");
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(own_.get());
  sqlite3_vfs_register(real_, 1);
}

void FaultVfs::fail_at(std::int64_t n, Fault fault) {
  const std::lock_guard lock(mutex_);
  left_ = n;
  fault_ = fault;
  failing_ = failed_ = false;
}

void FaultVfs::heal() {
  const std::lock_guard lock(mutex_);
  left_ = 0;
  errno_ = 0;
  failing_ = false;
}

bool FaultVfs::has_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

int FaultVfs::fault(int full_code, int error_code) {
  const std::lock_guard lock(mutex_);
  if (!failing_ && (left_ == 0 || --left_ > 0)) return SQLITE_OK;
  failed_ = true;
  errno_ = fault_ == Fault::full ? ENOSPC : EIO;
  failing_ = fault_ == Fault::full;
  return fault_ == Fault::full ? full_code : error_code;
}

void FaultVfs::add(DiskEvent event) {
  const std::lock_guard lock(mutex_);
  if (recording_ && (event.file >= 0 || event.kind == DiskEvent::Kind::sync_folder))
    events_.push_back(std::move(event));
}

std::vector<DiskEvent> FaultVfs::take_events() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

void FaultVfs::mark(std::int64_t acknowledged) {
  add({DiskEvent::Kind::mark, 0, {}, acknowledged, {}});
}

void FaultVfs::record(bool on) {
  const std::lock_guard lock(mutex_);
  recording_ = on;
}

}  // namespace quire::robustness
