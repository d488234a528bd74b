// expect: quire: a group takes accumulators
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().group<Row>(field<&User::name>, into<&Row::n>(field<&User::age>));
#else
  return users.aggregate().group<Row>(field<&User::name>, into<&Row::n>(sum(field<&User::age>)));
#endif
}
