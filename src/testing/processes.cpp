// Checks with several processes.
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>

#include "quire/bson/writer.hpp"
#include "testing/children.hpp"
#include "testing/support.hpp"

namespace quire::testing {
namespace {

Straight straight_run(ScratchDatabases& databases, const Subject& subject) {
  const std::string uri = databases.make();
  Straight straight;
  {
    const Database db = prepared(databases, subject, uri);
    expect_ok(go(subject, db, false, {}), "the straight run");
    straight = look(subject, db);
  }
  databases.remove(uri);
  return straight;
}

/// Each migration was begun and finished once.
void expect_once(const Subject& subject, const Database& db) {
  for (const auto& one : subject.migrations.items) {
    const std::string& id = one->info().id;
    for (const std::string_view to : {"running", "applied"}) {
      const bson::Document filter = bson::make_document("migration", id, "to", to);
      const auto count = db.store().count(db.ns("_quire_events"), filter, {});
      if (count != 1)
        refute(id + " became \"" + std::string(to) + "\" " + std::to_string(count) + " times");
    }
  }
}

}  // namespace

Outcome single_run(ScratchDatabases& databases, const Subject& subject,
                   const SingleRunOptions& options) {
  return outcome_of([&](Outcome& outcome) {
    const Straight straight = straight_run(databases, subject);
    const std::string uri = databases.make();
    {
      const Database db = prepared(databases, subject, uri);
    }
    Gate gate;
    std::vector<Child> children;
    for (int i = 0; i < options.processes; ++i) {
      children.emplace_back([&](std::string& text) {
        gate.pass();
        const Database db = open_for(databases, subject, uri);
        std::atomic<int> bad{0};
        std::mutex mutex;
        const auto start = [&] {
          try {
            auto runner = runner_for(subject, db);
            const auto report =
                runner.lease(options.lease).on_busy(migrate::Wait{options.limit}).run();
            if (report.ok()) return;
            const std::lock_guard lock(mutex);
            text = report.json();
          } catch (const std::exception& error) {
            const std::lock_guard lock(mutex);
            text = error.what();
          }
          ++bad;
        };
        std::vector<std::thread> threads;
        for (int t = 1; t < options.threads; ++t) threads.emplace_back(start);
        start();
        for (auto& thread : threads) thread.join();
        return bad == 0 ? 0 : 1;
      });
    }
    gate.open();
    const auto last = std::chrono::steady_clock::now() + options.limit;
    for (auto& child : children) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          last - std::chrono::steady_clock::now());
      const auto end = child.wait(std::max(left, std::chrono::milliseconds(0)));
      if (!end.finished) refute("a process did not end within the limit");
      if (end.signal != 0) refute("a process ended by signal " + std::to_string(end.signal));
      if (end.code != 0) refute("a start failed: " + end.text);
      outcome.rounds += std::max(options.threads, 1);
    }
    {
      const Database db = open_for(databases, subject, uri);
      expect_same(straight, look(subject, db), "after all starts");
      expect_once(subject, db);
    }
    databases.remove(uri);
  });
}

namespace {

/// A moment at which the holder may be stopped.
bool is_moment(const StoreCall& call, bool in_transactions) {
  if (call.returned || (call.in_transaction && !in_transactions)) return false;
  if (call.operation == "start_transaction") return !in_transactions;
  if (call.ns.collection.empty() || call.ns.collection.starts_with("_quire")) return false;
  return call.operation == "bulk_write" || call.operation == "update" ||
         call.operation == "insert" || call.operation == "remove" ||
         call.operation == "create_indexes" || call.operation == "find_and_modify";
}

/// Stops this process between the calls of its other threads: the heartbeat's write holds the lock
/// of a file, and a process that stops with it keeps all others from writing.
class Stopper {
 public:
  /// In front of and behind each call, in its thread.
  void saw(const StoreCall& call) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !stopping_; });
    if (!call.returned || call.in_transaction) {
      inside_.insert(std::this_thread::get_id());
    } else {
      inside_.erase(std::this_thread::get_id());
    }
    changed_.notify_all();
  }
  /// Comes back after SIGCONT.
  void stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    inside_.erase(std::this_thread::get_id());
    // A call that failed did not tell of its end.
    changed_.wait_for(lock, std::chrono::seconds(1), [&] { return inside_.empty(); });
    ::kill(::getpid(), SIGSTOP);
    stopping_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::thread::id> inside_;
  bool stopping_ = false;
};

