// A run forward: the lock, and one migration after the other.
#include "migrate/run.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

bool MigrationRunner::Run::lock() {
  lock_.tell_session(transactions_.session_id());
  lock_.drain_wait(options_.drain_wait);
  lock_.tell_progress([this] { return monitor_.progress(); });
  const Clock& clock = *options_.clock;
  const auto start = clock.now();
  std::optional<std::chrono::milliseconds> told;
  bool mine = false;
  // What can be left for the background is not worth waiting for who may be at it.
  const bool may_be_left = options_.budget && report_.operation == "up" && !anything_urgent();
  if (options_.busy == Busy::wait && !may_be_left) {
    mine = lock_.wait(options_.wait_limit, options_.stop, !options_.yields, [&](bson::View holder) {
      const auto now = clock.now();
      if (told && now - *told < std::chrono::seconds(1)) return;
      told = now;
      tell_waiting(holder);
    });
  } else {
    mine = lock_.try_take();
  }
  report_.waited_ms = (clock.now() - start).count();
  if (mine) {
    monitor_.is(RunState::running);
    report_.lock_token = lock_.token();
    report_.took_over = lock_.took_over();
    if (!transactions_.are_used()) journal_.complete_events();
    report_drained();
    watch_.start();
    signs_ = takes_comments(db_.store());
    sign("lock");
    return true;
  }
  if (may_be_left) {
    defer_all();
  } else if (options_.stop.stop_requested()) {
    finish(MigrationResult::paused,
           MigrationError(ErrorCode::migration_partial, "stopped while waiting for the lock"), {});
  } else {
    finish(options_.busy == Busy::skip ? MigrationResult::skipped : MigrationResult::busy,
           MigrationError(ErrorCode::lock_busy, "another process holds the migration lock"),
           {"wait until it has finished, or run with on_busy(Wait{…})"});
  }
  return false;
}

void MigrationRunner::Run::report_drained() {
  report_.drained = lock_.drained();
  report_.warnings = lock_.undrained();
  std::string text;
  for (const std::string& one : report_.drained) text += text.empty() ? one : "; " + one;
  MigrationEvent event;
  event.kind = report_.took_over ? MigrationEvent::Kind::took_over : MigrationEvent::Kind::locked;
  event.text = text;
  event.token = lock_.token();
  teller_(event);
}

void MigrationRunner::Run::sign(std::string_view what) {
  if (signs_) signature_->set(std::to_string(lock_.token()), what);
}

/// Says who has the lock and how far that process is.
void MigrationRunner::Run::tell_waiting(bson::View lock) const {
  std::string text = holder_of(lock);
  monitor_.is(RunState::waiting, text);
  MigrationEvent event;
  event.kind = MigrationEvent::Kind::waiting;
  event.text = text;
  teller_(event);
}

MigrationReport MigrationRunner::Run::up() {
  const auto refuse = [&](std::optional<Refusal> refusal) {
    if (refusal) finish(refusal->result, refusal->error, std::move(refusal->next));
    return refusal.has_value();
  };
  const auto checks = [&] {
    report_.warnings = lock_.undrained();
    return refuse(database_too_new()) || refuse(drift(report_.warnings));
  };
  const auto end = [&] {
    leave();
    tell_end();
    return std::move(report_);
  };
  try {
    if (checks() || nothing_to_do()) return end();
    find_urgent();
    if (options_.budget == std::chrono::milliseconds(0) && !anything_urgent()) {
      defer_all();
      return end();
    }
    classify_all();
    if (!lock()) return end();
    read();  // what was pending may be done by now
    if (checks() || refuse(lost_unknown())) return end();
    if (!nothing_to_do() && apply_all()) report_.result = MigrationResult::applied;
    tell_deferred();
  } catch (const MigrationError& error) {
    if (error.code() != ErrorCode::lock_lost) throw;
    finish(MigrationResult::lock_lost, error, {"run again"});
  } catch (const StoreError& error) {
    stopped_by(error);
  }
  return end();
}

/// Gives the lock back, when nothing is told any more of what is done under it.
void MigrationRunner::Run::leave() {
  watch_.stop();
  for (std::string& warning : watch_.take_warnings())
    report_.warnings.push_back(std::move(warning));
  lock_.release();
}

/// The report's result to those who ask for the runner's health, and to who hears events.
void MigrationRunner::Run::tell_end() {
  MigrationEvent event;
  event.kind = MigrationEvent::Kind::ended;
  event.text = to_string(report_.result);
  event.elapsed = options_.clock->now() - began_;
  event.token = report_.lock_token;
  event.report = &report_;
  monitor_.no_step();
  switch (report_.result) {
    case MigrationResult::nothing:
    case MigrationResult::applied:
      monitor_.is(report_.operation == "up" ? RunState::complete : RunState::idle);
      break;
    case MigrationResult::deferred:
      monitor_.is(RunState::deferred);
      break;
    case MigrationResult::paused:
    case MigrationResult::busy:
    case MigrationResult::skipped:
      monitor_.is(RunState::paused, report_.error ? report_.error->detail() : "");
      break;
    default:
      monitor_.is(RunState::failed, report_.error ? report_.error->what() : "");
  }
  if (report_.operation == "up") monitor_.ended(report_.ok(), report_.deferred);
  teller_(event);
}

bool MigrationRunner::Run::apply_all() {
  for (const bool repeatable : {false, true}) {
    for (std::size_t i = 0; i < compiled_.size(); ++i) {
      if (compiled_[i].migration->info().repeatable != repeatable || passed_over(i)) continue;
      if (is_deferred(i)) {
        defer(i);
      } else if (!apply_next(i)) {
        if (report_.result != MigrationResult::deferred) return false;
        defer(i);
      }
    }
  }
  return true;
}

bool MigrationRunner::Run::apply_next(std::size_t position) {
  std::optional<Refusal> refusal;
  if (!settled(compiled_[position])) refusal = refused(position);
  if (!refusal) refusal = incomplete(compiled_[position]);
  if (refusal) {
    finish(refusal->result, refusal->error, std::move(refusal->next));
    return false;
  }
  try {
    pace_.may_defer(false);
    pace_.pass();
  } catch (const Paused& pause) {
    finish(MigrationResult::paused,
           MigrationError(ErrorCode::migration_partial, pause.reason + ", between two migrations"),
           {"run again"});
    return false;
  }
  const Compiled& one = compiled_[position];
  sign(one.id());
  if (settled(one)) return verify(one);
  if (adopt(one)) return true;
  if (!may_begin(position)) return !report_.error.has_value();
  return apply(position) && (!is_unverified(one) || verify(one));
}

}  // namespace quire::migrate
