// expect: quire: arithmetic is for numbers and times
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return (void)users, field<&User::name> + 1;
#else
  return (void)users, field<&User::age> + 1;
#endif
}
