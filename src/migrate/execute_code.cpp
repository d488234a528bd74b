// Steps that are a migration's own code.
#include <atomic>

#include "migrate/code_stop.hpp"
#include "migrate/execute.hpp"
#include "quire/migrate/maintenance.hpp"
#include "quire/store/hooked_store.hpp"

namespace quire::migrate {

using detail::CodeWork;

void Executor::code_as_job(const detail::StepData& step, Job& job) {
  const CodeWork& code = *detail::work_as<CodeWork>(step);
  begin_step(step, -1);
  Job::Next done;
  done.done = true;
  if (code.atomicity == Atomicity::transactional) {
    setup_.transactions->run(true, [&](store::Session* session) {
      setup_.lock->check(session);
      call(code, *session);
      job.save(done, session);
    });
  } else {
    if (code.atomicity == Atomicity::manual) {
      if (job.begun()) throw OutcomeUnknown{};
      job.save({{}, {}, false, true}, nullptr);
      job.committed({{}, {}, false, true});
      totals_.in_manual_code = true;
    }
    totals_.saved = true;
    setup_.transactions->lend([&](store::Session& session) { call(code, session); });
    setup_.lock->check();
    job.save(done, nullptr);
    totals_.in_manual_code = false;
  }
  job.committed(std::move(done));
  totals_.saved = true;
}

/// For code that no transaction holds together: the lock is asked for before each of its calls.
class Executor::Guard {
 public:
  explicit Guard(const Setup& setup)
      : lock_(std::make_shared<std::atomic<Lock*>>(setup.lock)),
        db_(std::make_shared<store::HookedStore>(setup.db.shared_store(), hook()),
            setup.db.name()) {}
  ~Guard() { *lock_ = nullptr; }  // what the code kept of the database is its own from now on
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  [[nodiscard]] Database db() const { return db_; }

 private:
  [[nodiscard]] store::HookedStore::Hook hook() const {
    return [lock = lock_](const store::StoreCall& call) {
      if (Lock* mine = call.returned ? nullptr : lock->load()) mine->check();
    };
  }
  std::shared_ptr<std::atomic<Lock*>> lock_;
  Database db_;
};

void Executor::call(const CodeWork& work, store::Session& session) {
  const MaintenancePass pass;
  const CodeStop stop(setup_.pace == nullptr ? std::stop_token() : setup_.pace->stop());
  if (session.in_transaction()) {
    Database db = setup_.db;
    work.code(db, session);
    return;
  }
  const Guard guard(setup_);
  Database db = guard.db();
  work.code(db, session);
}

}  // namespace quire::migrate
