#pragma once

#include <string_view>

#include "quire/bson/document.hpp"

namespace quire {

/// How a foreign type is stored. Specialise it:
///   template <> struct quire::Converter<Money> {
///     using stored = std::int64_t;                       // any mapped type
///     static std::int64_t to_bson(const Money& m) { return m.cents; }
///     static Money from_bson(std::int64_t cents) { return Money{cents}; }
///   };
/// What from_bson throws becomes MappingError conversion_failed with the field's path.
template <class Foreign>
struct Converter {};

/// A member of this type takes the fields that the struct does not know, and writing puts them
/// back behind the known ones.
struct Extra {
  bson::Document fields;
  friend bool operator==(const Extra&, const Extra&) = default;
};

/// The text that says in a stored variant which alternative it is; default: the type's own name
/// without namespaces.
template <class Alternative>
struct Tag {};

/// The field that holds the tag of a variant; specialise it for a std::variant<...> to change it.
template <class Variant>
struct Discriminator {
  static constexpr std::string_view field = "_t";
};

}  // namespace quire
