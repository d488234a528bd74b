#pragma once

#include <chrono>

#include "migrate/compile.hpp"
#include "quire/migrate/runner.hpp"

namespace quire::migrate {

/// Counts and measures what the steps of planned migrations would do. Writes nothing that stays.
class PlanDetails {
 public:
  PlanDetails(Database db, const store::Capabilities& can, const PlanOptions& options,
              int batch_documents);

  /// Adds parts, matched, seconds and unmeasured; a function that fails on a document of the sample
  /// goes to `warnings`.
  void add(const Compiled& one, PlannedMigration& planned, std::vector<std::string>& warnings);

 private:
  [[nodiscard]] std::optional<std::int64_t> matched(const Step& step);
  [[nodiscard]] std::string how(const Compiled& one, const Step& step) const;
  [[nodiscard]] std::string locks(const Compiled& one, const Step& step) const;
  void measure(const Step& step, PlannedStep& part);
  [[nodiscard]] std::vector<bson::Document> sample_of(const Step& step);
  [[nodiscard]] bool in_transaction(const Step& step, PlannedStep& part);
  void by_functions(const Step& step, PlannedStep& part);

  Database db_;
  store::Capabilities can_;
  const PlanOptions& options_;
  int batch_documents_;
  std::chrono::milliseconds start_;
};

}  // namespace quire::migrate
