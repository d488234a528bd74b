#pragma once

#include <optional>
#include <string>

#include "migrate/support.hpp"

namespace quire::migrate {

/// A document of _quire_jobs: how far one numbered step came. Written in the transaction of the
/// batch, by compare-and-set on fence and seq.
class Job {
 public:
  struct Counts {
    std::int64_t matched = 0;
    std::int64_t changed = 0;
    std::int64_t removed = 0;
    std::int64_t rejected = 0;
  };
  /// Finds or makes "<migration>:<direction>:<number>" and takes it over under `fence`. Throws
  /// MigrationError lock_lost when a later fence has it; invalid_migration when the step it was
  /// made for was another one.
  Job(Database db, std::string_view migration, bool down, int number, bson::View step,
      std::int64_t fence);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] bool done() const noexcept { return done_; }
  /// Code of unknown outcome was begun before.
  [[nodiscard]] bool begun() const noexcept { return begun_; }
  /// Whether anything was saved for it.
  [[nodiscard]] bool touched() const noexcept { return seq_ > 0; }
  [[nodiscard]] const std::optional<bson::Value>& cursor() const noexcept { return cursor_; }
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

  /// What the next save() writes; this object changes only by committed().
  struct Next {
    std::optional<bson::Value> cursor;
    Counts counts;
    bool done = false;
    bool begun = false;
  };
  /// Throws MigrationError lock_lost when fence or seq are no longer ours.
  void save(const Next& next, store::Session* session);
  void committed(Next next);

 private:
  Database db_;
  std::string id_;
  std::int64_t fence_;
  std::int64_t seq_ = 0;
  bool done_ = false;
  bool begun_ = false;
  std::optional<bson::Value> cursor_;
  Counts counts_;
};

/// The _id of the job of a step, numbered from 1.
[[nodiscard]] std::string job_id(std::string_view migration, bool down, int number);

/// The cursor that an earlier run left in a job; nothing when there is no such job. `done` tells
/// whether the step is complete.
[[nodiscard]] std::optional<bson::Value> job_cursor(Database& db, std::string_view migration,
                                                    bool down, int number, bool& exists,
                                                    bool& done);
/// Forgets what the steps of `migration` kept for their way back, before they are done anew.
void remove_kept(Database& db, std::string_view migration, std::int64_t fence,
                 store::Session* session);
/// Forgets the jobs of a migration, so that it starts from the beginning.
void remove_jobs(Database& db, std::string_view migration, std::int64_t fence,
                 store::Session* session);

}  // namespace quire::migrate
