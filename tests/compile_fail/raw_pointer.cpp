// expect: quire: a raw pointer cannot be stored
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Person {
#ifdef QUIRE_BAD
  const char* name;
#else
  std::string name;
#endif
};

quire::bson::Document test() { return quire::bson::encode(Person{}); }
