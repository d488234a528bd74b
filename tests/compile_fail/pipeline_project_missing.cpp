// expect: quire: a member of the struct that this stage makes is neither given by
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().project<Card>();
#else
  return users.aggregate().project<Card>(into<&Card::years>(field<&User::age>));
#endif
}
