// One migration under the lock: its edges between states, forward and back.
#include <algorithm>

#include "migrate/run.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

using enum MigrationState;

bson::Document MigrationRunner::Run::description(const Compiled& one, std::int64_t seq) const {
  const MigrationInfo& info = one.migration->info();
  bson::Writer set;
  set.append("title", info.title)
      .append("kind", to_string(info.kind))
      .append("direction", "up")
      .append("atomicity", to_string(one.atomicity))
      .append("guarantee", one.guarantee)
      .append("checksum", one.checksum)
      .append("algorithm", "q1:sha256")
      .append("tool", "quire 0.1.0")
      .append("app", options_.application)
      .append("min_app", std::int32_t{info.min_app})
      .append("assured", info.assured.why)
      .append("seq", seq)
      .append("out_of_order", late(static_cast<std::size_t>(&one - compiled_.data())))
      .append("reverts_partial", false)
      .append_null("verified")
      .append("preimages", info.keep_preimages ? "kept" : "")
      .append("way", "")
      .append("steps_done", std::int32_t{0})
      .append("steps_total", static_cast<std::int32_t>(one.steps.size()));
  if (!options_.backup_ref.empty()) set.append("backup_ref", options_.backup_ref);
  set.begin_array("touches");
  for (const std::string& text : one.touches) set.push(text);
  set.end();
  return set.finish();
}

std::int64_t MigrationRunner::Run::next_sequence() const {
  std::int64_t seq = 0;
  for (const auto& [id, other] : history_) seq = std::max(seq, other.seq);
  return seq + 1;
}

bool MigrationRunner::Run::apply(std::size_t position) {
  const Compiled& one = compiled_[position];
  const HistoryRow* known = row(one.id());
  if (known != nullptr && known->state == attention) {
    finish(MigrationResult::attention,
           MigrationError(ErrorCode::needs_attention, FieldPath(one.id()),
                          "it ended in the middle of code whose outcome is unknown"),
           {"look whether its effect is there, then mark it applied or failed "
            "(MigrationRunner::mark)"});
    return false;
  }
  if (known != nullptr &&
      (known->state == reverting ||
       (known->direction == "down" && (known->state == partial || known->state == paused)))) {
    if (!revert(one)) return false;  // half back is no place to start from
    read();
    known = row(one.id());
  }
  const bool fresh =
      known == nullptr || known->is_open() || known->counts_as_applied();  // a repeatable one
  const bson::Document fields =
      description(one, fresh ? next_sequence() : (known != nullptr ? known->seq : 0));
  const bool out_of_order = late(position);
  const auto from = stored_state(one.id());
  if (fresh) begin_images(one);
  transactions_.run([&](store::Session* session) {
    if (fresh && from) {
      remove_jobs(db_, one.id(), lock_.token(), session);
      remove_kept(db_, one.id(), lock_.token(), session);
    }
    journal_.move({one.id(), from, running, lock_.token(), fields, "started", {}, true}, session);
  });

  MigrationEntry entry;
  entry.out_of_order = out_of_order;
  Executor::Setup setup(db_);
  return execute(one, false, running, std::move(setup), entry);
}

auto MigrationRunner::Run::not_reversible(const Compiled& one) const -> std::optional<Refusal> {
  const HistoryRow* known = row(one.id());
  const auto refuse = [&](const std::string& why, std::vector<std::string> next) {
    return Refusal{MigrationResult::irreversible,
                   MigrationError(ErrorCode::irreversible, FieldPath(one.id()), why),
                   std::move(next)};
  };
  if (known == nullptr) return std::nullopt;
  if (known->state == attention) {
    return Refusal{MigrationResult::attention,
                   MigrationError(ErrorCode::needs_attention, FieldPath(one.id()),
                                  "it ended in the middle of code whose outcome is unknown"),
                   {"mark it applied or failed first (MigrationRunner::mark)"}};
  }
  if (known->state != applied && known->counts_as_applied())
    return refuse("it was not run here: " + std::string(to_string(known->state)), {});
  if (one.back == Compiled::Way::none) return refuse(one.no_way_back, {});
  if (auto gone = images_missing(one))
    return Refusal{MigrationResult::irreversible, *gone, {"restore a backup"}};
  const bool half_up = known->direction == "up" &&
                       (known->state == partial || known->state == paused ||
                        (known->state == running && one.atomicity != Atomicity::transactional));
  const bool pairs = one.derived_back || (one.steps.size() == 1 && one.down_steps.size() == 1 &&
                                          !detail::is_code(one.steps[0].data()));
  if (half_up && !pairs) {
    return refuse("it is half done, and its way back does not say which step undoes which",
                  {"run() it to its end, then go back"});
  }
  return std::nullopt;
}

