#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quire/core/error.hpp"
#include "quire/migrate/data_progress.hpp"
#include "quire/migrate/verify.hpp"

namespace quire::migrate {

/// Documents of a job, all processes and runs together.
struct DataCounts {
  std::int64_t read = 0;
  std::int64_t written = 0;   ///< inserted or replaced
  std::int64_t replaced = 0;  ///< of those: there was one before
  std::int64_t existing = 0;  ///< left out because the target had one
  std::int64_t dropped = 0;   ///< the map function gave nothing
  std::int64_t rejected = 0;
  std::int64_t removed = 0;  ///< of a move, from the source
  std::int64_t bytes = 0;    ///< written
  /// Of an import: the target has the row's document already, from an earlier pass.
  std::int64_t unchanged = 0;
};

enum class DataResult {
  nothing,   ///< it was complete already
  complete,  ///< copied and, where asked for, verified
  stopped,   ///< on request; run() goes on
  failed,    ///< nothing was written
  partial,   ///< what was copied stays; run() goes on
  rejects,   ///< more rejects than allowed, or the policy says stop
  mismatch,  ///< all was copied, but the two sides differ
  changed    ///< the job was begun with another mapping, source or target
};
[[nodiscard]] std::string_view to_string(DataResult result) noexcept;

/// What a run did. A failure is in here, not thrown, so look at it: ok(), or or_throw().
struct [[nodiscard]] DataReport {
  std::string operation = "data";
  std::string job;
  std::string run;
  DataResult result = DataResult::nothing;
  JobState state = JobState::planning;
  /// "txn": each document exactly once. "fenced": the same effect, by stamps (_q) in the target's
  /// documents, where it has no transactions.
  std::string guarantee;
  /// The source is read batch by batch, each as it is at that time.
  std::string consistency = "multi_snapshot";
  DataCounts counts;
  /// Of this run, where remove_gone() was said: the target's documents that the source has no
  /// longer.
  std::int64_t gone = 0;
  std::int64_t partitions = 0;
  std::int64_t partitions_done = 0;
  /// Operations that a process which is gone had left running at the server: "waited for insert on
  /// users, of copy-users", "ended …".
  std::vector<std::string> drained;
  std::int64_t taken_over = 0;  ///< partitions of this run that another process had left
  std::int64_t lost = 0;        ///< partitions of this run that another process took over
  DataProgress progress;
  std::optional<VerifyReport> verification;
  std::vector<std::string> warnings;
  std::optional<Error> error;
  std::vector<std::string> next;  ///< what would help
  double seconds = 0;

  [[nodiscard]] bool ok() const noexcept {
    return result == DataResult::nothing || result == DataResult::complete;
  }
  /// For main(): 0 done, 30 failed, 31 partial, 32 stopped, 40 rejects, 41 mismatch, 42 changed.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.migrate/1", "op": "data", "run", "result", "exit", "job", …}.
  [[nodiscard]] std::string json() const;
  /// Throws error, or MigrationError migration_partial, when it did not end well.
  const DataReport& or_throw() const;
};

}  // namespace quire::migrate
