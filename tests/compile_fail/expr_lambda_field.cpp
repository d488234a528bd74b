// expect: quire: expression[field]: the field belongs to another class
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return (void)users, map(field<&User::items>, [](auto item) { return item[field<&Other::size>]; });
#else
  return (void)users, map(field<&User::items>, [](auto item) { return item[field<&Item::price>]; });
#endif
}
