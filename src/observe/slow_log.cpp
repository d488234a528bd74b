#include "quire/observe/slow_log.hpp"

#include <cstdio>
#include <mutex>

#include "observe/text.hpp"
#include "quire/observe/shape.hpp"

namespace quire::observe {

/// What the operations of one second have used up.
struct SlowLog::Gauge {
  using Clock = std::chrono::steady_clock;
  std::mutex mutex;
  Clock::time_point second;
  int told = 0;
  std::uint64_t left_out = 0;

  bool admits(int max_per_second) {
    if (max_per_second <= 0) return true;
    const auto now = Clock::now();
    if (told == 0 || now - second >= std::chrono::seconds(1)) {
      second = now;
      told = 0;
    }
    if (told >= max_per_second) {
      ++left_out;
      return false;
    }
    ++told;
    return true;
  }
};

std::string SlowOperation::str() const {
  std::string out = "slow ";
  append_escaped(out, command);
  out += ' ';
  append_escaped(out, database);
  if (!collection.empty()) {
    out += '.';
    append_escaped(out, collection);
  }
  out += ' ' + milliseconds_text(duration) + " ms ";
  out += ok ? std::string("ok") : std::string("failed:") + to_string(code);
  if (!filter.empty()) out += " filter=" + filter;
  if (!sort.empty()) out += " sort=" + sort;
  if (!server.empty()) out += " server=" + server;
  if (left_out > 0) out += " left_out=" + std::to_string(left_out);
  return out;
}

SlowLog::SlowLog(SlowLogOptions options)
    : options_(std::move(options)), gauge_(std::make_unique<Gauge>()) {
  if (!options_.sink) {
    options_.sink = [](const SlowOperation& operation) {
      const std::string line = operation.str() + "\n";
      (void)std::fwrite(line.data(), 1, line.size(), stderr);
    };
  }
}

SlowLog::~SlowLog() = default;

void SlowLog::on_command(const store::CommandEvent& event) noexcept {
  if (event.duration < options_.threshold) return;
  thread_local bool inside = false;  // a sink that writes to the store would come back here
  if (inside) return;
  inside = true;
  try {
    const std::lock_guard lock(gauge_->mutex);
    if (gauge_->admits(options_.max_per_second)) {
      SlowOperation out;
      out.command = event.command;
      out.database = event.database;
      out.collection = event.collection;
      out.duration = event.duration;
      out.ok = event.ok;
      out.code = event.code;
      out.server = event.server;
      if (!event.filter.empty()) out.filter = filter_shape(event.filter);
      if (!event.sort.empty()) out.sort = sort_shape(event.sort);
      out.left_out = std::exchange(gauge_->left_out, 0);
      options_.sink(out);
    }
  } catch (...) {  // the operation is done; nobody could be told
  }
  inside = false;
}

Subscription slow_log(const Database& db, SlowLogOptions options) {
  return attach(db, std::make_shared<SlowLog>(std::move(options)));
}

}  // namespace quire::observe
