// expect: quire: a filter, update or sort is no expression
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return (void)users, cond(field<&User::age> > 3, 1, 2);
#else
  return (void)users, cond(expr(field<&User::age>) > 3, 1, 2);
#endif
}
