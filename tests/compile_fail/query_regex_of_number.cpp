// expect: quire: a regular expression is for fields that are text
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
  return field<&User::age>.regex("a");
#else
  return field<&User::name>.regex("a");
#endif
}
