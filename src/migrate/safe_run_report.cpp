#include "bson/report_fields.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/safe_run.hpp"

namespace quire::migrate {

std::string_view to_string(SafeRunStage stage) noexcept {
  switch (stage) {
    case SafeRunStage::backup:
      return "backup";
    case SafeRunStage::preflight:
      return "preflight";
    case SafeRunStage::run:
      return "run";
    case SafeRunStage::validate:
      return "validate";
    case SafeRunStage::roll_back:
      return "roll_back";
    case SafeRunStage::restore:
      return "restore";
  }
  return "unknown";
}

std::string_view to_string(SafeRunResult result) noexcept {
  switch (result) {
    case SafeRunResult::nothing:
      return "nothing";
    case SafeRunResult::applied:
      return "applied";
    case SafeRunResult::refused:
      return "refused";
    case SafeRunResult::rolled_back:
      return "rolled_back";
    case SafeRunResult::restored:
      return "restored";
    case SafeRunResult::failed:
      return "failed";
    case SafeRunResult::stopped:
      return "stopped";
  }
  return "unknown";
}

int SafeRunReport::exit_code() const noexcept {
  switch (result) {
    case SafeRunResult::nothing:
    case SafeRunResult::applied:
      return 0;
    case SafeRunResult::rolled_back:
    case SafeRunResult::restored:
      return 30;
    case SafeRunResult::stopped:
      return 32;
    case SafeRunResult::refused:
      if (run) return run->exit_code();
      return stage == SafeRunStage::preflight && !problems.empty() ? 12 : 30;
    case SafeRunResult::failed:
      if (run && !run->ok() && rollbacks.empty() && !restore)
        return run->exit_code() == 30 ? 31 : run->exit_code();
      return stage == SafeRunStage::validate && !problems.empty() ? 41 : 31;
  }
  return 1;
}

std::string SafeRunReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.migrate/1")
      .append("op", "safe_run")
      .append("result", to_string(result))
      .append("exit", std::int32_t{exit_code()})
      .append("stage", to_string(stage))
      .append("ms", ms)
      .append("in_maintenance", in_maintenance);
  const auto part = [&](std::string_view key, const auto& report) {
    if (report) {
      w.append(key, bson::from_json(report->json()));
    } else {
      w.append_null(key);
    }
  };
  bson::append_texts(w, "collections", collections);
  part("backup", backup);
  part("run", run);
  bson::append_texts(w, "problems", problems);
  w.begin_array("rollbacks");
  for (const MigrationReport& one : rollbacks) w.push(bson::from_json(one.json()));
  w.end();
  part("restore", restore);
  bson::append_texts(w, "warnings", warnings);
  bson::append_error(w, error);
  bson::append_texts(w, "next", next);
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate
