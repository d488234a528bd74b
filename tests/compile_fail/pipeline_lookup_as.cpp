// expect: quire: lookup<…>: `as` is no list of the documents that are looked up
#include "models.hpp"

auto test(quire::Collection<User>& users) {
#ifdef QUIRE_BAD
  return users.aggregate().lookup<WithOthers>(field<&User::id>, field<&Other::id>,
                                              field<&WithOthers::items>);
#else
  return users.aggregate().lookup<WithOthers>(field<&User::id>, field<&Other::id>,
                                              field<&WithOthers::others>);
#endif
}
