#include <algorithm>
#include <set>

#include "migrate/plan_details.hpp"
#include "migrate/run.hpp"
#include "quire/bson/json.hpp"
#include "quire/migrate/lint.hpp"

/// What would be done, and what was.
namespace quire::migrate {

using enum MigrationState;

MigrationPlan MigrationRunner::Run::plan(const PlanOptions& options) {
  classify_all();
  MigrationPlan plan;
  plan.app_level = migrations_.app_level;
  std::int64_t min_app = 0;
  for (const auto& [id, known] : history_)
    if (known.counts_as_applied()) min_app = std::max(min_app, known.min_app);
  PlanDetails details(db_, can_, options, options_.batch_documents);
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
    details.add(one, planned, plan.warnings);
    if (planned.seconds) plan.seconds = plan.seconds.value_or(0) + *planned.seconds;
    min_app = std::max<std::int64_t>(min_app, one.migration->info().min_app);
    planned.min_app = static_cast<int>(min_app);
    refuse(refused(i));
    refuse(incomplete(one));
    if (planned.state == attention && stopped.empty())
      stopped = "the outcome of " + one.id() + " is unknown";
    planned.blocked_by = stopped;
    if (!stopped.empty() && planned.state == pending) planned.state = blocked;
    plan.migrations.push_back(std::move(planned));
  }
  if (!options.lint || plan.migrations.empty()) return plan;
  LintOptions look;
  look.models = options.models;
  plan.findings = lint(db_, migrations_, look).findings;
  std::erase_if(plan.findings, [&](const Finding& found) {
    return std::ranges::none_of(plan.migrations, [&](const PlannedMigration& planned) {
      return planned.id == found.migration;
    });
  });
  return plan;
}

bool MigrationRunner::Run::is_complete(std::string_view id) const {
  const Compiled& one = wanted(id);
  return settled(one) && !is_unverified(one);
}

MigrationStatus MigrationRunner::Run::status() const {
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
