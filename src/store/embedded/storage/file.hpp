#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/embedded/storage/change_log.hpp"
#include "store/embedded/storage/connection.hpp"
#include "store/embedded/storage/read_locks.hpp"

namespace quire::store::embedded {

inline constexpr std::int64_t application_id = 0x51554952;  // "QUIR"
/// The newest that this program reads. A file is made with format 1, and becomes one of a later
/// format in the transaction that first uses what that format added.
inline constexpr std::int64_t format_version = 2;
inline constexpr std::int64_t first_format = 1;

class EmbeddedSession;

/// An open file: one connection that writes, a pool of connections that read, the catalog.
/// Thread-safe. Cursors and sessions share it.
class StorageFile : public std::enable_shared_from_this<StorageFile> {
 public:
  /// Throws StoreError as the docstring of store::open says.
  [[nodiscard]] static std::shared_ptr<StorageFile> open(Options options);
  ~StorageFile();

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] bool read_only() const noexcept { return read_only_; }
  /// Throws StoreError store_closed after close(), transaction_state in a forked child.
  void check_usable() const;
  /// Whether this process is a child of the one that opened it: then nothing of it is touched any
  /// more, neither SQLite's objects, whose locks another thread may have held, nor its own.
  [[nodiscard]] bool is_inherited() const noexcept { return fork_count() != fork_generation_; }
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  void close();

  // The writer. `session` holds it for its transaction; null for one operation.
  /// Waits for it. Throws StoreError busy after the time-out, transaction_state when this thread
  /// holds it already through a session's transaction.
  void lock_writer(bool for_session);
  void unlock_writer() noexcept;
  /// The thread that a session's transaction runs on changed.
  void adopt_writer() noexcept;
  /// No thread is the transaction's between its operations.
  void disown_writer() noexcept;
  [[nodiscard]] Connection& writer();
  [[nodiscard]] ChangeLog& change_log() noexcept { return change_log_; }
  [[nodiscard]] ClusterClock& clock() noexcept { return clock_; }

  [[nodiscard]] std::unique_ptr<Connection> take_reader();
  void give_reader(std::unique_ptr<Connection> connection) noexcept;

  /// Makes the connection's catalog that of the transaction which is open on it.
  void refresh_catalog(Connection& connection) {
    const auto version = connection.schema_version();
    if (connection.catalog == nullptr || connection.catalog->schema_version != version)
      load_catalog_into(connection, version, false);
  }
  /// After a change by the open write transaction: read anew, shared only by publish_catalog.
  void reload_catalog(Connection& connection) {
    load_catalog_into(connection, connection.schema_version(), true);
  }
  /// After a commit.
  void publish_catalog(const Connection& connection);

  /// Called when a catalog with a TTL index is seen first.
  void on_ttl(std::function<void()> start) { start_ttl_ = std::move(start); }

 private:
  explicit StorageFile(Options options);
  void note_open();
  void open_or_create();
  void drop_idle_readers() noexcept;
  void load_catalog_into(Connection& connection, std::int64_t version, bool own_change);

  Options options_;
  ClusterClock clock_;
  ChangeLog change_log_{options_, clock_};
  bool read_only_ = false;
  std::atomic<bool> closed_{false};
  unsigned fork_generation_ = 0;
  OpenFile open_;
  ReadLocks read_locks_;  // before the connections, which it outlives

  /// Connections that nobody reads with, each in the place of a thread that used it last if that
  /// was free: it finds its pages and its lock there.
  static constexpr std::size_t most_idle = 16;
  std::array<std::atomic<Connection*>, most_idle> idle_readers_{};

  mutable std::mutex mutex_;  // of all below
  std::condition_variable writer_free_;
  bool writer_held_ = false;
  bool writer_in_session_ = false;
  std::thread::id writer_thread_;
  std::unique_ptr<Connection> writer_;
  std::shared_ptr<const Catalog> catalog_;
  std::function<void()> start_ttl_;
};

}  // namespace quire::store::embedded
