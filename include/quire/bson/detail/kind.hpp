#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "quire/bson/converter.hpp"
#include "quire/bson/value.hpp"
#include "quire/reflect/enums.hpp"
#include "quire/reflect/fields.hpp"
#include "quire/reflect/type_name.hpp"

// Which way a C++ type is stored. Standard containers are recognised by what they offer, so that
// this header need not include them (compile time), and so that other libraries' work too.

namespace quire::bson::detail {

enum class Kind {
  none,
  converted,
  boolean,
  integer,
  floating,
  string,
  string_view,
  enum_text,
  enum_number,
  object_id,
  decimal,
  timestamp,
  uuid,
  binary,
  bytes,
  byte_array,
  regex,
  code,
  symbol,
  db_pointer,
  null,
  undefined,
  min_key,
  max_key,
  time_point,
  duration,
  document,
  view,
  value,
  extra,
  optional,
  pointer,
  sequence,
  set,
  map,
  array,
  tuple,
  variant,
  structure
};

template <class V>
concept Convertible = requires { typename Converter<V>::stored; };

template <class V>
concept Iterable = requires(const V& v) {
  typename V::value_type;
  v.begin();
  v.end();
};
template <class V>
concept MapLike = Iterable<V> && requires {
  typename V::key_type;
  typename V::mapped_type;
};
template <class V>
concept SetLike = Iterable<V> && requires(V v) {
  typename V::key_type;
  requires std::is_same_v<typename V::key_type, typename V::value_type>;
  v.insert(std::declval<typename V::value_type>());
};
template <class V>
concept SequenceLike = Iterable<V> && requires(V v) {
  v.clear();
  v.push_back(std::declval<typename V::value_type>());
};
template <class V>
concept TupleLike = requires { std::tuple_size<V>::value; };
template <class V>
concept OptionalLike = requires(V v) {
  typename V::value_type;
  { v.has_value() } -> std::same_as<bool>;
  v.reset();
  v.emplace();
  *v;
};
template <class V>
concept OwningPointer = requires(V v) {
  typename V::element_type;
  v.get();
  v.reset();
  *v;
  requires std::constructible_from<V, typename V::element_type*>;
};
template <class V>
concept VariantLike = requires(const V& v) {
  { v.index() } -> std::convertible_to<std::size_t>;
  { v.valueless_by_exception() } -> std::same_as<bool>;
};

template <class V>
inline constexpr bool is_byte = std::is_same_v<V, std::byte> || std::is_same_v<V, unsigned char>;
template <class V>
inline constexpr bool is_character =
    std::is_same_v<V, char> || std::is_same_v<V, wchar_t> || std::is_same_v<V, char8_t> ||
    std::is_same_v<V, char16_t> || std::is_same_v<V, char32_t>;

template <class V>
inline constexpr bool is_system_time = false;
template <class D>
inline constexpr bool is_system_time<std::chrono::time_point<std::chrono::system_clock, D>> = true;
template <class V>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;

/// std::monostate, without its header.
template <class V>
consteval bool is_monostate() {
  if constexpr (std::is_empty_v<V> && std::is_aggregate_v<V>)
    return reflect::type_name<V>() == "monostate";
  else
    return false;
}

template <class V>
consteval Kind find_kind() {
  if constexpr (Convertible<V>) {
    return Kind::converted;
  } else if constexpr (std::is_same_v<V, bool>) {
    return Kind::boolean;
  } else if constexpr (std::is_integral_v<V>) {
    return is_character<V> ? Kind::none : Kind::integer;
  } else if constexpr (std::is_same_v<V, double> || std::is_same_v<V, float>) {
    return Kind::floating;
  } else if constexpr (std::is_enum_v<V>) {
    if constexpr (std::is_same_v<V, std::byte>)
      return Kind::none;
    else
      return reflect::DescribedEnum<V> ? Kind::enum_text : Kind::enum_number;
  } else if constexpr (!std::is_class_v<V>) {
    return Kind::none;
  } else if constexpr (std::is_same_v<V, std::string>) {
    return Kind::string;
  } else if constexpr (std::is_same_v<V, std::string_view>) {
    return Kind::string_view;
  } else if constexpr (std::is_same_v<V, ObjectId>) {
    return Kind::object_id;
  } else if constexpr (is_system_time<V>) {
    return Kind::time_point;
  } else if constexpr (is_duration<V>) {
    return Kind::duration;
  } else if constexpr (std::is_same_v<V, Document>) {
    return Kind::document;
  } else if constexpr (std::is_same_v<V, View>) {
    return Kind::view;
  } else if constexpr (std::is_same_v<V, Value>) {
    return Kind::value;
  } else if constexpr (std::is_same_v<V, Extra>) {
    return Kind::extra;
  } else if constexpr (std::is_same_v<V, Decimal128>) {
    return Kind::decimal;
  } else if constexpr (std::is_same_v<V, Timestamp>) {
    return Kind::timestamp;
  } else if constexpr (std::is_same_v<V, Uuid>) {
    return Kind::uuid;
  } else if constexpr (std::is_same_v<V, Binary>) {
    return Kind::binary;
  } else if constexpr (std::is_same_v<V, Regex>) {
    return Kind::regex;
  } else if constexpr (std::is_same_v<V, Code>) {
    return Kind::code;
  } else if constexpr (std::is_same_v<V, Symbol>) {
    return Kind::symbol;
  } else if constexpr (std::is_same_v<V, DbPointer>) {
    return Kind::db_pointer;
  } else if constexpr (std::is_same_v<V, Null>) {
    return Kind::null;
  } else if constexpr (std::is_same_v<V, Undefined>) {
    return Kind::undefined;
  } else if constexpr (std::is_same_v<V, MinKey>) {
    return Kind::min_key;
  } else if constexpr (std::is_same_v<V, MaxKey>) {
    return Kind::max_key;
  } else if constexpr (is_monostate<V>()) {
    return Kind::null;
  } else if constexpr (reflect::Described<V>) {
    return Kind::structure;
  } else if constexpr (OptionalLike<V>) {
    return Kind::optional;
  } else if constexpr (MapLike<V>) {
    return Kind::map;
  } else if constexpr (SetLike<V>) {
    return Kind::set;
  } else if constexpr (SequenceLike<V>) {
    return is_byte<typename V::value_type> ? Kind::bytes : Kind::sequence;
  } else if constexpr (TupleLike<V>) {
    if constexpr (Iterable<V>)
      return is_byte<typename V::value_type> ? Kind::byte_array : Kind::array;
    else
      return Kind::tuple;
  } else if constexpr (VariantLike<V>) {
    return Kind::variant;
  } else if constexpr (OwningPointer<V>) {
    return Kind::pointer;
  } else if constexpr (reflect::Reflected<V>) {
    return std::is_empty_v<V> && !std::is_aggregate_v<V> ? Kind::none : Kind::structure;
  } else {
    return Kind::none;
  }
}

template <class V>
inline constexpr Kind kind = find_kind<V>();

/// The one BSON type of a C++ type; 0 where it depends on the value.
template <class V>
consteval std::uint8_t find_wire_type() {
  constexpr Kind k = kind<V>;
  const auto of = [](Type type) { return static_cast<std::uint8_t>(type); };
  if constexpr (k == Kind::boolean) return of(Type::boolean);
  if constexpr (k == Kind::integer) {
    if constexpr (sizeof(V) < 4 || (sizeof(V) == 4 && std::is_signed_v<V>))
      return of(Type::int32);
    else
      return of(Type::int64);
  }
  if constexpr (k == Kind::enum_number) return find_wire_type<std::underlying_type_t<V>>();
  if constexpr (k == Kind::floating) return of(Type::double_);
  if constexpr (k == Kind::string || k == Kind::string_view || k == Kind::enum_text)
    return of(Type::string);
  if constexpr (k == Kind::object_id) return of(Type::object_id);
  if constexpr (k == Kind::decimal) return of(Type::decimal128);
  if constexpr (k == Kind::timestamp) return of(Type::timestamp);
  if constexpr (k == Kind::uuid || k == Kind::binary || k == Kind::bytes || k == Kind::byte_array)
    return of(Type::binary);
  if constexpr (k == Kind::regex) return of(Type::regex);
  if constexpr (k == Kind::code) return of(Type::code);
  if constexpr (k == Kind::symbol) return of(Type::symbol);
  if constexpr (k == Kind::db_pointer) return of(Type::db_pointer);
  if constexpr (k == Kind::null) return of(Type::null);
  if constexpr (k == Kind::undefined) return of(Type::undefined);
  if constexpr (k == Kind::min_key) return of(Type::min_key);
  if constexpr (k == Kind::max_key) return of(Type::max_key);
  if constexpr (k == Kind::time_point) return of(Type::date_time);
  if constexpr (k == Kind::duration)
    return of(std::is_floating_point_v<typename V::rep> ? Type::double_ : Type::int64);
  if constexpr (k == Kind::document || k == Kind::view || k == Kind::structure || k == Kind::map)
    return of(Type::document);
  if constexpr (k == Kind::sequence || k == Kind::set || k == Kind::array || k == Kind::tuple)
    return of(Type::array);
  if constexpr (k == Kind::optional) return find_wire_type<typename V::value_type>();
  if constexpr (k == Kind::pointer)
    return find_wire_type<std::remove_const_t<typename V::element_type>>();
  return 0;
}
template <class V>
inline constexpr std::uint8_t wire_type = find_wire_type<V>();

/// Durations are stored as milliseconds; those of finer periods in their own unit, so that nothing
/// is cut; those that count in floating point as a double of milliseconds.
template <class D>
using stored_duration = std::chrono::duration<
    std::conditional_t<std::is_floating_point_v<typename D::rep>, double, std::int64_t>,
    std::conditional_t<std::is_floating_point_v<typename D::rep> ||
                           std::ratio_greater_equal_v<typename D::period, std::milli>,
                       std::milli, typename D::period>>;

template <class V>
consteval bool is_map_key() {
  constexpr Kind k = kind<V>;
  return k == Kind::string || k == Kind::string_view || k == Kind::integer ||
         k == Kind::enum_text || k == Kind::object_id || k == Kind::uuid;
}

template <class V>
consteval bool can_map();

template <class V, std::size_t... I>
consteval bool can_map_elements(std::index_sequence<I...>) {
  return (can_map<std::remove_cvref_t<std::tuple_element_t<I, V>>>() && ...);
}
template <template <class...> class V, class... A>
consteval bool can_map_alternatives(V<A...>*) {
  return (can_map<A>() && ...);
}

/// Whether BSON can hold a V as far as can be told without looking into structs.
template <class V>
consteval bool can_map() {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::none) {
    return false;
  } else if constexpr (k == Kind::converted) {
    return can_map<typename Converter<V>::stored>();
  } else if constexpr (k == Kind::map) {
    return is_map_key<typename V::key_type>() && can_map<typename V::mapped_type>();
  } else if constexpr (k == Kind::optional || k == Kind::sequence || k == Kind::set ||
                       k == Kind::array) {
    return can_map<typename V::value_type>();
  } else if constexpr (k == Kind::pointer) {
    return can_map<std::remove_const_t<typename V::element_type>>();
  } else if constexpr (k == Kind::tuple) {
    return can_map_elements<V>(std::make_index_sequence<std::tuple_size_v<V>>{});
  } else if constexpr (k == Kind::variant) {
    return can_map_alternatives(static_cast<V*>(nullptr));
  } else {
    return true;
  }
}

}  // namespace quire::bson::detail
