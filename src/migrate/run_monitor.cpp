#include "migrate/run_monitor.hpp"

#include <algorithm>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

void append_progress(bson::Writer& w, const MigrationProgress& progress) {
  w.append("migration", progress.migration)
      .append("step", std::int32_t{progress.step})
      .append("steps", std::int32_t{progress.steps})
      .append("done", progress.done)
      .append("total", progress.total)
      .append("total_kind", "estimate")
      .append("rate", progress.rate);
  if (progress.eta_seconds >= 0) {
    w.append("eta_s", progress.eta_seconds);
  } else {
    w.append_null("eta_s");
  }
}

}  // namespace

std::string_view to_string(RunState state) noexcept {
  switch (state) {
    case RunState::idle:
      return "idle";
    case RunState::waiting:
      return "waiting";
    case RunState::running:
      return "running";
    case RunState::paused:
      return "paused";
    case RunState::deferred:
      return "deferred";
    case RunState::complete:
      return "complete";
    case RunState::failed:
      return "failed";
  }
  return "unknown";
}

std::string MigrationHealth::json() const {
  bson::Writer w;
  w.append("alive", alive)
      .append("ready", ready)
      .append("state", to_string(state))
      .append("reason", reason);
  w.begin_array("left");
  for (const std::string& id : left) w.push(id);
  w.end();
  append_progress(w, progress);
  return bson::to_json(w.finish());
}

void RunMonitor::is(RunState state, std::string reason) {
  const std::lock_guard guard(mutex_);
  now_.state = state;
  now_.reason = std::move(reason);
  failed_ = state == RunState::failed;
  meter_.excuse(boot_time());
  if (state == RunState::complete) {
    now_.ready = true;
    now_.left.clear();
  }
}

void RunMonitor::waits(std::string reason) {
  const RunState state = reason.empty() ? RunState::running : RunState::paused;
  is(state, std::move(reason));
}

void RunMonitor::ended(bool ok, std::vector<std::string> left) {
  const std::lock_guard guard(mutex_);
  now_.ready = now_.ready || ok;
  now_.left = std::move(left);
}

void RunMonitor::step(std::string_view migration, int step, int steps, std::int64_t total) {
  const std::lock_guard guard(mutex_);
  now_.progress = {};
  now_.progress.migration = migration;
  now_.progress.step = step;
  now_.progress.steps = steps;
  now_.progress.total = std::max<std::int64_t>(total, 0);
  meters_ = total >= 0;
  meter_.begin(boot_time());
}

void RunMonitor::done(std::int64_t documents) {
  const std::lock_guard guard(mutex_);
  now_.progress.done = documents;
  now_.progress.total = std::max(now_.progress.total, documents);
  meter_.at(boot_time(), documents);
}

void RunMonitor::no_step() {
  const std::lock_guard guard(mutex_);
  now_.progress = {};
  meters_ = false;
}

void RunMonitor::fill(MigrationProgress& progress, std::chrono::milliseconds now) const {
  DataProgress measured;
  measured.done = progress.done;
  measured.total = progress.total;
  meter_.fill(measured, now);
  progress.rate = measured.rate;
  progress.eta_seconds = measured.eta_seconds;
}

MigrationHealth RunMonitor::health() const {
  const std::lock_guard guard(mutex_);
  MigrationHealth health = now_;
  const auto now = boot_time();
  DataProgress measured;
  meter_.fill(measured, now);
  health.alive = !failed_ && !(now_.state == RunState::running && meters_ && measured.stalled);
  if (meters_) fill(health.progress, now);
  return health;
}

bson::Document RunMonitor::progress() const {
  const MigrationHealth health = this->health();
  bson::Writer w;
  append_progress(w, health.progress);
  w.append("state", to_string(health.state)).append("reason", health.reason);
  return w.finish();
}

}  // namespace quire::migrate
