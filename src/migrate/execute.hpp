#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "migrate/compile.hpp"
#include "migrate/jobs.hpp"
#include "migrate/lock.hpp"
#include "migrate/pace.hpp"
#include "migrate/rows.hpp"
#include "migrate/step_watch.hpp"

namespace quire::migrate {

/// Thrown when manual code was begun earlier and nobody knows how it ended.
struct OutcomeUnknown {};

/// Runs the numbered steps of one migration, one way: either all in one transaction of the
/// caller's, or step by step with a job for each.
class Executor final : public MigrationContext::Sink {
 public:
  struct Setup {
    explicit Setup(Database where) : db(std::move(where)) {}
    Database db;
    const Compiled* migration = nullptr;
    bool down = false;
    Lock* lock = nullptr;
    Transactions* transactions = nullptr;
    RowSettings rows;
    Pace* pace = nullptr;
    RunMonitor* monitor = nullptr;
    const EventTeller* teller = nullptr;
    StepWatch* watch = nullptr;
    /// Going back from a half-done up: for each down step, the last _id it has to take.
    std::vector<std::optional<bson::Value>> until;
    /// … and whether it is needed at all.
    std::vector<bool> needed;
    /// Declared steps on fields go by ranges of _id, each with its checkpoint.
    bool by_ranges = false;
    /// How many documents collections had when the run began, as far as it asked: some servers
    /// count them all to tell it, so that nobody asks twice.
    const std::map<std::string, std::int64_t>* sizes = nullptr;
    Edited edited = Edited::reject;
  };
  explicit Executor(Setup setup) : setup_(std::move(setup)) {}

  /// All steps. `session`: of a transaction that takes all; null: step by step.
  /// Throws StepError, Paused, OutcomeUnknown, MigrationError lock_lost.
  void run(store::Session* session);

  void take(const Step& step) override;

  /// Before a way back from an up that was not finished, without transactions: a process may have
  /// died between the writes of a batch and its cursor. Does such batches to their end, so that all
  /// that was changed is behind the cursors.
  void complete_begun();

  struct Totals {
    Job::Counts counts;
    int steps_done = 0;
    bool saved = false;           ///< something stays in the database whatever happens now
    bool in_manual_code = false;  ///< between begin and end of code of unknown outcome
    std::string job;              ///< of the last step
    std::optional<bson::Value> cursor;
    std::set<std::string> edited;  ///< going back: the first few of those that were edited since
  };
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }

 private:
  void in_one_transaction(const detail::StepData& step);
  void as_job(const detail::StepData& step);
  void whole_as_job(const detail::StepData& step, Job& job);
  void fields_as_job(const detail::StepData& step, Job& job,
                     const std::optional<bson::Value>& until);
  void rows_as_job(const detail::StepData& step, Job& job, const std::optional<bson::Value>& until);
  [[nodiscard]] RowSettings row_settings();
  [[nodiscard]] detail::StepPlace place() const;
  /// What `work` does and how far the step came by it, together; the time that it took.
  std::chrono::milliseconds batch(const detail::StepData& step, Job& job,
                                  FunctionRef<RowProgress(store::Session*)> work);
  void code_as_job(const detail::StepData& step, Job& job);
  class Guard;
  void call(const detail::CodeWork& work, store::Session& session);
  void begin_step(const detail::StepData& step, std::int64_t total);
  /// About how many documents a step goes over.
  [[nodiscard]] std::int64_t size_of(const std::string& collection) const;
  void tell(const std::string& collection, std::int64_t done);

  Setup setup_;
  store::Session* session_ = nullptr;
  int number_ = 0;
  std::int64_t total_ = 0;
  Totals totals_;
};

}  // namespace quire::migrate
