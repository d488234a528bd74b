// expect: quire: these two cannot be compared
#include "quire/collection/collection.hpp"
#include "quire/query/expr.hpp"

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
  return field<&User::age> > field<&User::name>;
#else
  return field<&User::age> > 3;
#endif
}
