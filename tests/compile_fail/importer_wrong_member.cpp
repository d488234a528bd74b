// expect: quire: this member belongs to another class than the one that is mapped.
#include "quire/importer/typed.hpp"

struct Other {
  int size = 0;
};
struct User {
  std::int64_t id = 0;
  int age = 0;
  static auto model() { return quire::model<User>("users"); }
};

auto test() {
#ifdef QUIRE_BAD
  return quire::importer::into<User>("users").field<&Other::size>("age").mapping();
#else
  return quire::importer::into<User>("users").field<&User::age>("age").mapping();
#endif
}
