#include "migrate/pace.hpp"

namespace quire::migrate {
namespace {

/// How old the control document that is gone by may be: reading it costs a round trip.
constexpr std::chrono::milliseconds control_age{250};

}  // namespace

bool Pace::is_spent() const noexcept {
  return settings_.deadline && clock_.now() >= *settings_.deadline;
}

void Pace::pass_quickly() const {
  if (settings_.stop.stop_requested()) throw Paused{};
}

void Pace::look_at_control() {
  const auto now = boot_time();
  if (looked_ && now - *looked_ < control_age) return;
  control_ = read_control(db_, run_control_id);
  looked_ = now;
}

void Pace::pass() {
  bool waited = false;
  while (true) {
    pass_quickly();
    if (settings_.yields && lock_.is_wanted())
      throw Paused{Paused::Cause::yields, "another process that starts up needs the lock"};
    if (may_defer_ && is_spent())
      throw Paused{Paused::Cause::budget, "the start-up budget is spent"};
    look_at_control();
    if (auto stop = control_.stop_reason(); !stop.empty())
      throw Paused{Paused::Cause::asked, std::move(stop)};
    std::string reason = control_.wait_reason(settings_.throttle);
    if (reason.empty()) break;
    monitor_.waits(std::move(reason));
    waited = true;
    sleep_or_stop(std::chrono::milliseconds(100), settings_.stop);
  }
  if (waited) monitor_.waits("");
}

void Pace::rest(std::int64_t documents, std::chrono::milliseconds took) {
  const std::int64_t rate = control_.rate > 0 ? control_.rate : settings_.throttle.rate;
  const auto pause = limit_.rest(documents, took, rate, settings_.throttle.nice);
  if (pause.count() < 1) return;
  if (rate > 0) monitor_.waits("limited by its rate");
  // In parts, so that the end of the budget and others that need the lock are seen in time.
  constexpr std::chrono::milliseconds part{500};
  for (auto left = pause; left.count() > 0; left -= part) {
    sleep_or_stop(std::min(left, part), settings_.stop);
    const bool others = settings_.yields && lock_.is_wanted();
    if (settings_.stop.stop_requested() || others || (may_defer_ && is_spent())) break;
  }
  if (rate > 0) monitor_.waits("");
}

}  // namespace quire::migrate
