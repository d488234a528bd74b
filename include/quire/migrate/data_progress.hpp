#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "quire/migrate/data_types.hpp"

namespace quire::migrate {

/// How far a job is, all processes together.
struct DataProgress {
  std::string job;
  JobState state = JobState::planning;
  std::string reason;           ///< why it waits or slows down; empty: it runs
  std::int64_t done = 0;        ///< documents read, or compared while it verifies
  std::int64_t total = 0;       ///< never below done
  bool exact = false;           ///< `total` was counted; else an estimate
  double rate = 0;              ///< documents a second over the last ten seconds; 0 = not known yet
  double eta_seconds = -1;      ///< until the end of this phase; -1 = not known
  double eta_low_seconds = -1;  ///< at the best rate seen of late
  double eta_high_seconds = -1;  ///< at the worst
  double seconds = 0;            ///< since this run began
  bool stalled = false;          ///< nothing was done for long, and nobody asked to wait
  std::int64_t rejected = 0;

  /// 0 to 100; 100 only at the end of the phase.
  [[nodiscard]] int percent() const noexcept;
  /// The fields "done", "total", "total_kind", "rate", "eta_s" … as one line of JSON.
  [[nodiscard]] std::string json() const;
};

/// Writes progress for people: on a terminal one line that is written over, at most 79 columns;
/// else a line each ten seconds and where the state changes. One thread at a time, as
/// DataMigrator::on_progress calls.
class ProgressView {
 public:
  /// Whether `out` is a terminal is asked of the system.
  explicit ProgressView(std::FILE* out = stderr);
  ProgressView(std::FILE* out, bool terminal) : out_(out), terminal_(terminal) {}
  void show(const DataProgress& progress);
  /// Ends the line on a terminal, so that something else can be written.
  void finish();
  /// The line that show() writes.
  [[nodiscard]] static std::string line(const DataProgress& progress);

 private:
  std::FILE* out_;
  bool terminal_;
  bool shown_ = false;
  std::string of_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace quire::migrate
