// expect: quire: this filter, update, sort or projection is about another type
#include "quire/collection/collection.hpp"
#include "quire/query/path.hpp"

using quire::query::field;

struct Item {
  int count = 0;
};
struct User {
  quire::ObjectId id;
  std::string name;
  int age = 0;
  std::vector<std::string> tags;
  std::vector<Item> items;
};
struct Other {
  int size = 0;
};

auto test(quire::Collection<User>& users) {
  (void)users;
#ifdef QUIRE_BAD
  return users.count(field<&Other::size> == 3);
#else
  return users.count(field<&User::age> == 3);
#endif
}
