#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "quire/bson/detail/kind.hpp"
#include "quire/reflect/mapping.hpp"

// What cannot be mapped is told when it compiles, one message a mistake. These functions are never
// called: their bodies are looked at for the type that they return, by sizeof, so that a
// message brings no second one about a call that failed.

namespace quire::bson::detail {

/// Says why a V as such cannot be stored; true when it can.
template <class V>
auto explain_value() {
  constexpr bool is_pointer = std::is_pointer_v<V>;
  static_assert(!is_pointer,
                "quire: a raw pointer cannot be stored; use std::unique_ptr, "
                "std::optional, or std::string for text.");
  constexpr bool is_char = is_character<V>;
  static_assert(!is_char,
                "quire: a single character cannot be stored; use std::string for text or "
                "std::int8_t for a number.");
  constexpr bool is_array = std::is_array_v<V>;
  static_assert(!is_array, "quire: a C array cannot be mapped; use std::array.");
  constexpr bool is_polymorphic = std::is_polymorphic_v<V> && !can_map<V>();
  static_assert(!is_polymorphic,
                "quire: a mapped type has no virtual functions; use std::variant.");
  constexpr bool is_long_double = std::is_same_v<V, long double>;
  static_assert(!is_long_double,
                "quire: long double has no BSON type; use double or "
                "quire::Decimal128.");
  constexpr bool bad_key = [] {
    if constexpr (kind<V> == Kind::map)
      return !is_map_key<typename V::key_type>();
    else
      return false;
  }();
  static_assert(!bad_key,
                "quire: the key of a map is text in BSON; use a std::string, integer, "
                "described enum, ObjectId or Uuid, or a std::vector of structs.");
  constexpr bool other = is_pointer || is_char || is_array || is_polymorphic || is_long_double ||
                         bad_key || can_map<V>();
  static_assert(other,
                "quire: BSON has no form for this type; specialise quire::Converter for it, "
                "or add BOOST_DESCRIBE_CLASS to it.");
  return 0;
}

template <class T, std::size_t I>
auto explain_member() {
  using V = std::remove_const_t<reflect::field_t<T, I>>;
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (policy.flattened) {
    static_assert(kind<V> == Kind::structure,
                  "quire: only a struct can be flattened; for fields "
                  "that are not known use a member quire::Extra.");
  } else if constexpr (!policy.skipped && !policy.converted) {
    (void)sizeof(explain_value<V>());
  }
  return 0;
}

template <class T, std::size_t... I>
auto explain_each(std::index_sequence<I...>) {
  constexpr std::size_t extras =
      (std::size_t{0} + ... + (kind<std::remove_const_t<reflect::field_t<T, I>>> == Kind::extra));
  static_assert(extras <= 1, "quire: a struct has at most one member of type quire::Extra.");
  static_assert(reflect::policies<T>.unknown != Unknown::keep || extras == 1,
                "quire: to keep unknown fields the struct needs a member of type quire::Extra.");
  ((void)sizeof(explain_member<T, I>()), ...);
  return 0;
}

/// Checks all members of T.
template <class T>
auto explain_members() {
  (void)sizeof(explain_each<T>(std::make_index_sequence<reflect::field_count<T>>{}));
  return 0;
}

/// Whether T can be a document of its own, and why not.
template <class T>
auto explain_document() {
  constexpr bool is_object = std::is_class_v<T>;
  static_assert(is_object, "quire: a document maps to a struct; wrap this type in one.");
  constexpr bool is_plain = !is_object || !std::is_polymorphic_v<T> || kind<T> == Kind::structure;
  static_assert(is_plain, "quire: a mapped type has no virtual functions; use std::variant.");
  constexpr bool is_struct = !is_object || !is_plain || kind<T> == Kind::structure;
  static_assert(is_struct, "quire: not an aggregate; add BOOST_DESCRIBE_CLASS beside the type.");
  return 0;
}
template <class T>
concept MappedDocument = std::is_class_v<T> && (kind<T> == Kind::structure);

template <class T, std::size_t... I>
consteval bool any_member_named(std::string_view name, std::index_sequence<I...>) {
  return ((!reflect::policies<T>.field[I].renamed && !reflect::policies<T>.field[I].skipped &&
           reflect::static_name<T, I>.view() == name) ||
          ...);
}
/// Whether a member of T itself is stored as _v.
template <class T>
consteval bool writes_version() {
  return any_member_named<T>("_v", std::make_index_sequence<reflect::field_count<T>>{});
}

}  // namespace quire::bson::detail
