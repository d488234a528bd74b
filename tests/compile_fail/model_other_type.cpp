// expect: quire: this model is of another type
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

struct Other {
  int size = 0;
};
struct User {
  int age = 0;
  static auto model() {
    return quire::model<User>("users")
#ifdef QUIRE_BAD
        .index(quire::query::field<&Other::size>.asc());
#else
        .index(quire::query::field<&User::age>.asc());
#endif
  }
};

const quire::ModelInfo& test() { return quire::model_of<User>(); }
