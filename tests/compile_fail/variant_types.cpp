// expect: quire: two alternatives of a variant have one BSON type
#include <variant>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

struct Answer {
#ifdef QUIRE_BAD
  std::variant<std::int64_t, std::chrono::milliseconds> value;
#else
  std::variant<std::int64_t, std::string> value;
#endif
};

Answer test(const quire::bson::Document& document) { return quire::bson::decode<Answer>(document); }
