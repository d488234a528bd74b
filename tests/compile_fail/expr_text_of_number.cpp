// expect: quire: this expression is for text
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return (void)users, to_upper(field<&User::age>);
#else
  return (void)users, to_upper(field<&User::name>);
#endif
}
