#pragma once

#include <ostream>

#include "quire/bson/json.hpp"
#include "quire/bson/value.hpp"
#include "quire/core/error.hpp"

/// Lets GoogleTest print documents and values as canonical JSON instead of bytes.
namespace quire::bson {

inline void PrintTo(View view, std::ostream* out) {
  try {
    *out << to_json(view, JsonMode::canonical);
  } catch (const Error& error) {
    *out << "(" << error.what() << ", " << view.size() << " bytes)";
  }
}
inline void PrintTo(const Document& document, std::ostream* out) { PrintTo(document.view(), out); }
inline void PrintTo(ValueView value, std::ostream* out) {
  try {
    *out << to_json(value, JsonMode::canonical);
  } catch (const Error& error) {
    *out << "(" << error.what() << ")";
  }
}
inline void PrintTo(const Value& value, std::ostream* out) { PrintTo(value.view(), out); }
inline void PrintTo(const ObjectId& id, std::ostream* out) { *out << id.str(); }
inline void PrintTo(const Decimal128& decimal, std::ostream* out) { *out << decimal.str(); }
inline void PrintTo(const Uuid& uuid, std::ostream* out) { *out << uuid.str(); }

}  // namespace quire::bson
