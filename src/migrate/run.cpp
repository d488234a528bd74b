#include "migrate/run.hpp"

#include <algorithm>

#include "quire/core/error.hpp"

namespace quire::migrate {

using enum MigrationState;

MigrationRunner::Run::Run(Database db, const Migrations& migrations, const Options& options)
    : db_(db),
      migrations_(migrations),
      options_(options),
      transactions_(db),
      journal_(db, transactions_, Uuid::generate().str()),
      monitor_(*options.monitor),
      lock_(db, options.lease, options.application, *options.clock),
      pace_(db,
            {options.stop, options.throttle,
             options.budget ? std::optional(options.clock->now() + *options.budget) : std::nullopt,
             options.yields},
            *options.clock, lock_, monitor_) {
  report_.run = journal_.run_id();
  for (const std::size_t position : migrations_.order()) {
    const auto& migration = migrations_.items[position];
    naming(*migration, [&] { compiled_.push_back(learn(migration)); });
  }
  chosen_ = choose();
  read();
  prefer_images();
}

void MigrationRunner::Run::naming(const Migration& migration, FunctionRef<void()> look) {
  const std::string& id = migration.info().id;
  try {
    look();
  } catch (const MigrationError&) {
    throw;
  } catch (const StoreError& error) {
    throw StoreError(error.code(), FieldPath(id), error.detail(), error.backend_code());
  } catch (...) {
    const Caught caught = current_failure();
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(id),
                         "up() or down() failed when they were called to learn their steps "
                         "(whatever has an effect belongs into a step): " +
                             caught.text);
  }
}

void MigrationRunner::Run::classify_all() {
  can_ = db_.store().capabilities();
  transactions_.use(can_.transactions);
  for (Compiled& one : compiled_)
    naming(*one.migration, [&] { classify(one, can_, is_large(one)); });
}

/// Whether declared steps on fields had better not be one transaction: on servers one may live for
/// a minute, and holds back others meanwhile. What was begun goes on as it began.
bool MigrationRunner::Run::is_large(const Compiled& one) {
  if (can_.transactional_catalog) return false;
  const HistoryRow* known = row(one.id());
  if (is_begun(one.id()) && !known->counts_as_applied())
    return known->atomicity == to_string(Atomicity::resumable);
  if (report_.operation != "down" && settled(one)) return false;  // it is not run
  constexpr std::int64_t most_at_once = 10'000;
  for (const Step& step : one.steps) {
    const auto& data = step.data();
    if (detail::work_as<detail::FieldWork>(data) == nullptr) continue;
    auto [found, is_new] = sizes_.try_emplace(data.collection, 0);
    if (is_new) found->second = db_.store().estimated_count(db_.ns(data.collection));
    if (found->second > most_at_once) return true;
  }
  return false;
}

const HistoryRow* MigrationRunner::Run::row(std::string_view id) const {
  const auto found = history_.find(id);
  return found == history_.end() ? nullptr : &found->second;
}

const Compiled* MigrationRunner::Run::compiled(std::string_view id) const {
  const auto found = std::find_if(compiled_.begin(), compiled_.end(),
                                  [&](const Compiled& one) { return one.id() == id; });
  return found == compiled_.end() ? nullptr : &*found;
}

const Compiled& MigrationRunner::Run::wanted(std::string_view id) const {
  if (const Compiled* found = compiled(id)) return *found;
  throw MigrationError(ErrorCode::unknown_migration, FieldPath(std::string(id)),
                       "the program has no migration of this id");
}

std::optional<MigrationState> MigrationRunner::Run::stored_state(std::string_view id) const {
  const HistoryRow* known = row(id);
  return known == nullptr ? std::nullopt : std::optional(known->state);
}

bool MigrationRunner::Run::is_begun(std::string_view id) const {
  const HistoryRow* known = row(id);
  return known != nullptr && !known->is_open();
}

bool MigrationRunner::Run::settled(const Compiled& one) const {
  const HistoryRow* known = row(one.id());
  if (known == nullptr || !known->counts_as_applied()) return false;
  return !one.migration->info().repeatable || known->has_checksum(one.checksum);
}

bool MigrationRunner::Run::passed_over(std::size_t position) const {
  const Compiled& one = compiled_[position];
  return !chosen_[position] || (settled(one) && !is_unverified(one)) || is_replaced(one);
}

bool MigrationRunner::Run::nothing_to_do() const {
  for (std::size_t i = 0; i < compiled_.size(); ++i)
    if (!passed_over(i)) return false;
  return true;
}

bool MigrationRunner::Run::late(std::size_t position) const {
  if (compiled_[position].migration->info().repeatable) return false;
  return std::any_of(
      compiled_.begin() + static_cast<std::ptrdiff_t>(position) + 1, compiled_.end(),
      [&](const Compiled& one) { return !one.migration->info().repeatable && settled(one); });
}

