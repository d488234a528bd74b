// expect: quire: not an aggregate; add BOOST_DESCRIBE_CLASS
#include "quire/quire.hpp"

class Counter {
 public:
  int count() const { return count_; }
  static auto model() { return quire::model<Counter>("counters"); }

 private:
  int count_ = 0;
#ifndef QUIRE_BAD
  BOOST_DESCRIBE_CLASS(Counter, (), (), (), (count_))
#endif
};

int test(quire::Database& database) {
  return database.collection<Counter>().find().to_vector().front().count();
}
