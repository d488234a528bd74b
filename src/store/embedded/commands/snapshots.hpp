#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "quire/store/store.hpp"
#include "store/embedded/storage/scope.hpp"

namespace quire::store::embedded {
class EmbeddedStore;
}

namespace quire::store::embedded::commands {

/// What the file held at one time, for the reads of one session.
struct Snapshot {
  std::mutex mutex;  ///< held while a command reads it
  std::int64_t time = 0;
  std::unique_ptr<ReadScope> scope;  ///< null for a store in memory, which cannot hold one
  std::chrono::steady_clock::time_point made = std::chrono::steady_clock::now();
};

/// The snapshots that reads with readConcern "snapshot" took, the last one of each session, for as
/// long as a server keeps them: five minutes. The file's write-ahead log grows meanwhile.
/// Thread-safe.
class SnapshotTable {
 public:
  static constexpr std::chrono::minutes lifetime{5};
  static constexpr std::size_t most = 32;  ///< the oldest one goes for a further one

  /// The one of that time, or without a time a new one. Throws 72 for a time in the future, 246
  /// for one whose snapshot is gone or never was.
  [[nodiscard]] std::shared_ptr<Snapshot> take(EmbeddedStore& store, const std::string& session,
                                               std::optional<std::int64_t> time);
  void end(const std::string& session);
  void expire();
  void clear();

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Snapshot>> held_;  // by session
};

}  // namespace quire::store::embedded::commands
