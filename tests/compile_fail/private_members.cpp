// expect: quire: not an aggregate; add BOOST_DESCRIBE_CLASS
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

class Counter {
 public:
  void up() { ++count_; }

 private:
  int count_ = 0;
#ifndef QUIRE_BAD
  BOOST_DESCRIBE_CLASS(Counter, (), (), (), (count_))
#endif
};

quire::bson::Document test() { return quire::bson::encode(Counter{}); }
