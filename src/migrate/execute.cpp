#include "migrate/execute.hpp"

#include <algorithm>

#include "migrate/compile.hpp"
#include "migrate/field_update.hpp"
#include "migrate/kept_images.hpp"
#include "migrate/key_walk.hpp"
#include "migrate/stamps.hpp"
#include "migrate/step_filters.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::CodeWork;
using detail::FieldWork;
using detail::is_rows;
using detail::work_as;

/// How often a transform to a higher version begins again for documents that came behind it.
constexpr int most_rounds = 20;

void add(Job::Counts& sum, const Job::Counts& more) {
  sum.matched += more.matched;
  sum.changed += more.changed;
  sum.removed += more.removed;
  sum.rejected += more.rejected;
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

/// A transaction that is more than the server keeps of one begins again where `halve` could make it
/// smaller.
RowProgress smaller_if_too_large(FunctionRef<RowProgress()> work, FunctionRef<bool()> halve) {
  constexpr int too_large = 257, too_large_for_cache = 388;  // MongoDB's numbers
  try {
    return work();
  } catch (const Error& error) {
    const int code = error.backend_code();
    if ((code != too_large && code != too_large_for_cache) || !halve()) throw;
    throw StoreError(ErrorCode::write_conflict, error.detail(), code);
  }
}

}  // namespace

/// `total` of documents, or -1 where nothing is told before the step's end.
void Executor::begin_step(const detail::StepData& step, std::int64_t total) {
  total_ = std::max<std::int64_t>(total, 0);
  const auto& known = setup_.down ? setup_.migration->down_steps : setup_.migration->steps;
  setup_.monitor->step(setup_.migration->id(), number_, static_cast<int>(known.size()), total);
  const bool by_batches = total >= 0 || is_rows(step);
  setup_.watch->begin(step, {.migration = setup_.migration->id(),
                             .number = number_,
                             .by_batches = by_batches,
                             .one_transaction = session_ != nullptr,
                             .batch_documents = setup_.rows.batch_documents});
  if (!by_batches) setup_.watch->works();
}

std::int64_t Executor::size_of(const std::string& collection) const {
  if (setup_.sizes != nullptr) {
    const auto known = setup_.sizes->find(collection);
    if (known != setup_.sizes->end() && known->second > 0) return known->second;
  }
  return setup_.db.store().estimated_count(setup_.db.ns(collection));
}

void Executor::tell(const std::string& collection, std::int64_t done) {
  setup_.monitor->done(done);
  setup_.watch->rests(done, total_);
  MigrationEvent event;
  event.kind = MigrationEvent::Kind::batch;
  event.migration = setup_.migration->id();
  event.step = number_;
  event.done = done;
  event.total = total_;
  event.collection = collection;
  (*setup_.teller)(event);
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
  if (session_ != nullptr) {
    setup_.pace->pass_quickly();
  } else {
    setup_.pace->pass();
  }
  // A step on fields is data alone; where old values are kept it was made one over documents.
  const bool fields = work_as<FieldWork>(step.data()) != nullptr;
  const detail::StepData& data = fields ? known[index].data() : step.data();
  const std::unique_ptr<StepWatch, void (*)(StepWatch*)> watched(
      setup_.watch, [](StepWatch* watch) { watch->end(); });
  as_step_error(data.collection, [&] {
    if (session_ != nullptr) {
      in_one_transaction(data);
    } else {
      as_job(data);
    }
  });
  ++totals_.steps_done;
}

/// What a step keeps is found by the step that undoes it.
detail::StepPlace Executor::place() const {
  const Compiled& migration = *setup_.migration;
  const bool undoes = setup_.down && migration.derived_back;
  const int number = undoes ? static_cast<int>(migration.steps.size()) + 1 - number_ : number_;
  return {migration.id(), job_id(migration.id(), setup_.down && !undoes, number),
          setup_.lock->token()};
}

