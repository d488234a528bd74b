#include "migrate/execute.hpp"

#include "migrate/apply.hpp"
#include "migrate/compile.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::Operation;

bool is_rows(const detail::StepData& step) {
  switch (step.operation) {
    case Operation::each:
    case Operation::transform:
    case Operation::copy_documents:
    case Operation::move_documents:
    case Operation::remove_copies:
      return true;
    default:
      return false;
  }
}

void add(Job::Counts& sum, const Job::Counts& more) {
  sum.matched += more.matched;
  sum.changed += more.changed;
  sum.removed += more.removed;
}

/// Errors of the user's code and of the store become StepErrors; what steers the run passes.
template <class F>
auto as_step_error(const std::string& collection, F work) -> decltype(work()) {
  try {
    return work();
  } catch (const StepError&) {
    throw;
  } catch (const StoreError& error) {
    if (error.code() == ErrorCode::write_conflict || error.code() == ErrorCode::busy) throw;
    throw StepError(error.code(), error.detail(), collection, std::nullopt, error.backend_code());
  } catch (const MigrationError& error) {
    if (error.code() == ErrorCode::lock_lost) throw;
    throw StepError(error.code(), error.detail(), collection, std::nullopt);
  } catch (const Paused&) {
    throw;
  } catch (const OutcomeUnknown&) {
    throw;
  } catch (...) {
    const Caught caught = current_failure();
    throw StepError(caught.code, caught.text, collection, std::nullopt, caught.backend_code);
  }
}

}  // namespace

void Executor::tell(std::int64_t done) {
  if (setup_.sink == nullptr || !*setup_.sink) return;
  (*setup_.sink)({MigrationEvent::Kind::batch, setup_.migration->id(), number_, done, total_});
}

void Executor::run(store::Session* session) {
  session_ = session;
  number_ = 0;
  totals_ = {};
  const Compiled& migration = *setup_.migration;
  MigrationContext context(*this);
  if (!setup_.down) {
    as_step_error("", [&] { migration.migration->up(context); });
  } else if (migration.back == Compiled::Way::code) {
    as_step_error("", [&] { migration.migration->down(context); });
  } else {
    for (const Step& step : migration.down_steps) take(step);
  }
  const auto& known = setup_.down ? migration.down_steps : migration.steps;
  if (static_cast<std::size_t>(number_) != known.size()) {
    throw StepError(ErrorCode::invalid_migration,
                    "made fewer calls than when it was planned; the calls of up() and down() must "
                    "not depend on what they do",
                    "", std::nullopt);
  }
}

void Executor::take(const Step& step) {
  const auto& known = setup_.down ? setup_.migration->down_steps : setup_.migration->steps;
  const auto index = static_cast<std::size_t>(number_++);
  if (index >= known.size() || !(known[index].spec() == step.spec())) {
    throw StepError(ErrorCode::invalid_migration,
                    "made another call than when it was planned; the calls of up() and down() must "
                    "not depend on what they do",
                    step.data().collection, std::nullopt);
  }
  if (index < setup_.needed.size() && !setup_.needed[index]) return;
  if (setup_.stop.stop_requested()) throw Paused{};
  total_ = 0;
  as_step_error(step.data().collection, [&] {
    if (session_ != nullptr) {
      in_one_transaction(step.data());
    } else {
      as_job(step.data());
    }
  });
  ++totals_.steps_done;
}

void Executor::in_one_transaction(const detail::StepData& step) {
  if (step.operation == Operation::code) {
    call(step, *session_);
  } else if (is_rows(step)) {
    RowProgress at;
    while (!at.done) {
      if (setup_.stop.stop_requested()) throw Paused{};
      at = run_batch(setup_.db, step, at, std::nullopt, setup_.rows, session_);
      tell(at.counts.matched);
    }
    add(totals_.counts, at.counts);
  } else {
    add(totals_.counts, apply_step(setup_.db, step, session_));
  }
}

void Executor::as_job(const detail::StepData& step) {
  setup_.lock->check();
  Job job(setup_.db, setup_.migration->id(), setup_.down, number_, step.spec, setup_.lock->token());
  totals_.job = job.id();
  totals_.cursor = job.cursor();
  totals_.saved = totals_.saved || job.touched();
  if (!job.done()) {
    if (step.operation == Operation::code) {
      code_as_job(step, job);
    } else if (is_rows(step)) {
      rows_as_job(step, job);
    } else {
      Job::Next next;
      next.done = true;
      const bool whole = setup_.rows.transactions &&
                         (setup_.rows.transactional_catalog || !is_catalog(step.operation));
      in_transaction(setup_.db, whole, [&](store::Session* session) {
        if (session != nullptr) setup_.lock->check(session);
        next.counts = apply_step(setup_.db, step, session);
        totals_.saved = totals_.saved || session == nullptr;
        job.save(next, session);
      });
      job.committed(std::move(next));
      totals_.saved = true;
    }
  }
  add(totals_.counts, job.counts());
}

void Executor::rows_as_job(const detail::StepData& step, Job& job) {
  total_ = setup_.db.store().estimated_count(setup_.db.ns(step.collection));
  const auto index = static_cast<std::size_t>(number_ - 1);
  std::optional<bson::Value> until;
  if (index < setup_.until.size()) until = setup_.until[index];
  while (!job.done()) {
    if (setup_.stop.stop_requested()) throw Paused{};
    setup_.lock->check();
    RowProgress next;
    in_transaction(setup_.db, setup_.rows.transactions, [&](store::Session* session) {
      if (session != nullptr) setup_.lock->check(session);
      totals_.saved = totals_.saved || session == nullptr;
      next = run_batch(setup_.db, step, {job.cursor(), job.counts(), false}, until, setup_.rows,
                       session);
      job.save({next.cursor, next.counts, next.done, false}, session);
    });
    job.committed({std::move(next.cursor), next.counts, next.done, false});
    totals_.saved = true;
    totals_.cursor = job.cursor();
    tell(job.counts().matched);
  }
}

void Executor::code_as_job(const detail::StepData& step, Job& job) {
  Job::Next done;
  done.done = true;
  if (step.code_class == Atomicity::transactional) {
    in_transaction(setup_.db, true, [&](store::Session* session) {
      setup_.lock->check(session);
      call(step, *session);
      job.save(done, session);
    });
  } else {
    if (step.code_class == Atomicity::manual) {
      if (job.begun()) throw OutcomeUnknown{};
      job.save({{}, {}, false, true}, nullptr);
      job.committed({{}, {}, false, true});
      totals_.in_manual_code = true;
    }
    totals_.saved = true;
    const auto session = setup_.db.store().start_session();
    call(step, *session);
    setup_.lock->check();
    job.save(done, nullptr);
    totals_.in_manual_code = false;
  }
  job.committed(std::move(done));
  totals_.saved = true;
}

void Executor::call(const detail::StepData& step, store::Session& session) {
  Database db = setup_.db;
  step.code(db, session);
}

}  // namespace quire::migrate
