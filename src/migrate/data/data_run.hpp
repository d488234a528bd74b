#pragma once

#include "migrate/data/worker.hpp"
#include "migrate/signature.hpp"

namespace quire::migrate::data {

/// One call of DataMigrator::run: the phases of a job, and the report of them.
class DataRun {
 public:
  /// `from`: where a move takes the documents out. What it is given must outlive it.
  DataRun(RowSource& source, std::optional<Database> from, const Database& to,
          const DataOptions& options, DataMonitor& monitor, WriterMaker writer = {});
  DataReport run();
  DataReport retry();
  DataReport status();
  /// Compares as things are now, wherever the job stands. Throws StoreError.
  VerifyReport compare_now(const VerifyOptions& options);
  /// Removes the target's documents that the job stamped and whose rows the source has no longer;
  /// those that were edited since stay, but for Edited::overwrite, and are warned of. Gives how
  /// many were removed. `whole`: the source with all rows, of which this pass may read some. Throws
  /// StoreError.
  std::int64_t sweep(Edited edited, RowSource& whole);
  /// Called by the run that sees all partitions copied, before they are compared.
  void after_copy(std::function<void()> work) { after_copy_ = std::move(work); }

 private:
  void work();
  /// From now on operations on the target carry the run's id and the job's name.
  void sign_as(const Presence& presence);
  bool copy(RunParts& parts);
  bool compare(RunParts& parts);
  bool compare_at_once(const CompareJob& job, std::int64_t documents);
  [[nodiscard]] CompareJob compare_job();
  [[nodiscard]] Compared stored_comparisons();
  void tick(Gate& gate);
  void retry_all();
  bool retry_one(BatchWriter& writer, RowSide& side, bson::View reject);
  void fail(const Error& error);
  void fill();
  void say_next();

  RowSource& source_;
  std::optional<Database> from_;
  std::shared_ptr<Signature> signature_ = std::make_shared<Signature>();
  Database to_;  ///< which signs
  const DataOptions& options_;
  DataMonitor& monitor_;
  JobBook book_;
  WriterMaker writer_;
  std::function<void()> after_copy_;
  DataReport report_;
  std::chrono::milliseconds start_;
  std::chrono::milliseconds last_call_{0};
  std::chrono::milliseconds last_sum_{0};
  bool opened_ = false;
};

}  // namespace quire::migrate::data
