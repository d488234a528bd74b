// expect: quire: a wildcard index is for fields that have fields of their own
#include <map>

#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

using quire::query::field;

struct User {
  int age = 0;
  std::map<std::string, int> marks;
  static auto model() {
#ifdef QUIRE_BAD
    return quire::model<User>("users").index(field<&User::age>.wildcard());
#else
    return quire::model<User>("users").index(field<&User::marks>.wildcard());
#endif
  }
};

const quire::ModelInfo& test() { return quire::model_of<User>(); }
