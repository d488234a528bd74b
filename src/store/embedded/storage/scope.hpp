#pragma once

#include <memory>

#include "quire/store/observer.hpp"
#include "store/embedded/storage/change_events.hpp"
#include "store/embedded/storage/file.hpp"

/// How an operation reaches a connection: within a session's transaction or by itself.
namespace quire::store::embedded {

/// A session of an embedded store. The first operation of its transaction takes the writer.
class EmbeddedSession final : public Session {
 public:
  EmbeddedSession(std::shared_ptr<StorageFile> file, std::shared_ptr<const Observers> observers)
      : file_(std::move(file)), observers_(std::move(observers)) {}
  ~EmbeddedSession() override;
  using Session::start_transaction;
  void start_transaction(const StartOptions& options) override;
  void commit_transaction() override;
  void abort_transaction() override;
  [[nodiscard]] bool in_transaction() const noexcept override {
    return open_ || snapshot_ != nullptr;
  }
  /// Its reads see what `snapshot`, which outlives it, sees; it writes nothing.
  void read_snapshot(Connection& snapshot) noexcept { snapshot_ = &snapshot; }
  [[nodiscard]] bool reads_snapshot() const noexcept { return snapshot_ != nullptr; }
  /// An operation outside of a transaction: the last one's end is no longer asked about.
  void forget_end() noexcept { end_ = End::none; }

  /// The writer with this session's transaction begun on it.
  Connection& connection();
  [[nodiscard]] const StorageFile& file() const noexcept { return *file_; }
  /// How a command names this session: its lsid, and the number of its transaction.
  void set_name(bson::View lsid, std::int64_t number);
  /// False: the transaction is that of a single write which may be sent again.
  void set_user_transaction(bool user) noexcept { user_transaction_ = user; }
  [[nodiscard]] bool is_user_transaction() const noexcept { return user_transaction_; }

  /// Its next operation may come on another thread, and this thread may work for others meanwhile.
  void leave_thread() noexcept {
    if (begun_) file_->disown_writer();
  }
  /// An operation rolled part of the transaction back: the catalog may be another.
  void forget_catalog();

 private:
  void commit();
  void finish() noexcept;
  void abort();
  std::shared_ptr<StorageFile> file_;
  std::shared_ptr<const Observers> observers_;
  enum class End { none, committed, aborted };  // of the last transaction, until the next use
  End end_ = End::none;
  bool open_ = false;
  bool user_transaction_ = true;
  bool begun_ = false;
  Connection* snapshot_ = nullptr;
  ChangeSession named_;
};

/// One file is one member: "majority" and 0 or 1 members hold there. Throws StoreError unsupported
/// for more, and for tags.
void check_concern(const WriteConcern* concern);
/// Whether nobody wants to know what a write did.
[[nodiscard]] inline bool is_unacknowledged(const WriteConcern* concern) noexcept {
  return concern != nullptr && concern->w == "0";
}

/// The session as this store's own, null when it has no transaction open. Throws StoreError
/// transaction_state for another store's.
[[nodiscard]] EmbeddedSession* own_session(const StorageFile& file, Session* session);

/// A connection to read by, its catalog up to date, in one snapshot until the end of the scope.
class ReadScope {
 public:
  ReadScope(const std::shared_ptr<StorageFile>& file, Session* session);
  ~ReadScope();
  ReadScope(ReadScope&&) = delete;
  [[nodiscard]] Connection& connection() const noexcept { return *connection_; }
  [[nodiscard]] const std::shared_ptr<const CollectionMeta>& find(Namespace ns) const {
    return connection_->catalog->find(ns);
  }
  /// Whether the connection is this scope's alone, so that a cursor may keep it.
  [[nodiscard]] bool is_private() const noexcept { return reader_ != nullptr; }

 private:
  std::shared_ptr<StorageFile> file_;
  std::unique_ptr<Connection> reader_;
  Connection* connection_ = nullptr;
  bool locked_ = false;  // the writer, for a store in memory
};

/// A reader for one point read: no transaction of its own.
class ReaderLease {
 public:
  explicit ReaderLease(StorageFile& file) : file_(&file), connection_(file.take_reader()) {}
  ~ReaderLease() { file_->give_reader(std::move(connection_)); }
  ReaderLease(ReaderLease&&) = delete;
  [[nodiscard]] Connection& operator*() const noexcept { return *connection_; }

 private:
  StorageFile* file_;
  std::unique_ptr<Connection> connection_;
};

/// Throws StoreError command_failed (166): a view has no documents of its own.
[[noreturn]] void refuse_view(const CollectionMeta& view);

/// The writer in a transaction: the session's, or one of its own that ends with the scope, rolled
/// back unless commit() was called. In a session, `all_or_nothing` puts a savepoint in front.
class WriteScope {
 public:
  WriteScope(const std::shared_ptr<StorageFile>& file, Session* session, bool all_or_nothing);
  ~WriteScope();
  WriteScope(WriteScope&&) = delete;
  void commit();
  [[nodiscard]] Connection& connection() const noexcept { return *connection_; }
  [[nodiscard]] StorageFile& file() const noexcept { return *file_; }
  [[nodiscard]] const std::shared_ptr<const CollectionMeta>& find(Namespace ns) const {
    return connection_->catalog->find(ns);
  }
  /// The collection to write documents to; null when absent. Throws StoreError command_failed for
  /// a view (166), and for a capped collection in a transaction (263).
  [[nodiscard]] const std::shared_ptr<const CollectionMeta>& target(Namespace ns) const;
  /// The target, made when absent, with these options.
  std::shared_ptr<const CollectionMeta> find_or_create(Namespace ns, bson::View options = {});
  /// After a change of the catalog.
  void catalog_changed();
  /// Whether changes must be told to changes().
  [[nodiscard]] bool logs_changes() const noexcept { return connection_->catalog->logs_changes; }
  [[nodiscard]] ChangeWriter changes() const noexcept {
    return {file_->change_log(), *connection_};
  }

 private:
  std::shared_ptr<StorageFile> file_;
  EmbeddedSession* session_ = nullptr;
  Connection* connection_ = nullptr;
  bool savepoint_ = false;
  bool changed_ = false;
  bool done_ = false;
};

}  // namespace quire::store::embedded
