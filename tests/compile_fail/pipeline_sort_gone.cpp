// expect: quire: this filter, update, sort or projection is about another type
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate()
      .project<Card>(into<&Card::years>(field<&User::age>))
      .sort(field<&User::age>.asc());
#else
  return users.aggregate()
      .project<Card>(into<&Card::years>(field<&User::age>))
      .sort(field<&Card::years>.asc());
#endif
}
