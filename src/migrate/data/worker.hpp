#pragma once

#include "migrate/data/batch_writer.hpp"
#include "migrate/data/compare.hpp"
#include "migrate/data/monitor.hpp"
#include "migrate/data/read_ahead.hpp"

namespace quire::migrate::data {

/// What the workers of a run share.
struct RunParts {
  RowSource& source;
  const std::optional<Database>& from;  ///< of a move
  Database to;
  const DataOptions& options;
  JobBook& book;
  DataMonitor& monitor;
  Gate& gate;
  const WriterMaker& writer;
  Presence& presence;
  std::atomic<std::int64_t> taken_over{0};
  std::atomic<std::int64_t> lost{0};
  std::mutex mutex{};
  std::string undrained = {};       ///< as Chunks::undrained()
  VerifyReport behind_writes = {};  ///< what ended the job, of inline_verify
};

class WriteCheck;

/// Works on partitions until none is left, here or elsewhere, or the gate says stop. Runs in a
/// thread of its own; failures go to the gate.
class Worker {
 public:
  /// `number`: among those of this process, from 0.
  Worker(RunParts& parts, int number);
  void copy_all() noexcept;
  void verify_all(const CompareJob& job) noexcept;

 private:
  template <class Work>
  void each_chunk(std::string_view state, const Work& work) noexcept;
  void copy(Chunk& chunk);
  /// False: what was written before is not as it was.
  [[nodiscard]] bool open(Chunk& chunk, WriteCheck& check);
  void read_next_partition();
  [[nodiscard]] bool over_the_limit();

  RunParts& parts_;
  Chunks chunks_;
  std::unique_ptr<BatchWriter> writer_;
  BatchSize size_;
  std::unique_ptr<ReadAhead> source_;
  bool keeps_source_ = false;  ///< for other partitions too
  bool reads_next_ = false;    ///< source_ was told what comes behind this partition
};

/// Runs `work` in as many threads as the options say, each with a worker of its own.
void run_workers(RunParts& parts, const std::function<void(Worker&)>& work);
/// Whether more documents were put aside than the options allow.
[[nodiscard]] bool too_many_rejects(Database& to, const JobBook& book, const DataOptions& options);

}  // namespace quire::migrate::data
