// expect: quire: the key of a map is text in BSON
#include <map>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Table {
#ifdef QUIRE_BAD
  std::map<double, int> rows;
#else
  std::map<std::string, int> rows;
#endif
};

quire::bson::Document test() { return quire::bson::encode(Table{}); }
