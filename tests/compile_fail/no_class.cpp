// expect: quire: a document maps to a struct
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"

#ifdef QUIRE_BAD
quire::bson::Document test() { return quire::bson::encode(5); }
#else
quire::bson::Value test() { return quire::bson::encode_value(5); }
#endif
