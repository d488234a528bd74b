// expect: quire: this check is about values of another type than the field's
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

struct User {
  int age = 0;
  static auto model() {
    return quire::model<User>("users")
#ifdef QUIRE_BAD
        .check(quire::query::field<&User::age>, quire::between("a", "b"));
#else
        .check(quire::query::field<&User::age>, quire::between(0, 150));
#endif
  }
};

const quire::ModelInfo& test() { return quire::model_of<User>(); }
