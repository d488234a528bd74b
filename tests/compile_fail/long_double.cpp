// expect: quire: long double has no BSON type
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Measure {
#ifdef QUIRE_BAD
  long double value = 0;
#else
  double value = 0;
#endif
};

Measure test(const quire::bson::Document& document) {
  return quire::bson::decode<Measure>(document);
}