RowSettings Executor::row_settings() {
  RowSettings rows = setup_.rows;
  const Compiled& migration = *setup_.migration;
  rows.job = job_id(migration.id(), setup_.down, number_);
  rows.fence = setup_.lock->token();
  rows.step = number_;
  if (!setup_.down && migration.migration->info().keep_preimages)
    rows.keep = kept_collection(migration.id());
  rows.edited = setup_.edited;
  rows.on_edited = [this](std::string_view collection, bson::ValueView id) {
    constexpr std::size_t most = 20;
    if (totals_.edited.size() < most)
      totals_.edited.insert(std::string(collection) + " " + bson::to_json(id));
  };
  return rows;
}

void Executor::in_one_transaction(const detail::StepData& step) {
  begin_step(step, -1);
  if (const auto* code = work_as<CodeWork>(step)) {
    call(*code, *session_);
  } else if (is_rows(step)) {
    RowProgress at;
    const RowSettings rows = row_settings();
    while (!at.done) {
      setup_.pace->pass_quickly();
      setup_.watch->works();
      at = run_batch(setup_.db, step, at, std::nullopt, rows, session_);
      tell(step.collection, at.counts.matched);
    }
    add(totals_.counts, at.counts);
  } else if (const auto* catalog = work_as<detail::CatalogWork>(step)) {
    catalog->apply(setup_.db, session_, place());
  } else {
    add(totals_.counts, update_fields(setup_.db, step, session_));
  }
}

void Executor::as_job(const detail::StepData& step) {
  setup_.lock->check();
  Job job(setup_.db, setup_.migration->id(), setup_.down, number_, step.spec, setup_.lock->token());
  totals_.job = job.id();
  totals_.cursor = job.cursor();
  totals_.saved = totals_.saved || job.touched();
  std::optional<bson::Value> until;
  if (const auto index = static_cast<std::size_t>(number_ - 1); index < setup_.until.size())
    until = setup_.until[index];
  if (!job.done()) {
    if (work_as<CodeWork>(step) != nullptr) {
      code_as_job(step, job);
    } else if (is_rows(step)) {
      rows_as_job(step, job, until);
    } else if (work_as<FieldWork>(step) != nullptr && (setup_.by_ranges || job.cursor() || until)) {
      fields_as_job(step, job, until);
    } else {
      whole_as_job(step, job);
    }
  }
  add(totals_.counts, job.counts());
}

void Executor::whole_as_job(const detail::StepData& step, Job& job) {
  begin_step(step, -1);
  Job::Next next;
  next.done = true;
  const auto* catalog = work_as<detail::CatalogWork>(step);
  const bool whole =
      setup_.rows.transactions && !detail::is_apart(step, setup_.rows.transactional_catalog);
  setup_.transactions->run(whole, [&](store::Session* session) {
    if (session != nullptr) setup_.lock->check(session);
    if (catalog != nullptr) {
      catalog->apply(setup_.db, session, place());
    } else {
      next.counts = update_fields(setup_.db, step, session);
    }
    totals_.saved = totals_.saved || session == nullptr;
    job.save(next, session);
  });
  job.committed(std::move(next));
  totals_.saved = true;
}

std::chrono::milliseconds Executor::batch(const detail::StepData& step, Job& job,
                                          FunctionRef<RowProgress(store::Session*)> work) {
  setup_.pace->pass();
  setup_.lock->check();
  setup_.watch->works();
  const auto start = boot_time();
  const std::int64_t before = job.counts().matched;
  RowProgress next;
  setup_.transactions->run([&](store::Session* session) {
    if (session != nullptr) setup_.lock->check(session);
    totals_.saved = totals_.saved || session == nullptr;
    next = work(session);
    job.save({next.cursor, next.counts, next.done, false}, session);
  });
  job.committed({std::move(next.cursor), next.counts, next.done, false});
  totals_.saved = true;
  totals_.cursor = job.cursor();
  tell(step.collection, job.counts().matched);
  const auto took = boot_time() - start;
  if (!job.done()) setup_.pace->rest(job.counts().matched - before, took);
  return took;
}

