// expect: quire: group<…>: the member id cannot hold the key
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().group<Row>(field<&User::age>, into<&Row::n>(count()));
#else
  return users.aggregate().group<Row>(field<&User::name>, into<&Row::n>(count()));
#endif
}