/// Which down steps are needed, and how far, after an up that was not finished.
bool MigrationRunner::Run::prepare_partial_revert(const Compiled& one, Executor::Setup& setup) {
  bool any = false;
  const int count = static_cast<int>(one.steps.size());
  for (int i = 0; i < static_cast<int>(one.down_steps.size()); ++i) {
    bool exists = false, done = false;
    auto cursor = job_cursor(db_, one.id(), false, count - i, exists, done);
    const auto& up_step = one.steps[static_cast<std::size_t>(count - 1 - i)].data();
    const auto& down_step = one.down_steps[static_cast<std::size_t>(i)].data();
    if (done || up_step.collection != down_step.collection) cursor.reset();
    // Without transactions something may be kept of a batch that was not saved.
    exists = exists || detail::work_as<detail::RestoreWork>(down_step) != nullptr;
    setup.needed.push_back(exists);
    setup.until.push_back(std::move(cursor));
    any = any || exists;
  }
  return any;
}

bool MigrationRunner::Run::revert(const Compiled& one) {
  sign(one.id());
  const HistoryRow* known = row(one.id());
  const MigrationState from = known->state;
  const bool goes_on = from == reverting || known->direction == "down";
  const bool half_up = goes_on ? known->reverts_partial : from != applied;
  if (half_up && !goes_on && !transactions_.are_used()) {
    Executor::Setup up(db_);
    prepare(up, one, false);
    Executor(std::move(up)).complete_begun();
  }
  Executor::Setup setup(db_);
  if (half_up) (void)prepare_partial_revert(one, setup);

  bson::Writer set;
  set.append("direction", "down")
      .append("atomicity", to_string(one.down_atomicity))
      .append("reverts_partial", half_up)
      .append("way", one.by_images ? "preimages" : "")
      .append("steps_done", std::int32_t{0})
      .append("steps_total", static_cast<std::int32_t>(one.down_steps.size()));
  const bson::Document fields = set.finish();
  transactions_.run([&](store::Session* session) {
    if (!goes_on && !half_up) remove_jobs(db_, one.id(), lock_.token(), session);
    journal_.move({one.id(), from, reverting, lock_.token(), fields, "started", {}, true}, session);
  });
  MigrationEntry entry;
  return execute(one, true, reverting, std::move(setup), entry);
}

bson::Document MigrationRunner::Run::progress_fields(const Executor& executor,
                                                     std::int64_t ms) const {
  const auto& totals = executor.totals();
  bson::Writer set;
  set.append("ms", ms)
      .append("matched", totals.counts.matched)
      .append("changed", totals.counts.changed)
      .append("removed", totals.counts.removed)
      .append("rejected", totals.counts.rejected)
      .append("steps_done", std::int32_t{totals.steps_done})
      .append("cursor", totals.job);
  return set.finish();
}

void MigrationRunner::Run::prepare(Executor::Setup& setup, const Compiled& one, bool down) {
  setup.migration = &one;
  setup.down = down;
  setup.lock = &lock_;
  setup.rows.transactions = transactions_.are_used();
  setup.transactions = &transactions_;
  setup.rows.transactional_catalog = can_.transactional_catalog;
  setup.by_ranges = one.large;
  setup.sizes = &sizes_;
  setup.rows.batch_documents = options_.batch_documents;
  setup.pace = &pace_;
  setup.monitor = &monitor_;
  setup.teller = &teller_;
  setup.watch = &watch_;
  setup.edited = options_.undo.edited;
}

bool MigrationRunner::Run::execute(const Compiled& one, bool down, MigrationState from,
                                   Executor::Setup setup, MigrationEntry& entry) {
  entry.id = one.id();
  entry.title = one.migration->info().title;
  entry.down = down;
  entry.atomicity = down ? one.down_atomicity : one.atomicity;
  entry.guarantee = one.guarantee;
  entry.state = from;
  prepare(setup, one, down);
  // A half-done up has jobs, which say what is to be undone: then step by step.
  const bool whole = entry.atomicity == Atomicity::transactional && setup.needed.empty();
  const auto position = static_cast<std::size_t>(&one - compiled_.data());
  pace_.may_defer(!down && options_.budget && !urgent_[position]);
  Executor executor(std::move(setup));
  const MigrationState to = down ? reverted : applied;
  tell(MigrationEvent::Kind::started, one.id());
  const auto start = boot_time();
  const auto elapsed = [&] { return (boot_time() - start).count(); };
  const auto done = [&](store::Session* session) {
    const bson::Document fields = progress_fields(executor, elapsed());
    journal_.move({one.id(), from, to, lock_.token(), fields, "finished", {}, true}, session);
    settle_replaced(one, down, session);
  };
  try {
    if (whole) {
      transactions_.run(true, [&](store::Session* session) {
        lock_.check(session);
        executor.run(session);
        if (!down) ask_after(one, session);
        done(session);
      });
    } else {
      executor.run(nullptr);
      if (!down) ask_after(one, nullptr);
      lock_.check();
      transactions_.run([&](store::Session* session) { done(session); });
    }
  } catch (...) {
    return fail_with(one, down, executor, elapsed(), entry);
  }
  entry.state = to;
  entry.ms = elapsed();
  entry.matched = executor.totals().counts.matched;
  entry.changed = executor.totals().counts.changed;
  entry.removed = executor.totals().counts.removed;
  tell_kept(one, executor, entry);
  tell(MigrationEvent::Kind::finished, one.id(), &entry);
  report_.migrations.push_back(std::move(entry));
  read();
  return true;
}

