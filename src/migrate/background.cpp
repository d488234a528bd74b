#include "quire/migrate/background.hpp"

#include <algorithm>

#include "migrate/background_state.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

/// How long who asked for the lock has to take it.
constexpr std::chrono::milliseconds after_yielding{1000};
/// Rests for this part of a batch's time, so that the application's own writes get their turn.
constexpr double least_rest = 0.1;
constexpr std::chrono::milliseconds first_pause{1000};
constexpr std::chrono::milliseconds longest_pause{30'000};

/// That the store cannot be reached passes.
bool passes(ErrorCode code) {
  switch (code) {
    case ErrorCode::server_unreachable:
    case ErrorCode::network_error:
    case ErrorCode::pool_exhausted:
    case ErrorCode::write_concern_failed:
    case ErrorCode::not_primary:
    case ErrorCode::timeout:
    case ErrorCode::busy:
    case ErrorCode::lock_busy:
    case ErrorCode::lock_lost:
      return true;
    default:
      return false;
  }
}

}  // namespace

BackgroundRun::BackgroundRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
BackgroundRun::~BackgroundRun() { stop(); }

void BackgroundRun::start() {
  const std::lock_guard guard(state_->mutex);
  if (state_->running) return;
  if (state_->thread.joinable()) state_->thread.join();
  state_->running = true;
  MigrationRunner::Options settings = state_->options;
  settings.budget.reset();
  settings.yields = true;
  settings.throttle.nice = std::max(settings.throttle.nice, least_rest);
  state_->thread = std::jthread([state = state_.get(), settings](const std::stop_token& stop) {
    // Whoever gave the runner a token stops this too.
    std::stop_source both;
    const std::stop_callback own(stop, [&] { both.request_stop(); });
    const std::stop_callback given(settings.stop, [&] { both.request_stop(); });
    MigrationRunner::Options used = settings;
    used.stop = both.get_token();
    MigrationReport report = state->work(std::move(used));
    const std::lock_guard done(state->mutex);
    state->report = std::move(report);
    state->running = false;
    state->ended.notify_all();
  });
}

MigrationReport BackgroundRun::State::work(MigrationRunner::Options settings) const {
  const Clock& clock = *settings.clock;
  auto pause = first_pause;
  while (true) {
    bool again = false;
    std::optional<MigrationReport> ended_as;
    try {
      MigrationRunner::Run run(db, migrations, settings);
      ended_as = run.up();
      if (run.yielded()) {
        settings.monitor->is(RunState::waiting, "another process that starts up needs the lock");
        clock.sleep(after_yielding, settings.stop);
        again = true;
      } else if (ended_as->error) {
        again = passes(run.cause());
      }
    } catch (const Error& error) {
      ended_as.emplace();
      ended_as->result = MigrationResult::failed;
      ended_as->error.emplace(error);
      again = passes(error.code());
      if (!again) settings.monitor->is(RunState::failed, error.what());
    } catch (const std::exception& error) {
      ended_as.emplace();
      ended_as->result = MigrationResult::failed;
      ended_as->error.emplace(MigrationError(ErrorCode::migration_failed, error.what()));
      settings.monitor->is(RunState::failed, error.what());
    }
    if (!again || settings.stop.stop_requested()) return std::move(*ended_as);
    if (ended_as->result == MigrationResult::paused) continue;  // it has waited
    settings.monitor->is(RunState::waiting, ended_as->error ? ended_as->error->what() : "");
    clock.sleep(pause, settings.stop);
    pause = std::min(pause * 2, longest_pause);
  }
}

void BackgroundRun::stop() {
  {
    const std::lock_guard guard(state_->mutex);
    if (!state_->thread.joinable()) return;
    state_->thread.request_stop();
  }
  wait(std::chrono::hours(24 * 365));
}

bool BackgroundRun::wait(std::chrono::milliseconds time) {
  std::unique_lock guard(state_->mutex);
  return state_->ended.wait_for(guard, time, [&] { return !state_->running; });
}

bool BackgroundRun::is_running() const {
  const std::lock_guard guard(state_->mutex);
  return state_->running;
}

std::optional<MigrationReport> BackgroundRun::report() const {
  const std::lock_guard guard(state_->mutex);
  return state_->report;
}

}  // namespace quire::migrate
