// Migrates without end until it is killed; and tells afterwards whether each document was worked on
// exactly once. Usage: crash_migrator write FILE SEED | crash_migrator verify FILE [IGNORED] Driven
// by scripts/kill_loop_migrations.sh.
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/quire.hpp"
#include "quire/store/embedded/embedded.hpp"

namespace {

namespace q = quire;
namespace store = quire::store;
using q::bson::make_document;

constexpr std::int64_t documents = 3000;
constexpr int generations = 300;

struct Counter {
  std::int64_t id = 0;
  std::int64_t n = 0;
};

q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "0000_load",
           .up = q::migrate::run(q::Atomicity::transactional, [](q::Database& db, q::Session& s) {
             std::vector<Counter> counters;
             for (std::int64_t id = 0; id < documents; ++id) counters.push_back({id, 0});
             db.collection<Counter>("counters").insert_many(counters, {.session = s}).or_throw();
           })});
  for (int g = 1; g <= generations; ++g) {
    const std::string number = std::to_string(10000 + g);
    if (g % 10 == 0) {  // transactional ones in between: indexes come and go
      const auto keys = make_document("n", std::int32_t{1});
      all.add({.id = number + "_index",
               .up = g % 20 == 0 ? q::drop_index("counters", keys)
                                 : q::create_index("counters", keys)});
    } else {
      all.add({.id = number + "_each",
               .touches = {"counters.n"},
               .up = q::each<Counter>("counters", [](Counter& c) { c.n += c.id + 1; })});
    }
  }
  return all;
}

int write(const std::string& file) {
  q::Database db = q::open(file);
  const auto report = q::MigrationRunner{db, migrations()}.batch_size(20).run();
  std::cerr << report.json() << '\n';
  if (!report.ok()) return 1;
  for (;;) ::pause();  // all is done; it is still to be killed
}

int fail(const std::string& text) {
  std::cerr << text << '\n';
  return 1;
}

int verify(const std::string& file) {
  q::Database db = q::open(file);
  const auto report = store::embedded::check(db.store());
  for (const auto& problem : report.problems)
    return fail("check(): " + problem.where + ": " + problem.what);
  const auto history = q::bson::from_json(R"({"_id":{"$regex":"_each$"},"state":"applied"})");
  const std::int64_t applied = db.store().count(db.ns("_quire_history"), history, {});
  std::int64_t cursor = -1;
  const auto open_job = q::bson::from_json(R"({"state":"running","cursor":{"$exists":true}})");
  std::int64_t jobs = 0;
  const auto found = db.store().find(db.ns("_quire_jobs"), open_job, {});
  while (const auto job = found->next()) {
    ++jobs;
    cursor = (*job)["cursor"].as_int64();
  }
  // A job may be complete whose migration is not yet marked applied: then all documents have it.
  const auto complete = q::bson::from_json(R"({"state":"complete","step.op":"each"})");
  const std::int64_t done = db.store().count(db.ns("_quire_jobs"), complete, {});
  if (jobs > 1 || done < applied || done > applied + 1) return fail("jobs and history contradict");
  std::int64_t seen = 0;
  for (const Counter& c : db.collection<Counter>("counters").find()) {
    ++seen;
    const std::int64_t times = done + (c.id <= cursor ? 1 : 0);
    if (c.n != times * (c.id + 1))
      return fail("document " + std::to_string(c.id) + " was worked on " +
                  std::to_string(c.n / (c.id + 1)) + " times, not " + std::to_string(times));
  }
  if (seen != 0 && seen != documents) return fail("half of a transaction is there");
  std::cout << applied << " migrations applied, cursor at " << cursor << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return fail("usage: crash_migrator write|verify FILE …");
  try {
    return std::string_view(argv[1]) == "write" ? write(argv[2]) : verify(argv[2]);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
