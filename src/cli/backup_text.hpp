#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "quire/backup/backup.hpp"

namespace quire::cli {

/// Where a backup or a restore stands, shown as a copy's progress is.
class BackupProgress {
 public:
  explicit BackupProgress(bool quiet) : line_(quiet) {}
  void show(const backup::Progress& progress);
  void clear() { line_.clear(); }

 private:
  ProgressLine line_;
  std::string of_;  // collection and phase
  std::chrono::steady_clock::time_point start_{};
};

/// A line for each, in columns.
void print_collections(const std::vector<backup::SavedCollection>& collections,
                       const std::vector<std::string>& left_out);

}  // namespace quire::cli
