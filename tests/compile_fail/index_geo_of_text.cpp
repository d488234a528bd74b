// expect: quire: a 2dsphere index is for fields that hold a GeoJSON document or a pair of
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

using quire::query::field;

struct User {
  std::string name;
  std::vector<double> place;
  static auto model() {
#ifdef QUIRE_BAD
    return quire::model<User>("users").index(field<&User::name>.geo_2dsphere());
#else
    return quire::model<User>("users").index(field<&User::place>.geo_2dsphere());
#endif
  }
};

const quire::ModelInfo& test() { return quire::model_of<User>(); }
