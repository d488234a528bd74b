// expect: quire: a C array cannot be mapped
#include <array>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Reading {
  std::string sensor;
#ifdef QUIRE_BAD
  double values[4] = {};
#else
  std::array<double, 4> values = {};
#endif
  int version = 0;
};

quire::bson::Document test() { return quire::bson::encode(Reading{}); }
Reading back(const quire::bson::Document& document) {
  return quire::bson::decode<Reading>(document);
}
