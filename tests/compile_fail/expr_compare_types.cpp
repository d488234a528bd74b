// expect: quire: these two cannot be compared
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return (void)users, expr(field<&User::age>) == "three";
#else
  return (void)users, expr(field<&User::age>) == 3;
#endif
}
