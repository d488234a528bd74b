#pragma once

#include <map>

#include "migrate/data/presence.hpp"
#include "migrate/digest.hpp"

namespace quire::migrate::data {

/// Another process has the partition now; nothing was written.
struct ChunkLost {};

/// A partition as its document in _quire_chunks has it.
struct Chunk {
  std::int64_t n = 0;
  KeyBounds bounds;
  std::optional<bson::Value> cursor;  ///< the last _id done
  std::int64_t inside = 0;            ///< rows behind it that are done and that no key tells apart
  /// The last _id done whose document was read again: inline_verify.
  std::optional<bson::Value> checked;
  std::string state;  ///< open, copied, verified, stopped, mismatch
  std::int64_t fence = 0;
  std::int64_t seq = 0;
  DataCounts counts;
  Digest written;          ///< of the documents as they were written
  bson::Document pending;  ///< of a move: an array of {k, h}, written and not removed yet
  /// The documents not done yet.
  [[nodiscard]] KeyBounds rest() const { return {cursor ? cursor : bounds.after, bounds.until}; }
  /// Those that are done, and were not read again.
  [[nodiscard]] KeyBounds unchecked() const { return {checked ? checked : bounds.after, cursor}; }
};

/// As _quire_chunks and reports have them.
void append_counts(bson::Writer& w, const DataCounts& counts);

/// The partitions of a job as one worker sees them.
class Chunks {
 public:
  /// `transactions`: the worker's.
  Chunks(Database db, JobBook& book, std::string run, Transactions& transactions);

  /// A partition in `state` that nobody works on, or whose process gave no sign of life for 1.25
  /// of its leases by this machine's clock. Nothing: there is none now; `left` tells how many
  /// others work on. What a process that is gone left open at the server is ended before.
  [[nodiscard]] std::optional<Chunk> claim(std::string_view state, std::int64_t& left);
  /// What claim() most likely gives next in a process that is alone, if that was not begun.
  [[nodiscard]] std::optional<KeyBounds> likely_next(std::string_view state);
  [[nodiscard]] bool took_over() const noexcept { return took_over_; }
  /// What could not be done about that; empty: nothing was left to do.
  [[nodiscard]] const std::string& undrained() const noexcept { return dead_.undrained(); }
  /// The worker's writes of one batch, in a transaction where the job has them.
  void in_transaction(FunctionRef<void(store::Session*)> work) { transactions_.run(work); }
  /// Writes what it holds under its fence and seq. Throws ChunkLost.
  void save(Chunk& chunk, store::Session* session);
  /// With other fields besides.
  void save(Chunk& chunk, store::Session* session, bson::View more);
  /// Gives it back. Quiet when another process has it.
  void release(const Chunk& chunk) noexcept;

 private:
  [[nodiscard]] std::optional<Chunk> take(bson::View chunk);
  [[nodiscard]] std::optional<Chunk> take_over(bson::View chunk);
  /// A number of this worker's own that is higher than all that the partition had.
  [[nodiscard]] std::int64_t fence_above(std::int64_t former);

  Database db_;
  JobBook& book_;
  std::string run_;
  Transactions& transactions_;
  DeadRuns dead_;
  bool took_over_ = false;
  std::int64_t next_fence_ = 0;
  std::int64_t last_fence_ = -1;
  std::map<std::int64_t, StandStill> ownerless_;  ///< by number of the partition
};

/// Sums over the partitions of a job.
struct ChunkSums {
  DataCounts counts;
  std::int64_t open = 0, copied = 0, verified = 0, stopped = 0, mismatch = 0;
  std::int64_t compared = 0;  ///< documents of the partitions that were verified
};
[[nodiscard]] ChunkSums sum_chunks(Database& db, const JobBook& book);
[[nodiscard]] ChunkSums sum_chunks(Database& db, std::string_view job, std::int64_t epoch);
/// Moves those in one state to another and forgets who worked on them.
void reopen_chunks(Database& db, const JobBook& book, std::string_view from, std::string_view to);

}  // namespace quire::migrate::data