Error MigrationRunner::Run::describe(const Compiled& one, ErrorCode code, const Error* error,
                                     const Caught& caught) const {
  std::string text;
  if (const auto* step = dynamic_cast<const StepError*>(error)) {
    if (!step->collection().empty()) text += "collection " + step->collection();
    if (step->id() != nullptr) {
      text += text.empty() ? "" : ", ";
      text += "_id " + bson::to_json(step->id()->view());
    }
    if (!text.empty()) text += ": ";
  }
  text += caught.text;
  if (caught.code != ErrorCode::internal) {
    text +=
        " (" + std::to_string(static_cast<int>(caught.code)) + " " + to_string(caught.code) + ")";
  }
  return MigrationError(code, FieldPath(one.id()), text, caught.backend_code);
}

/// Inside a catch block: finds out what happened, writes the state that follows, reports.
bool MigrationRunner::Run::fail_with(const Compiled& one, bool down, const Executor& executor,
                                     std::int64_t ms, MigrationEntry& entry) {
  const auto& totals = executor.totals();
  const bool whole = entry.atomicity == Atomicity::transactional && !totals.saved;
  const MigrationState from = down ? reverting : running;
  const bool keeps_cursor = totals.saved;  // by this run or one before
  MigrationState to = down ? applied : MigrationState::failed;
  MigrationResult result = MigrationResult::failed;
  ErrorCode code = ErrorCode::migration_failed;
  std::vector<std::string> next;
  std::optional<Error> cause;
  const Caught caught = current_failure();
  try {
    throw;
  } catch (const Paused& pause) {
    to = paused;
    result =
        pause.cause == Paused::Cause::budget ? MigrationResult::deferred : MigrationResult::paused;
    yielded_ = pause.cause == Paused::Cause::yields;
    code = ErrorCode::migration_partial;
    cause.emplace(MigrationError(code, FieldPath(one.id()), pause.reason));
    if (down && whole) to = applied;
    next = {"run again: it goes on where it stopped"};
  } catch (const OutcomeUnknown&) {
    to = attention;
  } catch (const MigrationError& error) {
    if (error.code() == ErrorCode::lock_lost) throw;
  } catch (...) {
  }
  if (to != paused && !cause) {
    if (totals.in_manual_code) to = attention;
    if (to == attention) {
      result = MigrationResult::attention;
      code = ErrorCode::needs_attention;
      next = {
          "look whether its effect is there, then mark it applied or failed "
          "(MigrationRunner::mark)"};
    } else if (!whole && keeps_cursor) {
      to = partial;
      result = MigrationResult::partial;
      code = ErrorCode::migration_partial;
      next = {"correct the cause and run again: it goes on at its cursor"};
    } else {
      next = {"correct the cause and run again: nothing was left behind"};
    }
    try {
      throw;
    } catch (const OutcomeUnknown&) {
      cause.emplace(MigrationError(code, FieldPath(one.id()),
                                   "it ended in the middle of code whose outcome is unknown"));
    } catch (const Error& error) {
      cause.emplace(describe(one, code, &error, caught));
    } catch (...) {
      cause.emplace(describe(one, code, nullptr, caught));
    }
  }
  entry.state = to;
  entry.ms = ms;
  entry.matched = totals.counts.matched;
  entry.changed = totals.counts.changed;
  entry.removed = totals.counts.removed;
  entry.rejected = totals.counts.rejected;
  entry.cursor = totals.cursor;
  entry.error = cause;
  try {
    bson::Writer set;
    set.append_all(progress_fields(executor, ms)).append("error", cause->what());
    if (down && to == applied) set.append("direction", "up");
    journal_.move({one.id(), from, to, lock_.token(), set.finish(), "finished", cause->what()});
  } catch (const MigrationError& error) {
    if (error.code() == ErrorCode::lock_lost) throw;
  } catch (const StoreError& error) {
    // The row still says running, which the next run understands.
    report_.warnings.push_back("the state could not be written: " + error.detail());
  }
  report_.migrations.push_back(entry);
  finish(result, *cause, std::move(next));
  cause_ = caught.code;
  tell(result == MigrationResult::deferred ? MigrationEvent::Kind::paused
                                           : MigrationEvent::Kind::failed,
       one.id(), &entry);
  return false;
}

}  // namespace quire::migrate
