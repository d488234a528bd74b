#include <fmt/format.h>

#include <cstdio>
#include <mutex>

#include "quire/observe/migrations.hpp"

namespace quire::observe {
namespace {

using migrate::MigrationEvent;

class Log {
 public:
  explicit Log(MigrationLogOptions options) : options_(std::move(options)) {
    if (options_.sink) return;
    options_.sink = [](LogLevel level, const std::string& text) {
      const std::string line = fmt::format("migration {} {}\n", to_string(level), text);
      (void)std::fwrite(line.data(), 1, line.size(), stderr);
    };
  }
  void event(const MigrationEvent& event);

 private:
  using Clock = std::chrono::steady_clock;
  void tell(LogLevel level, const std::string& line) const {
    if (level >= options_.least) options_.sink(level, line);
  }
  void ended(const MigrationEvent& event) const;
  /// Info for the first of its kind and then once in ten seconds; else debug.
  LogLevel now_and_then(std::optional<Clock::time_point>& last) const;

  MigrationLogOptions options_;
  std::mutex mutex_;
  std::optional<Clock::time_point> waited_, batched_;
};

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

LogLevel Log::now_and_then(std::optional<Clock::time_point>& last) const {
  const auto now = Clock::now();
  if (last && now - *last < std::chrono::seconds(10)) return LogLevel::debug;
  last = now;
  return LogLevel::info;
}

void Log::ended(const MigrationEvent& event) const {
  if (event.report == nullptr) return;
  const migrate::MigrationReport& report = *event.report;
  for (const std::string& warning : report.warnings) tell(LogLevel::warning, warning);
  const std::size_t n = report.migrations.size();
  std::string text =
      fmt::format("{}: {}, {} migration{} in {}", report.operation, to_string(report.result), n,
                  n == 1 ? "" : "s", seconds_text(event.elapsed));
  for (const std::string& id : report.deferred) text += "; left for the background: " + id;
  if (report.ok()) {
    // A start with nothing to do is no news.
    const bool nothing = report.result == migrate::MigrationResult::nothing;
    return tell(nothing ? LogLevel::debug : LogLevel::info, text);
  }
  if (report.error) text += fmt::format("; {}", report.error->what());
  for (const std::string& next : report.next) text += "; next: " + next;
  tell(LogLevel::error, text);
}

void Log::event(const MigrationEvent& event) {
  const std::lock_guard guard(mutex_);
  const std::string id(event.migration);
  switch (event.kind) {
    case MigrationEvent::Kind::waiting:
      return tell(now_and_then(waited_), fmt::format("waits for the lock: {}", event.text));
    case MigrationEvent::Kind::locked:
      return tell(LogLevel::info, fmt::format("has the lock, token {}", event.token));
    case MigrationEvent::Kind::took_over:
      return tell(
          LogLevel::warning,
          fmt::format("took the lock over from a process that is gone, token {}", event.token));
    case MigrationEvent::Kind::started:
      batched_ = Clock::now();
      return tell(LogLevel::info, id + ": begins");
    case MigrationEvent::Kind::batch: {
      std::string text = fmt::format("{}: step {}, {} documents", id, event.step, event.done);
      if (event.total > 0) text += fmt::format(" of about {}", event.total);
      return tell(now_and_then(batched_), text);
    }
    case MigrationEvent::Kind::slow: {
      std::string text = fmt::format("{}: step {} is slow", id, event.step);
      if (!event.collection.empty()) text += fmt::format(" ({})", event.collection);
      if (event.done > 0) text += fmt::format(", {} documents", event.done);
      return tell(LogLevel::warning, fmt::format("{}: {}", text, event.text));
    }
    case MigrationEvent::Kind::finished:
      return tell(LogLevel::info, fmt::format("{}: done in {}, {} documents", id,
                                              seconds_text(event.elapsed), event.done));
    case MigrationEvent::Kind::paused:
      return tell(LogLevel::warning,
                  fmt::format("{}: left at {} documents: {}", id, event.done, event.text));
    case MigrationEvent::Kind::failed:
      return tell(LogLevel::error, fmt::format("{}: {}", id, event.text));
    case MigrationEvent::Kind::ended:
      return ended(event);
  }
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

std::function<void(const MigrationEvent&)> migration_log(MigrationLogOptions options) {
  return [log = std::make_shared<Log>(std::move(options))](const MigrationEvent& event) {
    try {
      log->event(event);
    } catch (...) {  // the run goes on; nobody could be told
    }
  };
}

}  // namespace quire::observe
