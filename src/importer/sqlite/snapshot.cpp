#include "importer/sqlite/snapshot.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <thread>

namespace quire::importer::sqlite {
namespace {

constexpr int most_attempts = 500;

std::size_t connections_at_once() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8) + 2;
}

void begin(const Connection& connection) {
  connection.run("BEGIN", "beginning to read");
  (void)connection.number("SELECT count(*) FROM sqlite_schema", "beginning to read");
}

/// SQLite's index of a file's write-ahead log, in memory that all processes share: "WAL-Index
/// Format" of its documentation. The header is there twice; a writer is in between where they
/// differ.
struct LogHeader {
  std::uint32_t version, unused, change;
  std::uint8_t is_initialized, big_endian_checksums;
  std::uint16_t page_size;
  std::uint32_t frames, pages;
  std::uint32_t frame_checksum[2], salt[2], checksum[2];
};
static_assert(sizeof(LogHeader) == 48);

}  // namespace

SnapshotSet::SnapshotSet(Place place, std::chrono::milliseconds busy)
    : place_(std::move(place)), busy_(busy) {
  open_first();
  if (place_.single) begin_all();
}

std::unique_ptr<Connection> SnapshotSet::connect(Connection::Threads threads) const {
  auto out = std::make_unique<Connection>(place_.path, busy_, threads, immutable_);
  out->run("PRAGMA cache_size = -8000; PRAGMA mmap_size = 268435456; PRAGMA temp_store = FILE",
           "opening it");
  (void)out->number("SELECT count(*) FROM sqlite_schema", "opening it");
  return out;
}

void SnapshotSet::open_first() {
  try {
    watcher_ = connect(Connection::Threads::one);
  } catch (const ImportError& error) {
    // A file in WAL mode needs memory that is shared through a file beside it. Where that can
    // neither be found nor made and no log lies there, nobody is writing and all is in the file.
    std::error_code ignored;
    const bool log = std::filesystem::exists(place_.path + "-wal", ignored);
    const int code = error.backend_code() & 0xff;
    if ((code != SQLITE_CANTOPEN && code != SQLITE_READONLY) || log ||
        !std::filesystem::exists(place_.path, ignored))
      throw;
    immutable_ = true;
    try {
      watcher_ = connect(Connection::Threads::one);
    } catch (const ImportError&) {
      throw error;  // it was something else
    }
  }
}

std::int64_t SnapshotSet::version() const {
  return watcher_->number("PRAGMA data_version", "looking for changes");
}

void SnapshotSet::begin_all() {
  const std::size_t count = connections_at_once();
  while (all_.size() < count) all_.push_back(connect(Connection::Threads::one));
  shared_ = connect(Connection::Threads::shared);
  for (int attempt = 1;; ++attempt) {
    taken_at_ = version();
    state_ = look();
    begin(*shared_);
    for (const auto& one : all_) begin(*one);
    if (version() == taken_at_) break;
    for (const auto& one : all_) one->run("ROLLBACK", "beginning to read");
    if (attempt == most_attempts) {  // written without a pause: one connection for all
      all_.clear();
      taken_at_ = -1;
      break;
    }
    shared_->run("ROLLBACK", "beginning to read");
    std::this_thread::sleep_for(std::chrono::microseconds(200) * (attempt % 10));
  }
  for (const auto& one : all_) free_.push_back(one.get());
}

std::unique_ptr<SnapshotSet::Lease> SnapshotSet::lease() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    auto more = connect(Connection::Threads::one);
    if (place_.single) {
      begin(*more);
      if (version() != taken_at_) return std::make_unique<Lease>(*this, shared_.get());
    }
    free_.push_back(more.get());
    all_.push_back(std::move(more));
  }
  Connection* const one = free_.back();
  free_.pop_back();
  return std::make_unique<Lease>(*this, one);
}

void SnapshotSet::give_back(Connection* connection) {
  if (connection == shared_.get()) return;
  const std::lock_guard lock(mutex_);
  free_.push_back(connection);
}

std::string SnapshotSet::state() {
  const std::lock_guard lock(mutex_);
  return look();
}

std::string SnapshotSet::state_of_snapshot() { return place_.single ? state_ : state(); }

std::string SnapshotSet::look() {
  (void)version();  // makes SQLite look at the file and its log
  sqlite3_file* file = nullptr;
  sqlite3_file_control(watcher_->handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr) return {};
  const StatementPtr hold = watcher_->prepare("SELECT count(*) FROM sqlite_schema", "looking");
  (void)sqlite3_step(hold.get());
  // The log says all there is to say while it has frames.
  void volatile* shared = nullptr;
  if (!immutable_ && file->pMethods->iVersion >= 2 && file->pMethods->xShmMap != nullptr &&
      watcher_->number("SELECT journal_mode = 'wal' FROM pragma_journal_mode", "looking") == 1) {
    (void)file->pMethods->xShmMap(file, 0, 32768, 0, &shared);
    for (int attempt = 0; shared != nullptr && attempt < 1000; ++attempt) {
      LogHeader header[2];
      for (std::size_t i = 0; i < sizeof header; ++i)
        reinterpret_cast<unsigned char*>(header)[i] =
            static_cast<const volatile unsigned char*>(shared)[i];
      if (std::memcmp(&header[0], &header[1], sizeof(LogHeader)) != 0) continue;
      const LogHeader& h = header[0];
      if (h.is_initialized == 0 || h.frames == 0) break;
      return fmt::format("wal {:08x}{:08x} {} {:08x}{:08x}", h.salt[0], h.salt[1], h.frames,
                         h.frame_checksum[0], h.frame_checksum[1]);
    }
  }
  // The file's own counter of changes, which writers in WAL mode need not count up: its time and
  // size tell those.
  unsigned char counter[4] = {};
  if (file->pMethods->xRead(file, counter, sizeof counter, 24) != SQLITE_OK) return {};
  struct stat status{};
  if (stat(place_.path.c_str(), &status) != 0) return {};
  return fmt::format("file {:02x}{:02x}{:02x}{:02x} {} {}.{:09}", counter[0], counter[1],
                     counter[2], counter[3], status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

}  // namespace quire::importer::sqlite
