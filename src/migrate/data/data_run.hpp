#pragma once

#include "migrate/data/worker.hpp"

namespace quire::migrate::data {

/// One call of DataMigrator::run: the phases of a job, and the report of them.
class DataRun {
 public:
  DataRun(Database from, Database to, const DataOptions& options, DataMonitor& monitor);
  DataReport run();
  DataReport retry();
  DataReport status();

 private:
  void work();
  bool copy(RunParts& parts);
  bool compare(RunParts& parts);
  bool compare_at_once(const CompareJob& job, std::int64_t documents);
  [[nodiscard]] CompareJob compare_job(RunParts& parts);
  [[nodiscard]] Compared stored_comparisons();
  void tick(Gate& gate);
  void retry_all();
  bool retry_one(BatchWriter& writer, bson::View reject);
  void fail(const Error& error);
  void fill();
  void say_next();

  Database from_;
  Database to_;
  const DataOptions& options_;
  DataMonitor& monitor_;
  JobBook book_;
  DataReport report_;
  std::chrono::milliseconds start_;
  std::chrono::milliseconds last_call_{0};
  std::chrono::milliseconds last_sum_{0};
  bool opened_ = false;
};

}  // namespace quire::migrate::data
