#include <iostream>
#include <quire/quire.hpp>
namespace q = quire;
using namespace std::chrono_literals;

struct Person {
  std::int64_t id = 0;
  std::string email;
};

q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "2026_01_index",
           .kind = q::MigrationKind::schema,
           .up = q::create_index("logins", q::bson::make_document("at", 1))});
  all.add({.id = "2026_02_lower_case",
           .revision = 1,
           .up = q::each<Person>("people", [](Person& person) { q::to_lower(person.email); }),
           .down = q::irreversible("the case is not kept")});
  all.add({.id = "2026_03_drop",
           .depends_on = {"2026_02_lower_case"},
           .kind = q::MigrationKind::contract,
           .up = q::unset_field("people", "nickname")});
  return all;
}

int main() {
  const q::Database db = q::open(":memory:");
  db.collection<Person>("people").insert({1, "Ada@Example.org"});

  // [start]
  const q::SignalStop stop;  // SIGINT and SIGTERM end runs at a batch's edge
  q::MigrationRunner runner{db, migrations()};
  const auto report = runner.budget(0s).stop_token(stop.token()).run().or_throw();
  for (const auto& id : report.deferred) std::cout << "later: " << id << '\n';

  runner.background().start();
  // … the program serves; its probes ask
  const q::MigrationHealth health = runner.health();
  if (!health.alive || !health.ready) std::cout << health.json() << '\n';
  // [/start]

  if (!runner.background().wait(60s)) return 1;
  std::cout << std::boolalpha << runner.is_complete("2026_03_drop") << ' '
            << db.collection<Person>("people").get(1).email << '\n';

  // [control]
  q::MigrationRunner::control(db, q::migrate::Desired::pause, "the shop is full");
  q::MigrationRunner::control(db, q::migrate::Desired::run, "", 500);  // documents a second
  // [/control]
}
