// expect: quire: this model is of another type
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

using quire::query::field;

struct Other {
  std::string region;
};
struct User {
  std::string region;
  static auto model() {
#ifdef QUIRE_BAD
    return quire::model<User>("users").shard_key(field<&Other::region>.asc());
#else
    return quire::model<User>("users").shard_key(field<&User::region>.asc());
#endif
  }
};

const quire::ModelInfo& test() { return quire::model_of<User>(); }
