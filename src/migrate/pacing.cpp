#include "migrate/pacing.hpp"

#include <algorithm>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

std::string Control::stop_reason() const {
  if (desired != Desired::stop) return {};
  return "the control document says stop" + (reason.empty() ? "" : ": " + reason);
}

std::string Control::wait_reason(const Throttle& throttle) const {
  if (desired == Desired::pause)
    return "paused by the control document" + (reason.empty() ? "" : ": " + reason);
  return throttle.wait ? throttle.wait() : std::string();
}

Control read_control(Database& db, std::string_view id) {
  Control control;
  const auto found = find_document(db, jobs_collection, bson::make_document("_id", id));
  if (!found) return control;
  const std::string desired = get_text(*found, "desired");
  if (desired == to_string(Desired::pause)) control.desired = Desired::pause;
  if (desired == to_string(Desired::stop)) control.desired = Desired::stop;
  control.rate = std::max<std::int64_t>(get_int(*found, "rate"), 0);
  control.reason = get_text(*found, "reason");
  return control;
}

void write_control(const Database& db, std::string_view id, std::string_view job, Desired desired,
                   std::string_view reason, std::int64_t rate) {
  if (rate < 0) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath("rate"), "a rate is not below 0");
  }
  bson::Writer update;
  update.begin_document("$set")
      .append("kind", "control")
      .append("job", job)
      .append("desired", to_string(desired))
      .append("rate", rate)
      .append("reason", reason)
      .end();
  const bson::Document body = update.finish();
  auto options = safe<store::UpdateOptions>();
  options.upsert = true;
  (void)db.store().update(db.ns(jobs_collection), bson::make_document("_id", id), {body.view()},
                          options);
}

std::chrono::milliseconds RateLimit::rest(std::int64_t documents, std::chrono::milliseconds took,
                                          std::int64_t rate, double nice) {
  using std::chrono::milliseconds;
  milliseconds pause{0};
  if (nice > 0) {
    pause = milliseconds(static_cast<std::int64_t>(static_cast<double>(took.count()) * nice));
    pause = std::max(pause, milliseconds(1));
  }
  if (rate > 0) {
    const auto now = boot_time();
    const std::lock_guard guard(mutex_);
    next_free_ = std::max(next_free_, now - took) + milliseconds(documents * 1000 / rate);
    pause = std::max(pause, next_free_ - now);
  }
  return pause;
}

}  // namespace quire::migrate
