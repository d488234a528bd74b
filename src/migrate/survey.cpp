#include "migrate/survey.hpp"

#include "migrate/step_filters.hpp"
#include "migrate/support.hpp"

namespace quire::migrate {

std::vector<Surveyed> survey(const Migrations& migrations) {
  std::vector<Surveyed> all;
  for (const std::size_t position : migrations.order())
    all.push_back({learn(migrations.items[position]), true, false, {}});
  return all;
}

std::vector<Surveyed> survey(const Database& db, const Migrations& migrations) {
  std::map<std::string, MigrationState, std::less<>> states;
  for (const auto& one : MigrationRunner(db, migrations).status().migrations)
    states.emplace(one.id, one.state);
  const auto can = db.capabilities();
  Sizes sizes(db);
  auto all = survey(migrations);
  for (Surveyed& one : all) {
    using enum MigrationState;
    const auto state = states[one.compiled.id()];
    one.pending = state != applied && state != baselined && state != superseded &&
                  state != skipped && state != drifted;
    if (!one.pending) continue;
    bool large = false;
    for (const Step& step : one.compiled.steps) {
      if (can.transactional_catalog || detail::work_as<detail::FieldWork>(step.data()) == nullptr)
        continue;
      large = large || sizes.estimate(step.data().collection) > most_at_once;
    }
    try {
      classify(one.compiled, can, large);
      one.classified = true;
    } catch (const Error& error) {
      one.refusal = error.detail();
    }
  }
  return all;
}

std::int64_t Sizes::estimate(const std::string& collection) {
  const auto [found, is_new] = estimates_.try_emplace(collection, 0);
  if (is_new) found->second = db_.store().estimated_count(db_.ns(collection));
  return found->second;
}

std::int64_t Sizes::matching(const std::string& collection, bson::View filter) {
  return db_.store().count(db_.ns(collection), filter, safe<store::CountOptions>());
}

std::optional<bson::Document> wanted_by(const Step& step) {
  const auto& data = step.data();
  if (const auto* fields = detail::fields_of(data)) return fields->filter;
  if (!detail::is_rows(data)) return std::nullopt;
  return bson::Document(filter_of(data));
}

}  // namespace quire::migrate
