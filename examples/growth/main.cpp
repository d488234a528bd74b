// A year of a service that grows: nine releases, each with what it changes in the data.
//   growth [--users N] [--check] [URI]
// URI: an empty database, "quire:growth.db" or "mongodb://host/growth"; else what
// $QUIRE_EXAMPLE_MONGODB_URI names; else one in memory.
// --check: each release forth, back where it has a way back, and forth again.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <quire/migrate/preflight.hpp>
#include <quire/migrate/safe_run.hpp>
#include <quire/testing/testing.hpp>
#include <thread>

#include "releases.hpp"

namespace q = quire;
using namespace std::chrono_literals;
using namespace growth;

namespace {

/// A service that reads all the time, old and new documents, while they are migrated.
class Readers {
 public:
  Readers(const q::Database& db, std::int64_t users)
      : thread_([this, db, users](const std::stop_token& stop) {
          const auto people = db.collection<User>();
          for (std::int64_t at = 1; !stop.stop_requested(); at = at * 7 % users + 1) {
            const auto user = people.find_one(q::field<&User::id> == at);
            if (!user) continue;  // a duplicate that was removed
            const std::string number = std::to_string(at);
            if (user->first != "First" + number || user->last != "Last" + number) wrong_ = at;
            ++reads_;
            std::this_thread::sleep_for(200us);
          }
        }) {}
  [[nodiscard]] std::int64_t reads() const { return reads_; }
  [[nodiscard]] std::int64_t wrong() const { return wrong_; }

 private:
  std::atomic<std::int64_t> reads_{0}, wrong_{0};
  std::jthread thread_;
};

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// January and February: looked at, backed up, run and validated, restored on failure.
void run_safely(q::Database& db, int month) {
  const auto all = releases(month);
  const auto folder = std::filesystem::temp_directory_path() /
                      ("growth-" + std::to_string(::getpid()) + "-" + std::to_string(month));
  q::migrate::SafeRunOptions options;
  options.backup = folder;
  options.validate = {{"all users have a status", [](q::Database& own) -> std::string {
                         const auto without = q::bson::from_json(R"({"status": null})");
                         const auto n = own.store().count(own.ns("users"), without, {});
                         return n == 0 ? "" : std::to_string(n) + " have none";
                       }}};
  const auto report = q::migrate::safe_run(db, all, options);
  std::filesystem::remove_all(folder);
  expect(report.ok(), report.json());
  std::printf("%s: %s\n", id_of(month).c_str(), std::string(to_string(report.result)).c_str());
}

/// March: the data takes long, and the service goes on meanwhile.
void run_beside_readers(q::Database& db, std::int64_t users) {
  q::MigrationRunner runner{db, releases(3)};
  db.set_hooks(q::upgrade_on_read(releases(3)));
  const auto report = runner.budget(0s).run().or_throw();
  const Readers readers(db, users);
  runner.background().start();
  while (!runner.background().wait(1s)) {
    const auto now = runner.health();
    if (now.progress.total > 0)
      std::fprintf(stderr, "%s: %lld of about %lld, %.0f a second, %.0f s left; %lld reads\n",
                   now.progress.migration.c_str(), static_cast<long long>(now.progress.done),
                   static_cast<long long>(now.progress.total), now.progress.rate,
                   now.progress.eta_seconds, static_cast<long long>(readers.reads()));
  }
  runner.background().report()->or_throw();
  expect(readers.wrong() == 0, "user " + std::to_string(readers.wrong()) + " was read wrongly");
  expect(readers.reads() > 0, "nobody read");
  expect(q::migrate::completeness(db, "users", 2).is_complete(), "users of version 1 are left");
  std::printf("%s: left %zu for the background, read meanwhile\n", id_of(3).c_str(),
              report.deferred.size());
}

void run(q::Database& db, int month) {
  const auto all = releases(month);
  const auto before = q::migrate::preflight(db, all);
  // Two addresses that are the same are what July resolves before its index.
  if (month != 7) expect(before.ok(), before.json());
  q::MigrationRunner{db, all}.run().or_throw();
  std::printf("%s: applied\n", id_of(month).c_str());
}

int year(q::Database db, std::int64_t users) {
  put_old_data(db, users);
  run_safely(db, 1);
  run_safely(db, 2);
  run_beside_readers(db, users);
  for (int month = 4; month <= 6; ++month) run(db, month);
  archive_orders(db);
  for (int month = 7; month <= 9; ++month) run(db, month);
  const auto one = db.collection<User>().get(std::int64_t{1});
  std::printf("the first: %s %s\n", one.first.c_str(), one.last.c_str());
  std::printf("removed as duplicates: %lld\n",
              static_cast<long long>(users - db.collection<User>().count()));
  return 0;
}

/// Each release on data of its time: up, down to the same, up to the same; or a reason.
int check(const char* server) {
  q::testing::ScratchDatabases databases(server);
  for (int month = 1; month <= 9; ++month) {
    const std::string uri = databases.make();
    {
      q::Database db = databases.open(uri);
      put_old_data(db, 50);
      if (month == 3) {  // what goes back carries the version of the struct that it goes back to
        const auto version = q::bson::from_json(R"({"$set": {"_v": 1}})");
        q::store::UpdateOptions all;
        all.multi = true;
        (void)db.store().update(db.ns("users"), {}, {version.view()}, all);
      }
      if (month > 1) q::MigrationRunner{db, releases(month - 1)}.run().or_throw();
      const q::testing::DatabaseImage before(db);
      q::MigrationRunner runner{db, releases(month)};
      runner.batch_size(7).run().or_throw();
      const q::testing::DatabaseImage after(db);
      expect(!(before == after), id_of(month) + " changes nothing");
      const auto back = runner.rollback(id_of(month));
      if (back.result == q::MigrationResult::irreversible) {
        std::printf("%s: %s\n", id_of(month).c_str(), back.error->detail().c_str());
      } else {
        back.or_throw();
        std::string wrong = before.difference(q::testing::DatabaseImage(db), "before", "back");
        expect(wrong.empty(), id_of(month) + ": " + wrong);
        runner.run().or_throw();
        wrong = after.difference(q::testing::DatabaseImage(db), "up", "up again");
        expect(wrong.empty(), id_of(month) + ": " + wrong);
        std::printf("%s: up, down, up\n", id_of(month).c_str());
      }
    }
    databases.remove(uri);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  std::int64_t users = 400;
  bool only_check = false;
  const char* given = std::getenv("QUIRE_EXAMPLE_MONGODB_URI");
  const char* uri = given == nullptr ? "" : given;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--check") {
      only_check = true;
    } else if (argument == "--users" && i + 1 < argc) {
      users = std::max(1L, std::atol(argv[++i]));
    } else if (argument.starts_with("-")) {
      std::fprintf(stderr, "usage: growth [--users N] [--check] [URI]\n");
      return 2;
    } else {
      uri = argv[i];
    }
  }
  if (only_check) return check(uri);
  return year(q::open(*uri == '\0' ? ":memory:" : uri), users);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