constexpr int lock_lost = 21;  // exit code of a run that another one took over

class Pauses {
 public:
  Pauses(ScratchDatabases& databases, const Subject& subject, const PausedHolderOptions& options,
         Outcome& outcome)
      : databases_(databases), subject_(subject), options_(options), outcome_(outcome) {}

  void run() {
    straight_ = straight_run(databases_, subject_);
    for (int at = std::max(options_.first, 1); outcome_.rounds < options_.most;
         at += std::max(options_.every, 1)) {
      if (!round(at)) break;
      ++outcome_.rounds;
    }
    if (outcome_.rounds == 0)
      refute("the run ended before a moment at which its process could be stopped");
  }

 private:
  /// False when the run came to its end before.
  bool round(int at) {
    const std::string when = "stopped before write " + std::to_string(at);
    const std::string uri = databases_.make();
    {
      const Database db = prepared(databases_, subject_, uri);
    }
    Child holder([&](std::string& text) {
      std::atomic<int> moments{0};
      Stopper stopper;
      const Database db = open_for(databases_, subject_, uri, [&](const StoreCall& call) {
        stopper.saw(call);
        if (is_moment(call, options_.in_transactions) && ++moments == at) stopper.stop();
      });
      auto runner = runner_for(subject_, db);
      const auto report = runner.lease(options_.lease).run();
      text = report.json();
      return report.exit_code();
    });
    if (!holder.wait_stopped(options_.limit)) {
      const auto end = holder.wait(std::chrono::milliseconds(0));
      if (!end.finished) refute(when + ": the process neither stopped nor ended in time");
      if (end.signal != 0 || end.code != 0) refute(when + ": the run failed: " + end.text);
      databases_.remove(uri);
      return false;
    }
    // In a process of its own too, so that none may wait for ever.
    Child heir([&](std::string& text) {
      const Database db = open_for(databases_, subject_, uri);
      auto runner = runner_for(subject_, db);
      const auto report = runner.lease(options_.lease).on_busy(migrate::Wait{options_.limit}).run();
      text = report.json();
      return report.ok() && report.took_over ? 0 : 1;
    });
    const auto second = heir.wait(options_.limit);
    if (!second.finished) refute(when + ": the second process waited for longer than the limit");
    if (second.code != 0 || second.signal != 0)
      refute(when + ": the second process did not take over: " + second.text);
    Straight before;
    {
      const Database db = open_for(databases_, subject_, uri);
      before = look(subject_, db);
    }
    expect_same(straight_, before, when + ", after another took over");
    holder.send(SIGCONT);
    const auto first = holder.wait(options_.limit);
    if (!first.finished) refute(when + ": it did not end after it went on");
    if (first.code != lock_lost || first.signal != 0) {
      refute(when + ": it ended with " +
             std::to_string(first.signal != 0 ? first.signal : first.code) +
             " instead of 21 (lock lost): " + first.text);
    }
    {
      const Database db = open_for(databases_, subject_, uri);
      expect_same(before, look(subject_, db), when + ", after it went on");
    }
    databases_.remove(uri);
    return true;
  }

  ScratchDatabases& databases_;
  const Subject& subject_;
  const PausedHolderOptions& options_;
  Outcome& outcome_;
  Straight straight_;
};

}  // namespace

Outcome paused_holder(ScratchDatabases& databases, const Subject& subject,
                      const PausedHolderOptions& options) {
  return outcome_of([&](Outcome& outcome) { Pauses(databases, subject, options, outcome).run(); });
}

}  // namespace quire::testing
