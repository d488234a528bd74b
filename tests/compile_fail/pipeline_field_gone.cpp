// expect: quire: this filter, update, sort or projection is about another type
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().group<Row>(field<&User::name>).match(field<&User::age> > 3);
#else
  return users.aggregate().group<Row>(field<&User::name>).match(field<&Row::n> > 3);
#endif
}
