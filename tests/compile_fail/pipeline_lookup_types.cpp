// expect: quire: lookup: the two fields are of different types and never equal
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().lookup<WithOthers>(field<&User::name>, field<&Other::id>,
                                              field<&WithOthers::others>);
#else
  return users.aggregate().lookup<WithOthers>(field<&User::id>, field<&Other::id>,
                                              field<&WithOthers::others>);
#endif
}
