// expect: quire: a single character cannot be stored
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Grade {
#ifdef QUIRE_BAD
  char letter;
#else
  std::string letter;
#endif
};

quire::bson::Document test() { return quire::bson::encode(Grade{}); }
