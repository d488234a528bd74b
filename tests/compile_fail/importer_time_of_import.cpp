// expect: quire: time_of_import<…>() is for a member that is a point in time.
#include "quire/importer/typed.hpp"

struct User {
  std::int64_t id = 0;
  quire::DateTime made;
  static auto model() { return quire::model<User>("users"); }
};

auto test() {
#ifdef QUIRE_BAD
  return quire::importer::into<User>("users").time_of_import<&User::id>().mapping();
#else
  return quire::importer::into<User>("users").time_of_import<&User::made>().mapping();
#endif
}
