#include "store/embedded/storage/file.hpp"

#include <sys/stat.h>

#include <chrono>

#include "quire/core/error.hpp"
#include "store/embedded/storage/forks.hpp"

namespace quire::store::embedded {

StorageFile::StorageFile(Options options)
    : options_(std::move(options)), fork_generation_(fork_count()) {
  open_or_create();
}

std::shared_ptr<StorageFile> StorageFile::open(Options options) {
  return {new StorageFile(std::move(options)), [](StorageFile* file) {
            if (!file->is_inherited()) delete file;
          }};
}

StorageFile::~StorageFile() { drop_idle_readers(); }

void StorageFile::note_open() {
  if (!open_.note(options_.path.c_str()))
    throw StoreError(ErrorCode::transaction_state,
                     options_.path +
                         " was open in this process before fork(): the child cannot "
                         "open it too; close it before fork(), or call exec() after");
}

void StorageFile::open_or_create() {
  if (!options_.memory) {
    struct stat status{};
    const bool there = ::stat(options_.path.c_str(), &status) == 0;
    if (there && S_ISDIR(status.st_mode))
      throw StoreError(ErrorCode::io_error, options_.path + " is a folder; name a file in it");
    if (!there && options_.read_only)
      throw StoreError(ErrorCode::io_error,
                       options_.path + " is not there; read_only=true creates nothing");
    note_open();
  }
  writer_ = std::make_unique<Connection>(options_, true, read_locks_);
  if (!options_.memory) note_open();  // it may be new
  Connection& connection = *writer_;
  read_only_ = options_.read_only || (sqlite3_db_readonly(connection.handle(), "main") == 1);

  const auto is_new = [&] {
    return connection.query_integer("PRAGMA application_id") == 0 &&
           connection.query_integer("PRAGMA user_version") == 0 &&
           connection.query_integer("SELECT count(*) FROM sqlite_schema") == 0;
  };
  if (!read_only_ && is_new()) {
    connection.execute("PRAGMA page_size=8192");
    connection.limit_cache(true);  // SQLite goes on to count by the pages that it had before
    // Taking WAL needs the whole file for a moment and does not wait by itself.
    const auto until = std::chrono::steady_clock::now() + options_.busy_timeout;
    for (;;) {
      const int code =
          sqlite3_exec(connection.handle(), "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr);
      if (code == SQLITE_OK) break;
      if ((code & 0xFF) != SQLITE_BUSY || std::chrono::steady_clock::now() > until)
        fail_sqlite(connection.handle(), code, "cannot create " + options_.path);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    connection.begin_write();
    try {
      if (is_new()) {  // else another process was faster
        connection.execute(std::string(catalog_schema()).c_str());
        connection.execute(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
        connection.execute(("PRAGMA user_version=" + std::to_string(first_format)).c_str());
      }
      connection.commit();
    } catch (...) {
      connection.rollback();
      throw;
    }
  }
  if (connection.query_integer("PRAGMA application_id") != application_id)
    throw StoreError(ErrorCode::not_a_database,
                     options_.path + " is no quire database; it was not touched");
  const auto version = connection.query_integer("PRAGMA user_version");
  if (version > format_version)
    throw StoreError(ErrorCode::newer_format,
                     options_.path + " has format " + std::to_string(version) +
                         "; this program reads up to " + std::to_string(format_version));
}

void StorageFile::check_usable() const {
  if (closed()) throw StoreError(ErrorCode::store_closed, "the store was closed");
  if (is_inherited())
    throw StoreError(ErrorCode::transaction_state,
                     "the store was opened before fork(), a child cannot use it; close it before "
                     "fork(), or call exec() after");
}

void StorageFile::lock_writer(bool for_session) {
  std::unique_lock lock(mutex_);
  check_usable();
  if (writer_held_) {
    if (writer_in_session_ && writer_thread_ == std::this_thread::get_id())
      throw StoreError(ErrorCode::transaction_state,
                       "this thread has a transaction open; give its session to the operation");
    if (!writer_free_.wait_for(lock, options_.busy_timeout,
                               [&] { return !writer_held_ || closed(); }))
      throw StoreError(ErrorCode::busy,
                       "another thread writes; no turn came within busy_timeout_ms");
    check_usable();
  }
  writer_held_ = true;
  writer_in_session_ = for_session;
  writer_thread_ = std::this_thread::get_id();
}

void StorageFile::adopt_writer() noexcept {
  const std::lock_guard lock(mutex_);
  writer_thread_ = std::this_thread::get_id();
}

void StorageFile::disown_writer() noexcept {
  const std::lock_guard lock(mutex_);
  writer_thread_ = {};
}

void StorageFile::unlock_writer() noexcept {
  if (is_inherited()) return;
  std::unique_ptr<Connection> last;
  {
    const std::lock_guard lock(mutex_);
    writer_held_ = false;
    writer_in_session_ = false;
    if (closed()) last = std::move(writer_);
  }
  writer_free_.notify_one();
}

Connection& StorageFile::writer() { return *writer_; }

namespace {

/// A thread's place among `n`: threads get theirs in turn.
std::size_t place_of_thread(std::size_t n) noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t place = next.fetch_add(1, std::memory_order_relaxed);
  return place % n;
}

}  // namespace

std::unique_ptr<Connection> StorageFile::take_reader() {
  check_usable();
  const std::size_t own = place_of_thread(most_idle);
  for (std::size_t i = 0; i < most_idle; ++i) {
    auto& idle = idle_readers_[(own + i) % most_idle];
    if (idle.load(std::memory_order_relaxed) == nullptr) continue;
    if (Connection* found = idle.exchange(nullptr); found != nullptr)
      return std::unique_ptr<Connection>(found);
  }
  return std::make_unique<Connection>(options_, false, read_locks_);
}

void StorageFile::give_reader(std::unique_ptr<Connection> connection) noexcept {
  if (is_inherited()) return;
  const std::size_t own = place_of_thread(most_idle);
  for (std::size_t i = 0; i < most_idle && !closed(); ++i) {
    auto& idle = idle_readers_[(own + i) % most_idle];
    Connection* none = nullptr;
    if (!idle.compare_exchange_strong(none, connection.get())) continue;
    (void)connection.release();
    if (closed()) drop_idle_readers();  // close() may have looked at the place before
    return;
  }
  // The argument's end closes it.
}

void StorageFile::drop_idle_readers() noexcept {
  for (auto& idle : idle_readers_) delete idle.exchange(nullptr);
}

void StorageFile::close() {
  if (is_inherited()) return;
  std::unique_ptr<Connection> writer;
  {
    const std::lock_guard lock(mutex_);
    if (closed_.exchange(true)) return;
    if (!writer_held_) writer = std::move(writer_);
    catalog_ = nullptr;
  }
  writer_free_.notify_all();
  change_log_.wake();
  drop_idle_readers();  // the writer goes last: it checkpoints and removes the log
  writer.reset();
}

void StorageFile::load_catalog_into(Connection& connection, std::int64_t version, bool own_change) {
  std::shared_ptr<const Catalog> found;
  if (!own_change) {
    const std::lock_guard lock(mutex_);
    if (catalog_ != nullptr && catalog_->schema_version == version) found = catalog_;
  }
  if (found == nullptr) {
    found = load_catalog(connection, version);
    if (!own_change) {
      const std::lock_guard lock(mutex_);
      if (catalog_ == nullptr || catalog_->schema_version < version) catalog_ = found;
    }
  }
  connection.forget_statements();
  connection.catalog = found;
  if (!own_change && found->has_ttl && start_ttl_) start_ttl_();
}

void StorageFile::publish_catalog(const Connection& connection) {
  const std::lock_guard lock(mutex_);
  if (connection.catalog == nullptr) return;
  if (catalog_ == nullptr || catalog_->schema_version < connection.catalog->schema_version)
    catalog_ = connection.catalog;
}

}  // namespace quire::store::embedded
