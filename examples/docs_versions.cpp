#include <iostream>
#include <quire/quire.hpp>
namespace q = quire;

// What the program writes today …
struct Person {
  std::int64_t id = 0;
  std::string first, last;
  static auto model() { return q::model<Person>("people").version(2); }
};
// … and what it wrote before versions.
struct OldPerson {
  std::int64_t id = 0;
  std::string name;
};

int main() {
  q::Database db = q::open(":memory:");
  db.collection<OldPerson>("people").insert({1, "Ada Lovelace"});

  q::Migrations all;
  all.add({.id = "2026_05_split_name",
           .up = q::transform<OldPerson, Person>("people",
                                                 [](const OldPerson& old) {
                                                   const auto space = old.name.find(' ');
                                                   return Person{old.id, old.name.substr(0, space),
                                                                 old.name.substr(space + 1)};
                                                 }),
           .down = q::transform<Person, OldPerson>("people", [](const Person& now) {
             return OldPerson{now.id, now.first + " " + now.last};
           })});

  db.set_hooks(q::upgrade_on_read(all));
  const auto people = db.collection<Person>();
  std::cout << people.get(1).last << ", read before the migration\n";
  std::cout << q::migrate::completeness(db, "people", 2).without << " without a version\n";

  q::MigrationRunner{db, all}.run().or_throw();
  std::cout << people.get(1).last << ", complete: " << std::boolalpha
            << q::migrate::completeness(db, "people", 2).is_complete() << '\n';
}
