// A run back: which migrations, and one after the other.
#include <algorithm>

#include "migrate/run.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

using enum MigrationState;

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
    revert_all(choose);
  } catch (const MigrationError& error) {
    if (error.code() != ErrorCode::lock_lost) throw;
    finish(MigrationResult::lock_lost, error, {"run again"});
  } catch (const StoreError& error) {
    stopped_by(error);
  }
  leave();
  tell_end();
  return std::move(report_);
}

void MigrationRunner::Run::revert_all(FunctionRef<std::vector<std::string>()> choose) {
  if (choose().empty()) return;
  classify_all();
  if (!lock()) return;
  read();
  const std::vector<std::string> ids = choose();
  auto refusal = lost_unknown();
  for (const std::string& id : ids) {
    if (!refusal) refusal = not_reversible(*compiled(id));
  }
  if (refusal) {
    finish(refusal->result, refusal->error, std::move(refusal->next));
    return;
  }
  for (const std::string& id : ids) {
    if (!revert(*compiled(id))) return;
  }
  if (!ids.empty()) report_.result = MigrationResult::applied;
}

}  // namespace quire::migrate
