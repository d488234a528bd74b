#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migrate/data/key_range.hpp"
#include "migrate/pacing.hpp"
#include "migrate/reject_row.hpp"
#include "migrate/support.hpp"
#include "quire/migrate/data_migrator.hpp"

namespace quire::migrate::data {

inline constexpr std::string_view chunks_collection = "_quire_chunks";

using detail::DataOptions;
class RowSource;

/// The job was begun with another mapping, source or target.
class HeaderChanged : public MigrationError {
 public:
  using MigrationError::MigrationError;
};

/// The document of a job in _quire_jobs. States change by compare-and-set. Its methods may be
/// called by several threads after open().
class JobBook {
 public:
  JobBook(RowSource& from, Database to, const DataOptions& options);

  /// Finds or makes the job and lays out its partitions, or waits for who does. Throws
  /// HeaderChanged.
  void open();
  /// What there is, without writing. False when there is no such job.
  bool look();
  /// Throws HeaderChanged for a job that was begun with another header, unless that is accepted.
  void check_header();

  [[nodiscard]] const std::string& job() const noexcept { return options_.name; }
  [[nodiscard]] std::int64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::int64_t total() const noexcept { return total_; }
  [[nodiscard]] bool exact() const noexcept { return exact_; }
  [[nodiscard]] std::int64_t chunks() const noexcept { return chunks_; }
  /// The target had documents before the job began.
  [[nodiscard]] bool merged() const noexcept { return merged_ == 1; }
  [[nodiscard]] const std::string& guarantee() const noexcept { return guarantee_; }
  [[nodiscard]] bool transactions() const noexcept { return guarantee_ == "txn"; }

  [[nodiscard]] JobState state();
  /// True when it was in `from` and is in `to` now.
  bool move_state(JobState from, JobState to);
  /// From verifying to verified, by that level.
  bool move_to_verified(VerifyLevel level);
  /// Removes what passes before this one left. Whoever goes on with a killed process's pass calls
  /// it too: until the partitions are laid out nothing of the new pass is there, and later what is
  /// of which pass is told by its epoch.
  void forget_earlier();
  /// `count` numbers higher than all that the job gave before; the last of them.
  [[nodiscard]] std::int64_t next_fences(std::int64_t count);
  [[nodiscard]] Control control();

 private:
  [[nodiscard]] bson::Document header();
  [[nodiscard]] static bool is_mine(bson::View job, bson::View mine);
  [[noreturn]] void stop_as_begun_again() const;
  [[noreturn]] void refuse_header(bson::View job, bson::View mine) const;
  [[nodiscard]] bson::Document key() const;
  void read(bson::View document);
  [[nodiscard]] bson::Document find_or_create(bson::View header);
  void create(bson::View header);
  [[nodiscard]] bson::Document begin_again(bson::View found, bson::View header);
  void plan();
  void make_chunks(bson::View bounds);
  bool cas(bson::View filter, bson::View set);

  RowSource& from_;
  Database to_;
  const DataOptions& options_;
  std::string id_;
  std::string guarantee_;
  std::int64_t epoch_ = 0;
  std::int64_t total_ = 0;
  std::int64_t chunks_ = 0;
  bool exact_ = false;
  std::int64_t merged_ = -1;  ///< 0 or 1 once it is known
};

[[nodiscard]] std::string job_id(std::string_view job);
[[nodiscard]] std::string control_id(std::string_view job);
/// Makes a collection that may be there.
void ensure_collection(Database& db, std::string_view name);

}  // namespace quire::migrate::data