bool MigrationRunner::Run::independent(std::size_t position) const {
  for (std::size_t i = position + 1; i < compiled_.size(); ++i) {
    if (!compiled_[i].migration->info().repeatable && settled(compiled_[i]) &&
        overlap(compiled_[position].touches, compiled_[i].touches))
      return false;
  }
  return true;
}

auto MigrationRunner::Run::refused(std::size_t position) const -> std::optional<Refusal> {
  const std::string& id = compiled_[position].id();
  if (!late(position) || options_.order == OutOfOrder::apply) return std::nullopt;
  if (options_.order == OutOfOrder::if_independent && independent(position)) return std::nullopt;
  // What was begun is finished whatever the policy says now.
  if (is_begun(id)) return std::nullopt;
  return Refusal{MigrationResult::drifted,
                 MigrationError(ErrorCode::out_of_order, FieldPath(id),
                                options_.order == OutOfOrder::reject
                                    ? "a later migration is applied already"
                                    : "a later migration that touches the same data is applied "
                                      "already"),
                 {"give the migration an order after the applied ones (depends_on)",
                  "or run with OutOfOrder::apply if the order does not matter"}};
}

auto MigrationRunner::Run::database_too_new() const -> std::optional<Refusal> {
  for (const auto& [id, known] : history_) {
    if (known.counts_as_applied() && known.min_app > migrations_.app_level) {
      return Refusal{
          MigrationResult::too_new,
          MigrationError(ErrorCode::database_too_new, FieldPath(id),
                         "the database needs a program of level " + std::to_string(known.min_app) +
                             ", this one has " + std::to_string(migrations_.app_level)),
          {"start a newer program"}};
    }
  }
  return std::nullopt;
}

auto MigrationRunner::Run::drift(std::vector<std::string>& warnings) const
    -> std::optional<Refusal> {
  for (const Compiled& one : compiled_) {
    const HistoryRow* known = row(one.id());
    if (known == nullptr || known->state != applied || known->has_checksum(one.checksum) ||
        one.migration->info().repeatable) {
      continue;
    }
    if (options_.checksum == ChecksumPolicy::warn) {
      warnings.push_back(one.id() + ": changed after it was applied");
      continue;
    }
    return Refusal{MigrationResult::drifted,
                   MigrationError(ErrorCode::checksum_mismatch, FieldPath(one.id()),
                                  "the migration was changed after it was applied; history has " +
                                      known->checksum + ", the program " + one.checksum),
                   {"restore the migration as it was and write a new one",
                    "or accept() the change if it does not matter"}};
  }
  return std::nullopt;
}

auto MigrationRunner::Run::lost_unknown() const -> std::optional<Refusal> {
  for (const auto& [id, known] : history_) {
    const bool half_done = known.state == running || known.state == partial ||
                           known.state == paused || known.state == reverting ||
                           known.state == attention;
    if (half_done && compiled(id) == nullptr) {
      return Refusal{
          MigrationResult::attention,
          MigrationError(ErrorCode::unknown_migration, FieldPath(id),
                         "history has this migration as " + std::string(to_string(known.state)) +
                             ", and this program does not know it"),
          {"run the program that began it"}};
    }
  }
  return std::nullopt;
}

void MigrationRunner::Run::tell(MigrationEvent::Kind kind, std::string_view id) const {
  if (options_.sink) options_.sink({kind, id, 0, 0, 0});
}

void MigrationRunner::Run::finish(MigrationResult result, Error error,
                                  std::vector<std::string> next) {
  report_.result = result;
  cause_ = error.code();
  report_.error.emplace(std::move(error));
  report_.next = std::move(next);
}

