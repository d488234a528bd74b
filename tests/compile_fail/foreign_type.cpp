// expect: quire: BSON has no form for this type; specialise quire::Converter
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

class Money {
 public:
  Money() = default;
  explicit Money(long c) : cents(c) {}
  [[nodiscard]] long value() const { return cents; }

 private:
  long cents = 0;
};

#ifndef QUIRE_BAD
template <>
struct quire::Converter<Money> {
  using stored = std::int64_t;
  static std::int64_t to_bson(const Money& m) { return m.value(); }
  static Money from_bson(std::int64_t cents) { return Money(cents); }
};
#endif

struct Bill {
  Money total;
};

quire::bson::Document test() { return quire::bson::encode(Bill{}); }
