#include "migrate/data/monitor.hpp"

#include <algorithm>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

constexpr Milliseconds window{10'000};
constexpr Milliseconds between_points{250};

double seconds(Milliseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

void BatchSize::took(Milliseconds time, std::int64_t documents) noexcept {
  if (time > time_) {
    size_ = std::max<std::int64_t>(size_ / 2, 1);
  } else if (documents >= size_) {  // a batch that was cut short tells nothing
    size_ = std::min(size_ + std::max<std::int64_t>(most_ / 10, 1), most_);
  }
}

void Meter::begin(Milliseconds now) {
  points_.clear();
  last_change_ = now;
}

void Meter::at(Milliseconds now, std::int64_t done) {
  if (points_.empty() || points_.back().done != done) last_change_ = now;
  if (!points_.empty() && now - points_.back().time < between_points && points_.size() > 1) {
    points_.back() = {points_.back().time, done};
    return;
  }
  points_.push_back({now, done});
  while (points_.size() > 2 && now - points_[1].time >= window) points_.pop_front();
}

void Meter::fill(DataProgress& progress, Milliseconds now) const {
  progress.stalled = now - last_change_ >= stall_;
  if (points_.size() < 2) return;
  const auto& first = points_.front();
  const double whole = seconds(now - first.time);
  if (whole <= 0) return;
  progress.rate = static_cast<double>(progress.done - first.done) / whole;
  const auto left = static_cast<double>(progress.total - progress.done);
  if (progress.rate <= 0) return;
  progress.eta_seconds = left / progress.rate;
  double best = progress.rate, worst = progress.rate;
  for (std::size_t i = 1; i < points_.size(); ++i) {
    const double part = seconds(points_[i].time - points_[i - 1].time);
    if (part <= 0) continue;
    const double rate = static_cast<double>(points_[i].done - points_[i - 1].done) / part;
    best = std::max(best, rate);
    if (rate > 0) worst = std::min(worst, rate);
  }
  progress.eta_low_seconds = left / best;
  progress.eta_high_seconds = left / worst;
}

bool Gate::stopped() {
  if (cause_ != StopCause::none) return true;
  if (!options_.stop.stop_requested()) return false;
  stop(StopCause::asked, "the program asked to stop");
  return true;
}

void Gate::stop(StopCause cause, std::string reason, std::optional<Error> error) {
  const std::lock_guard guard(mutex_);
  // A failure tells more than a request.
  if (cause_ != StopCause::none && !(cause == StopCause::failed && cause_ != StopCause::failed))
    return;
  reason_ = std::move(reason);
  error_ = std::move(error);
  cause_ = cause;
}

std::string Gate::reason() const {
  const std::lock_guard guard(mutex_);
  return reason_;
}
std::optional<Error> Gate::error() const {
  const std::lock_guard guard(mutex_);
  return error_;
}

void Gate::wait(Milliseconds time) {
  constexpr Milliseconds slice{20};
  while (time.count() > 0 && !stopped()) {
    const auto now = std::min(time, slice);
    std::this_thread::sleep_for(now);
    time -= now;
  }
}

bool Gate::pass() {
  bool waited = false;
  while (!stopped()) {
    const Control control = book_.control();
    rate_ = control.rate > 0 ? control.rate : options_.throttle.rate;
    if (auto why = control.stop_reason(); !why.empty()) {
      stop(StopCause::asked, std::move(why));
      break;
    }
    std::string reason = control.wait_reason(options_.throttle);
    if (reason.empty()) {
      if (waited) monitor_.waits("");
      return true;
    }
    monitor_.waits(std::move(reason));
    waited = true;
    wait(Milliseconds(100));
  }
  return false;
}

void Gate::rest(std::int64_t documents, Milliseconds took) {
  const Milliseconds pause = limit_.rest(documents, took, rate_, options_.throttle.nice);
  if (pause.count() < 1) return;
  monitor_.waits(rate_ > 0 ? "limited by its rate" : "rests by its nice ratio");
  wait(pause);
  monitor_.waits("");
}

}  // namespace quire::migrate::data

namespace quire::migrate::detail {

void DataMonitor::begin(std::string job, JobState state, std::int64_t done, std::int64_t total,
                        bool exact, std::chrono::milliseconds stall) {
  {
    const std::lock_guard guard(mutex_);
    now_ = {};
    own_rejected_ = 0;
    now_.job = std::move(job);
    start_ = boot_time();
    meter_ = data::Meter(stall);
    running_ = true;
  }
  phase(state, done, total, exact);
}

void DataMonitor::phase(JobState state, std::int64_t done, std::int64_t total, bool exact) {
  const std::lock_guard guard(mutex_);
  now_.state = state;
  now_.done = own_done_ = done;
  now_.total = std::max(total, done);
  now_.exact = exact;
  meter_.begin(boot_time());
  meter_.at(boot_time(), done);
}

void DataMonitor::add(std::int64_t documents, std::int64_t rejected) {
  const std::lock_guard guard(mutex_);
  own_done_ += documents;
  own_rejected_ += rejected;
  now_.done = std::max(now_.done, own_done_);
  now_.rejected = std::max(now_.rejected, own_rejected_);
  // More than the estimate: the total is at least what was seen.
  if (now_.done > now_.total) {
    now_.total = now_.done;
    now_.exact = false;
  }
  meter_.at(boot_time(), now_.done);
}

void DataMonitor::all(std::int64_t done, std::int64_t rejected) {
  const std::lock_guard guard(mutex_);
  // A batch may be in the partitions before its worker adds it: two counts, and the larger tells.
  now_.done = std::max(now_.done, done);
  now_.rejected = std::max(now_.rejected, rejected);
  now_.total = std::max(now_.total, now_.done);
  meter_.at(boot_time(), now_.done);
}

void DataMonitor::waits(std::string reason) {
  const std::lock_guard guard(mutex_);
  now_.reason = std::move(reason);
  meter_.excuse(boot_time());
}

void DataMonitor::ended(JobState state, std::string reason) {
  const std::lock_guard guard(mutex_);
  now_.state = state;
  now_.reason = std::move(reason);
  if (state == JobState::complete) now_.total = now_.done;
  running_ = false;
}

DataProgress DataMonitor::progress() const {
  const std::lock_guard guard(mutex_);
  DataProgress out = now_;
  const auto now = boot_time();
  out.seconds = static_cast<double>((now - start_).count()) / 1000;
  meter_.fill(out, now);
  if (!out.reason.empty() || !running_) out.stalled = false;
  return out;
}

std::string DataMonitor::health() const {
  const DataProgress p = progress();
  bool running = false;
  {
    const std::lock_guard guard(mutex_);
    running = running_;
  }
  bson::Writer w;
  w.append("alive", !p.stalled)
      .append("running", running)
      .append("job", p.job)
      .append("state", to_string(p.state))
      .append("reason", p.reason)
      .append("done", p.done)
      .append("total", p.total)
      .append("total_kind", p.exact ? "exact" : "estimate")
      .append("rate", p.rate);
  if (p.eta_seconds >= 0) {
    w.append("eta_s", p.eta_seconds);
  } else {
    w.append_null("eta_s");
  }
  w.append("rejected", p.rejected);
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate::detail
