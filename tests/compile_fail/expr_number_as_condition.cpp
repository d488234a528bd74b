// expect: quire: a condition is an expression that gives true or false
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return (void)users, cond(field<&User::age>, 1, 2);
#else
  return (void)users, cond(expr(field<&User::age>) > 3, 1, 2);
#endif
}
