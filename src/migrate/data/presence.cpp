#include "migrate/data/presence.hpp"

#include <algorithm>

#include "migrate/operations_left.hpp"
#include "migrate/process.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

std::string run_id(std::string_view job, std::string_view run) {
  return "data:" + std::string(job) + ":run:" + std::string(run);
}

}  // namespace

Presence::Presence(Database db, std::string job, std::chrono::milliseconds lease, int workers)
    : db_(std::move(db)),
      job_(std::move(job)),
      lease_(lease),
      run_(Uuid::generate().str()),
      id_(run_id(job_, run_)),
      none_(db_),
      dead_(db_, job_, run_) {
  for (int i = 0; i < workers; ++i) sessions_.emplace_back(db_).use(true);
  beat();
  end_dead();
}

void Presence::end_dead() {
  dead_.end_all_sessions();
  const std::lock_guard guard(mutex_);
  undrained_ = dead_.undrained();
  drained_ = dead_.drained();
}

std::string Presence::undrained() {
  const std::lock_guard guard(mutex_);
  return undrained_;
}

std::vector<std::string> Presence::drained() {
  const std::lock_guard guard(mutex_);
  return drained_;
}

Transactions& Presence::of_worker(int number) {
  const auto at = static_cast<std::size_t>(number);
  return at < sessions_.size() ? sessions_[at] : none_;
}

void Presence::beat() {
  const Who& who = Who::me();
  bson::Writer update;
  update.begin_document("$inc").append("beat", std::int64_t{1}).end();
  update.begin_document("$set")
      .append("kind", "run")
      .append("job", job_)
      .append("lease_ms", std::int64_t{lease_.count()})
      .append("host", who.host)
      .append("pid", who.pid)
      .append("process", process_name())
      .begin_array("sessions");
  for (const Transactions& one : sessions_) {
    if (auto id = one.session_id(); !id.empty()) update.push(id.view());
  }
  update.end().end();
  const bson::Document body = update.finish();
  auto options = safe<store::UpdateOptions>();
  options.upsert = true;
  (void)db_.store().update(db_.ns(jobs_collection), bson::make_document("_id", id_), {body.view()},
                           options);
}

void Presence::start(std::function<void()> tick) {
  thread_ = std::thread([this, tick = std::move(tick)] { loop(tick); });
}

void Presence::loop(const std::function<void()>& tick) {
  const auto pause =
      std::clamp(lease_ / 10, std::chrono::milliseconds(5), std::chrono::milliseconds(100));
  auto last = boot_time();
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, pause, [this] { return stop_; })) {
    guard.unlock();
    tick();
    if (boot_time() - last >= lease_ / 3) {
      try {
        beat();
        last = boot_time();
        end_dead();
      } catch (...) {  // busy or out of reach: tried again; the fence protects what is written
      }
    }
    guard.lock();
  }
}

Presence::~Presence() {
  if (thread_.joinable()) {
    {
      const std::lock_guard guard(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  try {
    (void)db_.store().remove(db_.ns(jobs_collection), bson::make_document("_id", id_),
                             safe<store::RemoveOptions>());
  } catch (...) {  // others see that it does not beat
  }
}

std::optional<bson::Document> DeadRuns::find(std::string_view run) {
  return find_document(db_, jobs_collection, bson::make_document("_id", run_id(job_, run)));
}

bool DeadRuns::is_dead(bson::View presence) {
  if (process_is_gone(get_text(presence, "process"))) return true;
  const auto lease = std::max<std::int64_t>(get_int(presence, "lease_ms"), 1);
  return seen_[get_text(presence, "_id")].lasts(0, get_int(presence, "beat"), lease, boot_time());
}

void DeadRuns::end_sessions_of(bson::View presence) {
  const std::string id = get_text(presence, "_id");
  const std::int64_t beat = get_int(presence, "beat");
  const auto before = ended_.find(id);
  if (before != ended_.end() && before->second == beat) return;
  std::vector<bson::Document> sessions;
  const auto list = presence.find("sessions");
  if (list && list->is_array()) {
    for (const auto& one : list->as_array()) {
      if (one.value.is_document()) sessions.emplace_back(one.value.as_document());
    }
  }
  std::string failed = end_sessions(db_, sessions);
  LeftBy dead;
  dead.run = id.substr(id.rfind(':') + 1);
  const std::string me = "quire:" + (mine_.empty() ? "0" : mine_) + ":" + job_;
  Drained operations = drain_operations(db_, me, dead, default_drain_wait, Clock::system());
  for (std::string& text : operations.done) drained_.push_back(std::move(text));
  if (!operations.failed.empty()) failed += (failed.empty() ? "" : "; ") + operations.failed;
  if (!failed.empty()) undrained_ = std::move(failed);
  ended_[id] = beat;
}

std::vector<bson::Document> DeadRuns::all_dead() {
  const bson::Document filter = bson::make_document("kind", "run", "job", job_);
  const std::string mine = run_id(job_, mine_);
  std::vector<bson::Document> dead;
  const auto cursor = db_.store().find(db_.ns(jobs_collection), filter, safe<store::FindOptions>());
  while (const auto presence = cursor->next()) {
    if (get_text(*presence, "_id") != mine && is_dead(*presence)) dead.emplace_back(*presence);
  }
  return dead;
}

void DeadRuns::end_all_sessions() {
  for (const bson::Document& one : all_dead()) end_sessions_of(one);
}

void DeadRuns::forget() {
  for (const bson::Document& one : all_dead()) {
    const bson::Document as_it_was = bson::make_document("_id", one["_id"], "beat", one["beat"]);
    (void)db_.store().remove(db_.ns(jobs_collection), as_it_was, safe<store::RemoveOptions>());
  }
}

}  // namespace quire::migrate::data
