// expect: quire: into<…>: the member belongs to another struct than the one that this stage
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return (void)users, pipeline<User>().set(into<&Other::size>(3));
#else
  return (void)users, pipeline<User>().set(into<&User::age>(3));
#endif
}
