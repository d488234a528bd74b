#include <cstdio>
#include <quire/quire.hpp>
#include <quire/testing/testing.hpp>

namespace q = quire;
namespace qt = quire::testing;

// [migrations]
struct Named {
  std::int64_t id = 0;
  std::string name;
};
struct Split {
  std::int64_t id = 0;
  std::string first, last;
};

q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "2026_01_status", .up = q::add_field("users", "status", "new")});
  all.add({.id = "2026_02_names",
           .up = q::transform<Named, Split>("users",
                                            [](const Named& n) {
                                              const auto space = n.name.find(' ');
                                              return Split{n.id, n.name.substr(0, space),
                                                           n.name.substr(space + 1)};
                                            }),
           .down = q::transform<Split, Named>(
               "users", [](const Split& s) { return Named{s.id, s.first + " " + s.last}; })});
  return all;
}
// [/migrations]

// [subject]
qt::Subject subject() {
  qt::Subject subject;
  subject.migrations = migrations();
  subject.prepare = [](q::Database& db) {  // what programs before them left; the same each time
    const auto users = db.collection<q::bson::Document>("users");
    for (std::int64_t id = 1; id <= 9; ++id)
      users.insert(q::bson::make_document("_id", id, "name", "Ada " + std::to_string(id)));
  };
  subject.configure = [](q::MigrationRunner& runner) { runner.batch_size(4); };
  return subject;
}
// [/subject]

void show(const char* what, const qt::Outcome& outcome) {
  std::printf("%s: %s\n", what, outcome ? "holds" : outcome.why.c_str());
}

int main() {
  // [checks]
  qt::ScratchDatabases databases;  // files; ScratchDatabases("mongodb://…") uses a server
  show("forth, back and forth", qt::up_down_up(databases, subject()));
  show("an exception at every fifth call", qt::crash_matrix(databases, subject(), {.every = 5}));
  show("SIGKILL at every tenth call",
       qt::crash_matrix(databases, subject(),
                        {.interruption = qt::Interruption::kill, .every = 10}));
  show("three processes of two threads",
       qt::single_run(databases, subject(), {.processes = 3, .threads = 2}));
  show("a stopped holder", qt::paused_holder(databases, subject(), {.first = 3, .most = 1}));
  // [/checks]

  // [squash]
  q::Migrations squashed;
  squashed.add({.id = "2026_squashed",
                .up = {q::add_field("users", "status", "new"),
                       q::transform<Named, Split>("users", [](const Named& n) {
                         const auto space = n.name.find(' ');
                         return Split{n.id, n.name.substr(0, space), n.name.substr(space)};
                       })}});
  const auto outcome = qt::squash_equals_originals(databases, subject(), squashed);
  std::printf("%s\n", outcome.why.c_str());  // the blank is not cut off
  // [/squash]
}
