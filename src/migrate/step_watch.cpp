#include "migrate/step_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "migrate/step_filters.hpp"
#include "migrate/step_work.hpp"
#include "quire/bson/json.hpp"

namespace quire::migrate {
namespace {

using std::chrono::milliseconds;

std::string took(milliseconds time) {
  const double seconds = static_cast<double>(time.count()) / 1000;
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 600) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

}  // namespace

void EventTeller::operator()(const MigrationEvent& event) const {
  if (!sink_) return;
  const std::lock_guard guard(mutex_);
  sink_(event);
}

/// Without anybody to tell meanwhile, the end of an operation is soon enough: for the report.
void StepWatch::start() {
  if (limit_.count() <= 0 || !teller_.is_heard() || thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void StepWatch::stop() noexcept {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void StepWatch::run(const std::stop_token& stop) {
  // The clock may be one of a test, which moves when it likes: so this sleeps by the machine's.
  const auto pause = std::clamp(limit_ / 8, milliseconds(2), milliseconds(500));
  std::mutex none;
  std::condition_variable_any never;
  std::unique_lock guard(none);
  while (!stop.stop_requested()) {
    (void)never.wait_for(guard, stop, pause, [] { return false; });
    if (stop.stop_requested()) return;
    try {
      look();
    } catch (...) {  // what a sink throws, which it must not
    }
  }
}

void StepWatch::begin(const detail::StepData& step, StepAt at) {
  if (limit_.count() <= 0) return;
  const std::lock_guard guard(mutex_);
  at_ = std::move(at);
  collection_ = step.collection;
  const auto op = step.spec.find("op");
  op_ = op && op->is_string() ? std::string(op->as_string()) : "step";
  filter_ = bson::Document(filter_of(step));
  kind_ = detail::is_code(step)                                   ? Kind::code
          : detail::work_as<detail::CatalogWork>(step) != nullptr ? Kind::catalog
          : detail::is_rows(step)                                 ? Kind::rows
                                                                  : Kind::fields;
  unindexed_.reset();
  since_.reset();
  worked_ = milliseconds(0);
  next_operation_ = next_step_ = limit_;
  done_ = total_ = 0;
  warning_.clear();
}

void StepWatch::works() {
  if (limit_.count() <= 0) return;
  const std::lock_guard guard(mutex_);
  since_ = clock_.now();
}

void StepWatch::rests(std::int64_t done, std::int64_t total) {
  if (limit_.count() <= 0) return;
  {
    const std::lock_guard guard(mutex_);
    done_ = done;
    total_ = total;
  }
  look();
  const std::lock_guard guard(mutex_);
  if (since_) worked_ += clock_.now() - *since_;
  since_.reset();
}

void StepWatch::end() {
  if (limit_.count() <= 0) return;
  look();
  const std::lock_guard guard(mutex_);
  if (!warning_.empty()) warnings_.push_back(std::move(warning_));
  warning_.clear();
  since_.reset();
  at_.reset();
}

std::vector<std::string> StepWatch::take_warnings() {
  const std::lock_guard guard(mutex_);
  return std::exchange(warnings_, {});
}

bool StepWatch::is_due() const {
  if (!at_ || !since_) return false;
  const auto operation = clock_.now() - *since_;
  return operation >= next_operation_ || worked_ + operation >= next_step_;
}

/// Asks for indexes without holding the mutex: the store may let this thread wait.
void StepWatch::look() {
  std::string collection;
  bson::Document filter;
  int number = 0;
  {
    const std::lock_guard guard(mutex_);
    if (!is_due()) return;
    number = at_->number;
    if (kind_ == Kind::rows && !filter_.empty() && !unindexed_) {
      collection = collection_;
      filter = filter_;
    }
  }
  std::optional<bool> unindexed;
  if (!filter.empty()) {
    try {
      unindexed = !serves(db_.store().list_indexes(db_.ns(collection)), filter);
    } catch (const Error&) {  // the next time
    }
  }
  MigrationEvent event;
  event.kind = MigrationEvent::Kind::slow;
  std::string migration, text;
  {
    const std::lock_guard guard(mutex_);
    if (!is_due() || at_->number != number) return;
    if (unindexed) unindexed_ = unindexed;
    event.operation = clock_.now() - *since_;
    event.elapsed = worked_ + event.operation;
    const bool operation = event.operation >= next_operation_;
    if (operation) next_operation_ = event.operation * 2;
    if (event.elapsed >= next_step_) next_step_ = event.elapsed * 2;
    event.step = at_->number;
    event.done = done_;
    event.total = total_;
    migration = at_->migration;
    collection = collection_;
    const bool batch = at_->by_batches;
    text = operation
               ? std::string(batch ? "a batch of it" : "it") + " has taken " + took(event.operation)
               : "it has worked for " + took(event.elapsed);
    text += "; " + advice(operation);
    warning_ = fmt::format("{}, step {} ({}{}): {}", migration, event.step, op_,
                           collection.empty() ? "" : " of " + collection, text);
  }
  event.migration = migration;
  event.collection = collection;
  event.text = text;
  teller_(event);
}

std::string StepWatch::advice(bool operation) const {
  const std::string quiet = "run it when little is written";
  switch (kind_) {
    case Kind::code:
      return "it is the migration's own code: let it do less, or make it steps that go by batches "
             "(each, transform)";
    case Kind::catalog:
      if (op_ == "create_index") return "an index over all documents is made; " + quiet;
      return "others may use the collection; " + quiet;
    case Kind::rows:
      if (unindexed_.value_or(false))
        return "no index begins with a field of its filter " + bson::to_json(filter_) +
               ", so that all documents are read to find those that match: create one in a "
               "migration before it";
      break;
    case Kind::fields:
      break;
  }
  if (at_->one_transaction)
    return "the migration is one transaction, for whose end other writers wait: leave out "
           ".atomicity = transactional where it is given, or " +
           quiet;
  if (!operation) return "it can be left to the background: budget(0s), then background().start()";
  if (kind_ == Kind::rows && at_->batch_documents > 1)
    return fmt::format("take smaller batches: batch_size({})",
                       std::max(at_->batch_documents / 4, 1));
  if (at_->by_batches)
    return "its ranges get smaller by themselves; look what else the store does, as its slow log "
           "tells";
  return "it is one update of all that it finds; " + quiet;
}

}  // namespace quire::migrate
