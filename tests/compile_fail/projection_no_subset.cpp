// expect: quire: project<…>: a member of that struct is no field of the
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
struct Item2 {
  int age = 0;
};
struct Other {
  int size = 0;
};

auto test(quire::Collection<User>& users) {
  (void)users;
#ifdef QUIRE_BAD
  return users.find().project<Other>().first();
#else
  return users.find().project<Item2>().first();
#endif
}
