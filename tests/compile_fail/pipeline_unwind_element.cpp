// expect: quire: unwind<…>: the member of that name in the new struct cannot hold an element
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().unwind<User>(field<&User::items>);
#else
  return users.aggregate().unwind<quire::bson::Document>(field<&User::items>);
#endif
}
