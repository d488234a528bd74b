// expect: quire: a mapped type has no virtual functions
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Shape {
#ifdef QUIRE_BAD
  virtual ~Shape() = default;
#endif
  int sides = 3;
};

quire::bson::Document test() { return quire::bson::encode(Shape{}); }
