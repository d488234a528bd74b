// An application that is its own migration tool: $PROGRAM_URI is its database, $PROGRAM_RELEASE
// says what it was built with.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <quire/cli/migrate.hpp>
#include <quire/cli/migration_tests.hpp>
#include <quire/quire.hpp>
#ifdef QUIRE_TEST_MONGODB
#include <quire/store/mongodb/interop.hpp>
#endif
#include <stdexcept>
#include <string>
#include <thread>

namespace q = quire;
using q::field;

namespace {

struct User {
  std::int64_t id = 0;
  std::string email = {};
  std::string status = "active";
  static auto model() {
    return q::model<User>("users").index(field<&User::email>.asc(), q::unique);
  }
};
struct Counter {
  std::int64_t id = 0;
  std::int64_t n = 0;
};

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

q::Migrations migrations_of(const std::string& release) {
  q::Migrations all;
  if (release == "cycle") {
    all.add({.id = "a", .depends_on = {"b"}, .up = q::create_collection("a")});
    all.add({.id = "b", .depends_on = {"a"}, .up = q::create_collection("b")});
    return all;
  }
  if (release == "newer") all.app_level = 7;
  all.add({.id = "2026_01_email",
           .title = "one e-mail each",
           .up = q::create_index("users", q::bson::make_document("email", 1), {.unique = true})});
  all.add({.id = "2026_02_status",
           .title = "users have a status",
           .up = q::add_field("users", "status", release == "changed" ? "new" : "active")});
  if (release == "newer") {
    all.add({.id = "2026_03_newer", .min_app = 7, .up = q::create_collection("newer")});
  } else if (release == "final") {
    all.add({.id = "2026_03_final",
             .up = q::create_collection("final"),
             .down = q::irreversible("its documents would be lost")});
  } else if (release == "failing") {
    all.add({.id = "2026_03_failing",
             .up = q::migrate::run(q::Atomicity::transactional, [](q::Database&, q::Session&) {
               throw std::runtime_error("the disk of the price server is \x1b[31mred");
             })});
  } else if (release == "partial" || release == "slow" || release == "repaired") {
    all.add({.id = "2026_03_count", .up = q::each<Counter>("counters", [release](Counter& counter) {
                                      if (release == "partial" && counter.id == 25)
                                        throw std::runtime_error("25 is odd");
                                      if (release == "slow")
                                        std::this_thread::sleep_for(std::chrono::milliseconds(50));
                                      ++counter.n;
                                    })});
  } else if (release == "waiting") {  // until a document is in `go`; holds no transaction meanwhile
    all.add({.id = "2026_03_wait",
             .up = q::migrate::run(q::Atomicity::idempotent, [](q::Database& db, q::Session&) {
               for (int i = 0; i < 6000; ++i) {
                 if (db.store().count(db.ns("go"), {}, {}) > 0) return;
                 std::this_thread::sleep_for(std::chrono::milliseconds(10));
               }
             })});
  } else if (release == "dangerous") {
    all.add({.id = "2026_03_drop", .up = q::drop_collection("counters")});
  } else if (release == "assured") {
    all.add({.id = "2026_03_drop",
             .assured = q::assured("counters are not read any more"),
             .up = q::drop_collection("counters")});
  } else if (release == "more") {
    all.add({.id = "2026_03_more", .up = q::add_field("users", "more", 1)});
    all.add(
        {.id = "2026_04_most", .up = q::each<Counter>("counters", [](Counter& one) { ++one.n; })});
  } else if (release == "manual") {
    all.add({.id = "2026_03_manual",
             .up = q::migrate::run(q::Atomicity::manual, [](q::Database&, q::Session&) {
               throw std::runtime_error("the mail server hung up");
             })});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
#ifdef QUIRE_TEST_MONGODB
  // As the driver sets it itself: its log goes between the lines of a report.
  if (setting("PROGRAM_RELEASE") == "talking")
    mongoc_log_set_handler(mongoc_log_default_handler, nullptr);
#endif
  try {
    const auto db = q::open(setting("PROGRAM_URI"));
    q::MigrateCliOptions options;
    if (setting("PROGRAM_RELEASE") != "without_models") options.models = q::cli::models<User>();
    options.application = "shop 1.4";
    options.configure = [](q::MigrationRunner& runner) {
      runner.batch_size(10).lease(std::chrono::seconds(2));
    };
    options.jobs["archive"] = [db] {
      q::migrate::DataMigrator job(db, "counters");
      job.to(db, "archive").name("archive").rejects(q::migrate::RejectPolicy::reject);
      job.map([](q::bson::View one) -> std::optional<q::bson::Document> {
        if (one.contains("odd")) throw std::runtime_error("it is odd, and no more");
        return q::bson::Document(one);
      });
      return job;
    };
    if (setting("PROGRAM_RELEASE") != "without_models") {
      options.tests = q::cli::migration_tests({.migrations = migrations_of("base")});
      options.tests.emplace_back("failing", [] { return std::string("seven is not eight"); });
    }
#ifdef QUIRE_TEST_MONGODB
    if (setting("PROGRAM_RELEASE") == "talking")
      options.configure = [](q::MigrationRunner&) {
        mongoc_log(MONGOC_LOG_LEVEL_DEBUG, "test", "a line of debugging");
        mongoc_log(MONGOC_LOG_LEVEL_WARNING, "test", "a warning");
      };
#endif
    return q::migrate_cli(argc, argv, db, migrations_of(setting("PROGRAM_RELEASE")), options);
  } catch (const q::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
