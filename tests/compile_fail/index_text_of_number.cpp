// expect: quire: a text index is for fields that are text
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

using quire::query::field;

struct User {
  std::string name;
  int age = 0;
  static auto model() {
#ifdef QUIRE_BAD
    return quire::model<User>("users").index(field<&User::age>.text());
#else
    return quire::model<User>("users").index(field<&User::name>.text());
#endif
  }
};

const quire::ModelInfo& test() { return quire::model_of<User>(); }
