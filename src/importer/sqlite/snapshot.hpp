#pragma once

#include <mutex>
#include <vector>

#include "importer/sqlite/connection.hpp"

namespace quire::importer::sqlite {

/// Connections that all see the file as it was at one moment, for as long as this lives.
/// Thread-safe.
///
/// SQLite gives each connection a snapshot of its own, taken at its first read. Those of this set
/// are taken one right behind the other, and again when another connection sees that the file was
/// written in between. Sessions beyond their number join while nobody has written since; else they
/// share one connection, taking turns.
class SnapshotSet {
 public:
  SnapshotSet(Place place, std::chrono::milliseconds busy);

  /// A connection that is a thread's own while the lease lives, or one that is shared.
  class Lease {
   public:
    Lease(SnapshotSet& set, Connection* connection) : set_(&set), connection_(connection) {}
    ~Lease() { set_->give_back(connection_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    [[nodiscard]] const Connection& connection() const noexcept { return *connection_; }

   private:
    SnapshotSet* set_;
    Connection* connection_;
  };
  [[nodiscard]] std::unique_ptr<Lease> lease();

  /// Something that is another text after the file was written. Not of the snapshot.
  [[nodiscard]] std::string state();
  /// The same of the snapshot; where each statement reads what is there, as state().
  [[nodiscard]] std::string state_of_snapshot();
  [[nodiscard]] bool immutable() const noexcept { return immutable_; }

 private:
  void give_back(Connection* connection);
  std::unique_ptr<Connection> connect(Connection::Threads threads) const;
  void open_first();
  void begin_all();
  [[nodiscard]] std::string look();
  [[nodiscard]] std::int64_t version() const;

  std::mutex mutex_;
  Place place_;
  std::chrono::milliseconds busy_;
  bool immutable_ = false;
  std::unique_ptr<Connection> watcher_;  ///< in no transaction: sees what is there now
  std::int64_t taken_at_ = 0;            ///< the watcher's data_version
  std::string state_;                    ///< when the snapshot was taken, or before
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
  std::unique_ptr<Connection> shared_;
};

}  // namespace quire::importer::sqlite
