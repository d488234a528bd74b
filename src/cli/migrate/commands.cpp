#include "cli/migrate/commands.hpp"

namespace quire::cli {

std::vector<const Command*> all_commands() {
  std::vector<const Command*> all;
  for (const auto& group :
       {run_commands(), settle_commands(), before_commands(), history_commands(), data_commands(),
        model_commands(), program_commands(), backup_commands()})
    for (const Command& one : group) all.push_back(&one);
  return all;
}

Paint paint_of(std::string_view state) {
  if (state == "applied" || state == "baselined" || state == "superseded" || state == "nothing" ||
      state == "reverted" || state == "done")
    return Paint::good;
  if (state == "failed" || state == "partial" || state == "attention" || state == "drifted" ||
      state == "blocked" || state == "future" || state == "lock_lost" || state == "too_new")
    return Paint::bad;
  return Paint::notice;
}

}  // namespace quire::cli
