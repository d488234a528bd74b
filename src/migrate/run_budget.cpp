// What a start-up budget leaves for the background.
#include <algorithm>

#include "migrate/run.hpp"

namespace quire::migrate {

/// Schema migrations, and what one that comes later depends on or could meet the data of.
void MigrationRunner::Run::find_urgent() {
  urgent_.assign(compiled_.size(), true);
  if (!options_.budget) return;
  const auto needed_by = [&](std::size_t before, std::size_t later) {
    const auto& needs = compiled_[later].migration->info().depends_on;
    return options_.order == OutOfOrder::reject ||
           std::ranges::find(needs, compiled_[before].id()) != needs.end() ||
           overlap(compiled_[before].touches, compiled_[later].touches);
  };
  for (std::size_t i = compiled_.size(); i-- > 0;) {
    urgent_[i] = compiled_[i].migration->info().kind == MigrationKind::schema;
    for (std::size_t later = i + 1; later < compiled_.size() && !urgent_[i]; ++later)
      urgent_[i] = urgent_[later] && !passed_over(later) && needed_by(i, later);
  }
}

bool MigrationRunner::Run::anything_urgent() const {
  for (std::size_t i = 0; i < compiled_.size(); ++i)
    if (urgent_[i] && !passed_over(i)) return true;
  return false;
}

bool MigrationRunner::Run::is_deferred(std::size_t position) const {
  if (urgent_[position]) return false;
  if (pace_.is_spent()) return true;
  const Compiled& one = compiled_[position];
  const auto& needs = one.migration->info().depends_on;
  return std::ranges::any_of(deferred_, [&](std::size_t other) {
    return std::ranges::find(needs, compiled_[other].id()) != needs.end() ||
           overlap(one.touches, compiled_[other].touches);
  });
}

void MigrationRunner::Run::defer(std::size_t position) {
  deferred_.push_back(position);
  report_.deferred.push_back(compiled_[position].id());
  if (report_.migrations.empty() || report_.migrations.back().id != compiled_[position].id())
    return;
  report_.migrations.back().error.reset();  // it was begun, and stopped as it should
}

void MigrationRunner::Run::defer_all() {
  for (std::size_t i = 0; i < compiled_.size(); ++i)
    if (!passed_over(i)) defer(i);
  tell_deferred();
}

void MigrationRunner::Run::tell_deferred() {
  if (deferred_.empty()) return;
  const bool failed = report_.result != MigrationResult::applied &&
                      report_.result != MigrationResult::nothing &&
                      report_.result != MigrationResult::deferred;
  if (failed) return;
  report_.result = MigrationResult::deferred;
  report_.error.reset();
  report_.next = {"let the rest run in the background (MigrationRunner::background().start())",
                  "or run again without a budget"};
}

}  // namespace quire::migrate