bool MigrationRunner::Run::lock() {
  lock_.tell_session(transactions_.session_id());
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
    if (report_.took_over) tell(MigrationEvent::Kind::took_over, {});
    if (!lock_.undrained().empty()) report_.warnings.push_back(lock_.undrained());
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

/// Says who has the lock and how far that process is.
void MigrationRunner::Run::tell_waiting(bson::View lock) const {
  std::string text = holder_of(lock);
  monitor_.is(RunState::waiting, text);
  if (options_.sink) options_.sink({MigrationEvent::Kind::waiting, {}, 0, 0, 0, text});
}

MigrationReport MigrationRunner::Run::up() {
  const auto refuse = [&](std::optional<Refusal> refusal) {
    if (refusal) finish(refusal->result, refusal->error, std::move(refusal->next));
    return refusal.has_value();
  };
  const auto checks = [&] {
    report_.warnings.clear();
    if (!lock_.undrained().empty()) report_.warnings.push_back(lock_.undrained());
    return refuse(database_too_new()) || refuse(drift(report_.warnings));
  };
  const auto end = [&] {
    lock_.release();
    tell_end();
    return std::move(report_);
  };
  if (checks() || nothing_to_do()) return end();
  find_urgent();
  if (options_.budget == std::chrono::milliseconds(0) && !anything_urgent()) {
    defer_all();
    return end();
  }
  classify_all();
  try {
    if (!lock()) return end();
    read();  // what was pending may be done by now
    if (checks() || refuse(lost_unknown())) return end();
    if (!nothing_to_do() && apply_all()) report_.result = MigrationResult::applied;
    tell_deferred();
  } catch (const MigrationError& error) {
    if (error.code() != ErrorCode::lock_lost) throw;
    finish(MigrationResult::lock_lost, error, {"run again"});
  }
  return end();
}

/// The report's result to those who ask for the runner's health.
void MigrationRunner::Run::tell_end() const {
  monitor_.no_step();
  switch (report_.result) {
    case MigrationResult::nothing:
    case MigrationResult::applied:
      monitor_.is(RunState::complete);
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
  monitor_.ended(report_.ok(), report_.deferred);
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
  if (settled(one)) return verify(one);
  if (adopt(one)) return true;
  if (!may_begin(position)) return !report_.error.has_value();
  return apply(position) && (!is_unverified(one) || verify(one));
}

std::vector<std::string> MigrationRunner::Run::behind(std::string_view id) const {
  std::vector<std::string> reverted{wanted(id).id()};
  for (const Compiled& one : compiled_) {  // dependencies come first in this order
    const auto& needs = one.migration->info().depends_on;
    if (std::any_of(needs.begin(), needs.end(), [&](const std::string& need) {
          return std::find(reverted.begin(), reverted.end(), need) != reverted.end();
        })) {
      reverted.push_back(one.id());
    }
  }
  std::vector<std::string> result;
  for (auto it = compiled_.rbegin(); it != compiled_.rend(); ++it) {
    if (!is_begun(it->id())) continue;
    if (std::find(reverted.begin(), reverted.end(), it->id()) != reverted.end())
      result.push_back(it->id());
  }
  return result;
}

std::vector<std::string> MigrationRunner::Run::beyond(std::string_view id) const {
  if (compiled(id) == nullptr) {
    throw MigrationError(ErrorCode::unknown_migration, FieldPath(std::string(id)),
                         "the program has no migration of this id");
  }
  std::vector<std::string> result;
  for (auto it = compiled_.rbegin(); it->id() != id; ++it) {
    // What a squash superseded goes with the squash.
    if (is_begun(it->id()) && stored_state(it->id()) != superseded) result.push_back(it->id());
  }
  return result;
}

std::vector<std::string> MigrationRunner::Run::last(int count) const {
  std::vector<const HistoryRow*> rows;
  for (const auto& [id, known] : history_) {
    if (!known.is_open()) rows.push_back(&known);
  }
  std::sort(rows.begin(), rows.end(),
            [](const HistoryRow* a, const HistoryRow* b) { return a->seq > b->seq; });
  std::vector<std::string> result;
  for (const HistoryRow* known : rows) {
    if (static_cast<int>(result.size()) >= count) break;
    if (compiled(known->id) == nullptr) {
      throw MigrationError(ErrorCode::unknown_migration, FieldPath(known->id),
                           "history has this migration, and this program does not know it");
    }
    result.push_back(known->id);
  }
  return result;
}

MigrationReport MigrationRunner::Run::down(FunctionRef<std::vector<std::string>()> choose) {
  report_.operation = "down";
  try {
    if (choose().empty()) return std::move(report_);
    classify_all();
    if (!lock()) return std::move(report_);
    read();
    const std::vector<std::string> ids = choose();
    auto refusal = lost_unknown();
    for (const std::string& id : ids) {
      if (!refusal) refusal = not_reversible(*compiled(id));
    }
    if (refusal) {
      finish(refusal->result, refusal->error, std::move(refusal->next));
      return std::move(report_);
    }
    bool all = true;
    for (const std::string& id : ids) {
      all = revert(*compiled(id));
      if (!all) break;
    }
    if (all && !ids.empty()) report_.result = MigrationResult::applied;
  } catch (const MigrationError& error) {
    if (error.code() != ErrorCode::lock_lost) throw;
    finish(MigrationResult::lock_lost, error, {"run again"});
  }
  lock_.release();
  return std::move(report_);
}

void MigrationRunner::Run::mark(std::string_view id, MigrationState state,
                                std::string_view reason) {
  if ((state != applied && state != failed) || reason.empty()) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(id)),
                         "mark takes applied or failed, and a reason");
  }
  classify_all();
  if (!lock()) throw MigrationError(ErrorCode::lock_busy, report_.error->detail());
  read();
  const HistoryRow* known = row(id);
  if (known == nullptr || known->state != attention) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(id)),
                         "only a migration in state attention can be marked");
  }
  if (state == failed) {
    transactions_.run([&](store::Session* session) {
      remove_jobs(db_, id, lock_.token(), session);
      journal_.move({id, attention, state, lock_.token(), {}, "finished", reason}, session);
    });
  } else {
    journal_.move({id, attention, state, lock_.token(), {}, "finished", reason, true});
  }
  lock_.release();
}

}  // namespace quire::migrate
