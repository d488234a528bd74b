#pragma once

#include <set>

#include "migrate/compile.hpp"
#include "migrate/execute.hpp"
#include "migrate/history.hpp"
#include "migrate/run_monitor.hpp"
#include "migrate/signature.hpp"
#include "migrate/step_watch.hpp"
#include "quire/migrate/runner.hpp"

namespace quire::migrate {

enum class Busy { wait, fail, skip };

struct MigrationRunner::Options {
  std::chrono::milliseconds lease{15'000};
  Busy busy = Busy::wait;
  std::chrono::milliseconds wait_limit = std::chrono::minutes(5);
  OutOfOrder order = OutOfOrder::if_independent;
  ChecksumPolicy checksum = ChecksumPolicy::fail;
  int batch_documents = 1000;
  std::function<void(const MigrationEvent&)> sink;
  std::chrono::milliseconds slow{30'000};
  std::stop_token stop;
  std::string application;
  std::string target;
  std::vector<std::string> tags;
  std::optional<std::chrono::milliseconds> budget;
  Throttle throttle;
  bool yields = false;  ///< gives the lock up for processes that cannot wait
  std::chrono::milliseconds drain_wait = default_drain_wait;
  const Clock* clock = &Clock::system();
  std::shared_ptr<RunMonitor> monitor = std::make_shared<RunMonitor>();
  UndoOptions undo;
  std::string backup_ref;
};

/// One call of run, rollback, plan, status or mark: the program's migrations compiled, the history
/// as read, and the report that is being made.
class MigrationRunner::Run {
 public:
  Run(const Database& db, const Migrations& migrations, const Options& options);
  /// What the code of a migration kept of the database is its own from now on.
  ~Run() { signature_->set({}, {}); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  MigrationReport up();
  MigrationReport down(FunctionRef<std::vector<std::string>()> choose);
  [[nodiscard]] MigrationPlan plan(const PlanOptions& options);
  [[nodiscard]] MigrationStatus status() const;
  [[nodiscard]] bool is_complete(std::string_view id) const;
  void mark(std::string_view id, MigrationState state, std::string_view reason);
  void accept(std::string_view id, std::string_view reason);
  void baseline(std::string_view id, const BaselineOptions& options);

  /// After up(): it stopped for another process, and is to go on after that one.
  [[nodiscard]] bool yielded() const noexcept { return yielded_; }

  /// What ended it at the root; only when the report has an error.
  [[nodiscard]] ErrorCode cause() const noexcept { return cause_; }

  /// Ids to revert for an id, dependents first. After read().
  [[nodiscard]] std::vector<std::string> behind(std::string_view id) const;
  /// Ids to revert so that an id is the last that is applied. After read().
  [[nodiscard]] std::vector<std::string> beyond(std::string_view id) const;
  /// The last n applied, latest first. After read().
  [[nodiscard]] std::vector<std::string> last(int count) const;

 private:
  struct Refusal {
    MigrationResult result;
    Error error;
    std::vector<std::string> next;
  };

  /// Asks what the store can, and what that makes of the migrations. Before all but status() and
  /// finding that there is nothing to do, since it may cost several round trips.
  void classify_all();
  [[nodiscard]] bool is_large(const Compiled& one);
  void read() { history_ = read_history(db_); }
  [[nodiscard]] const HistoryRow* row(std::string_view id) const;
  [[nodiscard]] const Compiled* compiled(std::string_view id) const;
  /// Throws MigrationError unknown_migration where the program has none.
  [[nodiscard]] const Compiled& wanted(std::string_view id) const;
  /// As history has it; nothing where there is no row.
  [[nodiscard]] std::optional<MigrationState> stored_state(std::string_view id) const;
  /// Something of it is there: it is not to be started at its beginning.
  [[nodiscard]] bool is_begun(std::string_view id) const;
  [[nodiscard]] bool settled(const Compiled& one) const;
  /// Whether target() and tags() ask for it.
  [[nodiscard]] std::vector<bool> choose() const;
  /// A squash of the program stands for it, and it was not begun.
  [[nodiscard]] bool is_replaced(const Compiled& one) const;
  /// Nothing is to be done for it in this run.
  [[nodiscard]] bool passed_over(std::size_t position) const;
  [[nodiscard]] bool nothing_to_do() const;
  [[nodiscard]] bool late(std::size_t position) const;
  [[nodiscard]] bool independent(std::size_t position) const;
  [[nodiscard]] std::optional<Refusal> refused(std::size_t position) const;
  [[nodiscard]] std::optional<Refusal> database_too_new() const;
  [[nodiscard]] std::optional<Refusal> drift(std::vector<std::string>& warnings) const;
  [[nodiscard]] std::optional<Refusal> lost_unknown() const;

  bool lock();
  void report_drained();
  /// From now on operations carry the lock's token and this name.
  void sign(std::string_view what);
  void tell_waiting(bson::View lock) const;
  /// Which migrations cannot be left for the background.
  void find_urgent();
  /// Left for the background, as it is now.
  [[nodiscard]] bool is_deferred(std::size_t position) const;
  [[nodiscard]] bool anything_urgent() const;
  void defer(std::size_t position);
  void defer_all();
  void tell_deferred();
  void tell_end();
  void leave();
  bool apply_all();
  bool apply_next(std::size_t position);
  /// Of a squash: false where it is to be run.
  bool adopt(const Compiled& squash);
  void settle(const Compiled& one, MigrationState state, std::string_view note);
  void settle_replaced(const Compiled& squash, bool down, store::Session* session);
  [[nodiscard]] std::optional<Refusal> incomplete(const Compiled& squash) const;
  /// Asks what comes before; false when the migration is not to be run.
  bool may_begin(std::size_t position);
  void prefer_images();
  void ask_after(const Compiled& one, store::Session* session);
  [[nodiscard]] bson::Document description(const Compiled& one, std::int64_t seq) const;
  [[nodiscard]] std::int64_t next_sequence() const;
  bool apply(std::size_t position);
  [[nodiscard]] bool is_unverified(const Compiled& one) const;
  bool verify(const Compiled& one);
  bool revert(const Compiled& migration);
  void revert_all(FunctionRef<std::vector<std::string>()> choose);
  [[nodiscard]] std::optional<Refusal> not_reversible(const Compiled& migration) const;
  /// What only a database that still has them can undo.
  [[nodiscard]] std::optional<Error> images_missing(const Compiled& migration) const;
  void begin_images(const Compiled& migration);
  void drop_images(const Compiled& migration);
  void tell_kept(const Compiled& migration, const Executor& executor, MigrationEntry& entry);
  bool prepare_partial_revert(const Compiled& migration, Executor::Setup& setup);
  void prepare(Executor::Setup& setup, const Compiled& migration, bool down);
  bool execute(const Compiled& migration, bool down, MigrationState from, Executor::Setup setup,
               MigrationEntry& entry);
  bool fail_with(const Compiled& migration, bool down, const Executor& executor, std::int64_t ms,
                 MigrationEntry& entry);
  void finish(MigrationResult result, Error error, std::vector<std::string> next);
  void stopped_by(const StoreError& error);
  /// Of a migration, or of the lock.
  void tell(MigrationEvent::Kind kind, std::string_view id,
            const MigrationEntry* entry = nullptr) const;
  [[nodiscard]] bson::Document progress_fields(const Executor& executor, std::int64_t ms) const;
  [[nodiscard]] Error describe(const Compiled& migration, ErrorCode code, const Error* error,
                               const Caught& caught) const;

  std::shared_ptr<Signature> signature_ = std::make_shared<Signature>();
  Database db_;  ///< which signs
  const Migrations& migrations_;
  const Options& options_;
  store::Capabilities can_;                    ///< as this and the next: after classify_all()
  Transactions transactions_;                  ///< used after classify_all()
  std::vector<Compiled> compiled_;             ///< in the order in which they run
  std::vector<bool> chosen_;                   ///< … by target() and tags()
  std::map<std::string, std::int64_t> sizes_;  ///< of collections, as far as asked for
  History history_;
  MigrationReport report_;
  Journal journal_;
  RunMonitor& monitor_;
  Lock lock_;
  Pace pace_;
  std::vector<bool> urgent_;           ///< may not be left for the background
  std::vector<std::size_t> deferred_;  ///< positions
  bool signs_ = false;
  bool yielded_ = false;
  ErrorCode cause_ = ErrorCode::internal;
  std::chrono::milliseconds began_;  ///< by the clock
  EventTeller teller_;
  StepWatch watch_;
};

}  // namespace quire::migrate
