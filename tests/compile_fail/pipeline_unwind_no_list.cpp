// expect: quire: unwind takes a field that is a list
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().unwind<User>(field<&User::name>);
#else
  return users.aggregate().unwind<quire::bson::Document>(field<&User::items>);
#endif
}