void Executor::fields_as_job(const detail::StepData& step, Job& job,
                             const std::optional<bson::Value>& until) {
  begin_step(step, size_of(step.collection));
  RangeSize size;
  KeysAhead ahead(setup_.db, step.collection, {});
  while (!job.done()) {
    size.took(batch(step, job, [&](store::Session* session) {
      return smaller_if_too_large(
          [&] {
            return update_range(setup_.db, step, {job.cursor(), job.counts(), false}, until,
                                size.documents(), &ahead, session);
          },
          [&] {
            ahead.again();
            return size.halve();
          });
    }));
  }
}

void Executor::rows_as_job(const detail::StepData& step, Job& job,
                           const std::optional<bson::Value>& until) {
  begin_step(step, size_of(step.collection));
  RowSettings rows = row_settings();
  rows.check = [this] { setup_.lock->check(); };
  KeysAhead ahead(setup_.db, step.collection, wanted_by(step));
  if (!rows.transactional_catalog) rows.ahead = &ahead;
  int most = setup_.rows.batch_documents;
  const auto* work = work_as<detail::RowWork>(step);
  if (work != nullptr && !rows.keep.empty())
    rows.may_be_kept = KeptImages::are_any(setup_.db, rows);
  const bool proves = work != nullptr && work->to_version > 0 && !until;
  std::optional<bson::Value> from = job.cursor();
  int rounds = 0;
  while (!job.done()) {
    int tries = 0;
    bool end = false;
    (void)batch(step, job, [&](store::Session* session) {
      // Documents that others write all the time: fewer at once, so that one of the tries succeeds.
      rows.batch_documents = std::max(most >> std::min(tries++, 16), 1);
      RowProgress next = smaller_if_too_large(
          [&] {
            return run_batch(setup_.db, step, {from, job.counts(), false}, until, rows, session);
          },
          [&] {
            ahead.again();
            const bool can = most > 1;
            most = std::max(most / 2, 1);
            return can;
          });
      end = next.done;
      if (proves) next.done = false;
      return next;
    });
    from = job.cursor();
    if (!proves || !end) continue;
    // Some may have been inserted behind the cursor.
    if (!find_document(setup_.db, step.collection, left_of_version(step))) {
      (void)batch(step, job,
                  [&](store::Session*) { return RowProgress{from, job.counts(), true}; });
    } else if (++rounds == most_rounds) {
      throw StepError(ErrorCode::migration_partial,
                      "documents of an older version keep coming; let all programs write version " +
                          std::to_string(work->to_version) + " first",
                      step.collection, std::nullopt);
    } else {
      from.reset();
      rows.may_be_kept = true;
      rows.ahead = nullptr;
      rows.also = older_than(work->to_version);
    }
  }
}

void Executor::complete_begun() {
  number_ = 0;
  for (const Step& step : setup_.migration->steps) {
    ++number_;
    const detail::StepData& data = step.data();
    if (work_as<detail::RowWork>(data) == nullptr) continue;
    RowSettings rows = row_settings();
    rows.check = [this] { setup_.lock->check(); };
    if (!find_document(setup_.db, jobs_collection, bson::make_document("_id", rows.job))) return;
    Job job(setup_.db, setup_.migration->id(), false, number_, data.spec, setup_.lock->token());
    if (job.done()) continue;
    const Stamps stamps(rows.job, rows.fence);
    WalkOptions walk;
    walk.batch_documents = rows.batch_documents;
    walk.from_primary = true;
    bool more = true;
    while (more) {
      RowProgress next;
      try {
        next = run_batch(setup_.db, data, {job.cursor(), job.counts(), false}, std::nullopt, rows,
                         nullptr);
      } catch (const StepError&) {
        break;  // it was not begun: all of a batch is worked out before any of it is written
      }
      if (next.done) break;
      job.save({next.cursor, next.counts, false, false}, nullptr);
      job.committed({std::move(next.cursor), next.counts, false, false});
      more = std::ranges::any_of(
          KeyWalk(setup_.db, data.collection, walk).read(job.cursor()).documents,
          [&](const bson::Document& document) { return stamps.is_done(document); });
    }
    stamps.clear(setup_.db, data.collection);
  }
}

}  // namespace quire::migrate
