#include <algorithm>
#include <set>

#include "migrate/run.hpp"
#include "quire/bson/json.hpp"

/// What would be done, and what was.
namespace quire::migrate {

using enum MigrationState;

MigrationPlan MigrationRunner::Run::plan() {
  classify_all();
  MigrationPlan plan;
  std::string stopped;
  const auto refuse = [&](const std::optional<Refusal>& refusal) {
    if (refusal && stopped.empty()) stopped = refusal->error.what();
  };
  refuse(database_too_new());
  refuse(drift(plan.warnings));
  refuse(lost_unknown());
  for (std::size_t i = 0; i < compiled_.size(); ++i) {
    const Compiled& one = compiled_[i];
    if (passed_over(i)) continue;
    PlannedMigration planned;
    planned.id = one.id();
    planned.title = one.migration->info().title;
    if (const HistoryRow* known = row(one.id())) planned.state = known->state;
    planned.atomicity = one.atomicity;
    planned.guarantee = one.guarantee;
    planned.checksum = one.checksum;
    planned.touches = one.touches;
    planned.reversible = one.no_way_back;
    planned.out_of_order = late(i);
    std::set<std::string> collections;
    for (const Step& step : one.steps) {
      planned.steps.push_back(bson::to_json(step.spec()));
      if (!step.data().collection.empty()) collections.insert(step.data().collection);
    }
    for (const std::string& name : collections)
      planned.documents += db_.store().count(db_.ns(name), {}, store::CountOptions{});
    refuse(refused(i));
    refuse(incomplete(one));
    if (planned.state == attention && stopped.empty())
      stopped = "the outcome of " + one.id() + " is unknown";
    planned.blocked_by = stopped;
    if (!stopped.empty() && planned.state == pending) planned.state = blocked;
    plan.migrations.push_back(std::move(planned));
  }
  return plan;
}

bool MigrationRunner::Run::is_complete(std::string_view id) const {
  const Compiled& one = wanted(id);
  return settled(one) && !is_unverified(one);
}

MigrationStatus MigrationRunner::Run::status() {
  MigrationStatus status;
  const auto entry_of = [](const HistoryRow& known) {
    MigrationStatusEntry entry;
    entry.id = known.id;
    entry.title = known.title;
    entry.state = known.state;
    entry.out_of_order = known.out_of_order;
    entry.sequence = known.seq;
    entry.fence = known.fence;
    entry.finished = known.finished;
    entry.ms = known.ms;
    entry.error = known.error;
    entry.verified = known.verified;
    return entry;
  };
  bool free = true;  // nothing before it is in the way
  for (std::size_t i = 0; i < compiled_.size(); ++i) {
    const Compiled& one = compiled_[i];
    const HistoryRow* known = row(one.id());
    if (known != nullptr) {
      status.migrations.push_back(entry_of(*known));
      auto& entry = status.migrations.back();
      entry.title = one.migration->info().title;
      if (known->state == applied && !known->has_checksum(one.checksum))
        entry.state = one.migration->info().repeatable ? pending : drifted;
      if (known->state == attention) free = false;
    } else {
      MigrationStatusEntry entry;
      entry.id = one.id();
      entry.title = one.migration->info().title;
      entry.out_of_order = late(i);
      if (is_replaced(one)) {
        entry.state = superseded;
      } else if (!free || refused(i)) {
        entry.state = blocked;
      }
      status.migrations.push_back(std::move(entry));
    }
  }
  for (const auto& [id, known] : history_) {
    if (compiled(id) != nullptr) continue;
    status.migrations.push_back(entry_of(known));
    if (known.counts_as_applied()) status.migrations.back().state = future;
  }
  return status;
}

}  // namespace quire::migrate
