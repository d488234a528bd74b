// expect: quire: into<…>: the member belongs to another struct than the one that this stage
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().group<Row>(field<&User::name>, into<&Other::size>(count()));
#else
  return users.aggregate().group<Row>(field<&User::name>, into<&Row::n>(count()));
#endif
}
