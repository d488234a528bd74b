// expect: quire: a plain struct with a base cannot be taken apart
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Base {
  int a = 0;
};
#ifdef QUIRE_BAD
struct Derived : Base {
  int b = 0;
};
#else
struct Derived {
  Base base;
  int b = 0;
};
#endif

quire::bson::Document test() { return quire::bson::encode(Derived{}); }
