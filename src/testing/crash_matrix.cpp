#include <unistd.h>

#include <atomic>
#include <csignal>
#include <exception>

#include "migrate/process.hpp"
#include "quire/bson/writer.hpp"
#include "testing/children.hpp"
#include "testing/support.hpp"

namespace quire::testing {
namespace {

/// Not a StoreError, so that nothing takes it for a failure that may pass.
struct Interrupted : std::exception {
  [[nodiscard]] const char* what() const noexcept override {
    return "interrupted by the test: as if the process were gone";
  }
};

/// The lock still names this process, which lives: let it name one of this machine that is gone,
/// as the next run finds it after a crash. Where that cannot be told the next run waits for the
/// lease.
void let_holder_be_gone(const Database& db) {
  const std::string me = migrate::process_name();
  if (me.empty()) return;
  const std::string gone = me.substr(0, me.rfind('/') + 1) + "1";  // started at another time
  bson::Writer update;
  update.begin_document("$set").append("process", gone).end();
  const bson::Document body = update.finish();
  const bson::Document filter = bson::make_document("_id", "migrate");
  (void)db.store().update(db.ns("_quire_lock"), filter, {body.view()}, {});
}

class Matrix {
 public:
  Matrix(ScratchDatabases& databases, const Subject& subject, const CrashOptions& options,
         bool down, Outcome& outcome)
      : databases_(databases),
        subject_(subject),
        options_(options),
        down_(down),
        way_(down ? "back" : "forth"),
        outcome_(outcome) {}

  void run() {
    const std::string uri = databases_.make();
    {
      const Database db = begin(uri);
      expect_ok(go(subject_, db, down_, options_.down_to), "the straight run " + way_);
      straight_ = look(subject_, db);
    }
    databases_.remove(uri);
    const int every = std::max(options_.every, 1);
    int rounds = 0;
    for (int at = std::max(options_.first, 1); options_.most == 0 || rounds < options_.most;
         at += every) {
      if (!round(at)) break;
      ++rounds;
      ++outcome_.rounds;
    }
  }

 private:
  Database begin(const std::string& uri) const {
    Database db = prepared(databases_, subject_, uri);
    if (down_) expect_ok(go(subject_, db, false, {}), "the run before going back");
    return db;
  }

  /// False when the run came to its end before.
  bool round(int at) {
    const std::string when = way_ + ", interrupted before call " + std::to_string(at);
    const std::string uri = databases_.make();
    {
      const Database db = begin(uri);
    }
    const bool interrupted =
        options_.interruption == Interruption::kill ? killed(uri, at, when) : thrown(uri, at, when);
    {
      Database db = open_for(databases_, subject_, uri);
      if (interrupted) {
        if (options_.interruption == Interruption::exception) let_holder_be_gone(db);
        expect_ok(go(subject_, db, down_, options_.down_to), when + ": the next run");
      }
      const Straight now = look(subject_, db);
      if (options_.check) {
        const std::string wrong = options_.check(db, straight_.data);
        if (!wrong.empty()) refute(when + ": " + wrong);
        expect_same({now.data, straight_.history}, now, when);
      } else {
        expect_same(straight_, now, when);
      }
    }
    databases_.remove(uri);
    return interrupted;
  }

  bool thrown(const std::string& uri, int at, const std::string& when) const {
    std::atomic<int> calls{0};
    std::atomic<bool> interrupted{false};
    const Database db = open_for(databases_, subject_, uri, [&](const StoreCall& call) {
      if (call.returned || ++calls < at) return;
      interrupted = true;
      throw Interrupted{};
    });
    try {
      const auto report = go(subject_, db, down_, options_.down_to);
      if (!interrupted) expect_ok(report, when + ": the run");
    } catch (const Refuted&) {
      throw;
    } catch (...) {
      if (!interrupted) throw;
    }
    return interrupted;
  }

  bool killed(const std::string& uri, int at, const std::string& when) const {
    Child child([&](std::string& text) {
      std::atomic<int> calls{0};
      const Database db = open_for(databases_, subject_, uri, [&](const StoreCall& call) {
        if (!call.returned && ++calls >= at) ::kill(::getpid(), SIGKILL);
      });
      const auto report = go(subject_, db, down_, options_.down_to);
      text = report.json();
      return report.ok() ? 0 : 1;
    });
    const auto end = child.wait(options_.limit);
    if (!end.finished) refute(when + ": the run did not end in time");
    if (end.signal == SIGKILL) return true;
    if (end.signal != 0) refute(when + ": the run ended by signal " + std::to_string(end.signal));
    if (end.code != 0) refute(when + ": the run failed: " + end.text);
    return false;
  }

  ScratchDatabases& databases_;
  const Subject& subject_;
  const CrashOptions& options_;
  bool down_;
  std::string way_;
  Outcome& outcome_;
  Straight straight_;
};

}  // namespace

Outcome crash_matrix(ScratchDatabases& databases, const Subject& subject,
                     const CrashOptions& options) {
  return outcome_of([&](Outcome& outcome) {
    if (options.up) Matrix(databases, subject, options, false, outcome).run();
    if (options.down) Matrix(databases, subject, options, true, outcome).run();
    if (outcome.rounds == 0) refute("no run was interrupted: check up, down, first and most");
  });
}

}  // namespace quire::testing
