// expect: quire: a struct has at most one member of type quire::Extra
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Open {
  int known = 0;
  quire::Extra rest;
#ifdef QUIRE_BAD
  quire::Extra more;
#endif
};

quire::bson::Document test() { return quire::bson::encode(Open{}); }
