#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "migrate/data/job_book.hpp"
#include "migrate/digest.hpp"

namespace quire::migrate::data {

/// Another process has the partition now; nothing was written.
struct ChunkLost {};

/// A partition as its document in _quire_chunks has it.
struct Chunk {
  std::int64_t n = 0;
  KeyBounds bounds;
  std::optional<bson::Value> cursor;  ///< the last _id done
  std::string state;                  ///< open, copied, verified, stopped, mismatch
  std::int64_t fence = 0;
  std::int64_t seq = 0;
  DataCounts counts;
  Digest written;          ///< of the documents as they were written
  bson::Document pending;  ///< of a move: an array of {k, h}, written and not removed yet
  /// The documents not done yet.
  [[nodiscard]] KeyBounds rest() const { return {cursor ? cursor : bounds.after, bounds.until}; }
};

/// As _quire_chunks and reports have them.
void append_counts(bson::Writer& w, const DataCounts& counts);

/// Says every third of a lease that this process is alive, in a document of its own.
class Presence {
 public:
  Presence(Database db, const JobBook& book, const DataOptions& options);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  [[nodiscard]] const std::string& run() const noexcept { return run_; }
  /// Called by the thread that beats, about every 100 ms.
  void start(std::function<void()> tick);

 private:
  void beat();
  void loop(const std::function<void()>& tick);

  Database db_;
  std::string job_;
  std::chrono::milliseconds lease_;
  std::string run_;
  std::string id_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

/// The partitions of a job as one worker sees them.
class Chunks {
 public:
  Chunks(Database db, JobBook& book, std::string run);

  /// A partition in `state` that nobody works on, or whose process gave no sign of life for 1.25
  /// of its leases by this machine's clock. Nothing: there is none now; `left` tells how many
  /// others work on.
  [[nodiscard]] std::optional<Chunk> claim(std::string_view state, std::int64_t& left);
  [[nodiscard]] bool took_over() const noexcept { return took_over_; }
  /// Writes what it holds under its fence and seq. Throws ChunkLost.
  void save(Chunk& chunk, store::Session* session);
  /// With other fields besides.
  void save(Chunk& chunk, store::Session* session, bson::View more);
  /// Gives it back. Quiet when another process has it.
  void release(const Chunk& chunk) noexcept;

 private:
  [[nodiscard]] bool is_abandoned(bson::View chunk);
  [[nodiscard]] std::optional<Chunk> take(bson::View chunk);
  /// A number of this worker's own that is higher than all that the partition had.
  [[nodiscard]] std::int64_t fence_above(std::int64_t former);

  Database db_;
  JobBook& book_;
  std::string run_;
  bool took_over_ = false;
  std::int64_t next_fence_ = 0;
  std::int64_t last_fence_ = -1;
  std::map<std::int64_t, StandStill> seen_;  ///< by number of the partition
};

/// Sums over the partitions of a job.
struct ChunkSums {
  DataCounts counts;
  std::int64_t open = 0, copied = 0, verified = 0, stopped = 0, mismatch = 0;
  std::int64_t compared = 0;  ///< documents of the partitions that were verified
};
[[nodiscard]] ChunkSums sum_chunks(Database& db, const JobBook& book);
/// Moves those in one state to another and forgets who worked on them.
void reopen_chunks(Database& db, const JobBook& book, std::string_view from, std::string_view to);

}  // namespace quire::migrate::data
