// expect: quire: into<…>: this member cannot hold what the expression gives
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().group<Row>(field<&User::name>, into<&Row::n>(avg(field<&User::age>)));
#else
  return users.aggregate().group<Row>(field<&User::name>, into<&Row::mean>(avg(field<&User::age>)));
#endif
}
