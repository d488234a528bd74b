// expect: quire: a hashed index is for fields that are no lists
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

using quire::query::field;

struct User {
  std::string name;
  std::vector<std::string> tags;
  static auto model() {
#ifdef QUIRE_BAD
    return quire::model<User>("users").index(field<&User::tags>.hashed());
#else
    return quire::model<User>("users").index(field<&User::name>.hashed());
#endif
  }
};

const quire::ModelInfo& test() { return quire::model_of<User>(); }
