#include "migrate/run.hpp"

#include <algorithm>

#include "quire/core/error.hpp"

namespace quire::migrate {

using enum MigrationState;

MigrationRunner::Run::Run(const Database& db, const Migrations& migrations, const Options& options)
    : db_(migrate::sign(db, signature_)),
      migrations_(migrations),
      options_(options),
      transactions_(db_),
      journal_(db_, transactions_, Uuid::generate().str()),
      monitor_(*options.monitor),
      lock_(db_, options.lease, options.application, *options.clock),
      pace_(db_,
            {options.stop, options.throttle,
             options.budget ? std::optional(options.clock->now() + *options.budget) : std::nullopt,
             options.yields},
            *options.clock, lock_, monitor_),
      began_(options.clock->now()),
      teller_(options.sink),
      watch_(db, *options.clock, options.slow, teller_) {
  report_.run = journal_.run_id();
  for (const std::size_t position : migrations_.order())
    compiled_.push_back(learn(migrations_.items[position]));
  chosen_ = choose();
  read();
  prefer_images();
}

void MigrationRunner::Run::classify_all() {
  can_ = db_.store().capabilities();
  transactions_.use(can_.transactions);
  for (Compiled& one : compiled_) classify(one, can_, is_large(one));
}

/// Whether declared steps on fields had better not be one transaction: on servers one may live for
/// a minute, and holds back others meanwhile. What was begun goes on as it began.
bool MigrationRunner::Run::is_large(const Compiled& one) {
  if (can_.transactional_catalog) return false;
  const HistoryRow* known = row(one.id());
  if (is_begun(one.id()) && !known->counts_as_applied())
    return known->atomicity == to_string(Atomicity::resumable);
  if (report_.operation != "down" && settled(one)) return false;  // it is not run
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

void MigrationRunner::Run::tell(MigrationEvent::Kind kind, std::string_view id,
                                const MigrationEntry* entry) const {
  MigrationEvent event;
  event.kind = kind;
  event.migration = id;
  event.token = lock_.token();
  std::string text;
  if (entry != nullptr) {
    event.elapsed = std::chrono::milliseconds(entry->ms);
    event.done = entry->matched;
    if (entry->error) text = entry->error->what();
  }
  event.text = text;
  teller_(event);
}

void MigrationRunner::Run::finish(MigrationResult result, Error error,
                                  std::vector<std::string> next) {
  report_.result = result;
  cause_ = error.code();
  report_.error.emplace(std::move(error));
  report_.next = std::move(next);
}

/// What the store refused between two migrations, or before the first.
void MigrationRunner::Run::stopped_by(const StoreError& error) {
  const auto remedy = [&]() -> std::string {
    switch (error.code()) {
      case ErrorCode::unauthorized:
      case ErrorCode::authentication_failed:
        return "give the user the role readWrite and, for validators, dbAdmin";
      case ErrorCode::not_primary:
      case ErrorCode::read_only:
        return "connect to a server or file that takes writes";
      case ErrorCode::network_error:
      case ErrorCode::server_unreachable:
        return "see that the server can be reached";
      case ErrorCode::disk_full:
        return "make room on the disk";
      default:
        return "correct the cause";
    }
  };
  finish(MigrationResult::failed, error, {remedy() + " and run again"});
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
