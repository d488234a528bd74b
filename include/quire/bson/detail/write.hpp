#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "quire/bson/detail/explain.hpp"
#include "quire/bson/detail/kind.hpp"
#include "quire/bson/detail/text.hpp"
#include "quire/core/error_code.hpp"
#include "quire/reflect/mapping.hpp"

// Writing in two passes over the value: measure() gives an upper bound of the bytes, then all is
// written without a further look at the room left. What converters give is not measured: its bytes
// are added to the room when they are known.

namespace quire::bson::detail {

/// One encode in progress.
struct Out {
  Buffer& buffer;
  std::size_t root;  ///< where the document begins in the buffer; the buffer's size() stays there
  std::size_t promised;  ///< bytes behind root that are reserved
  bool utf8;
  bool whole = true;  ///< bytes at root are a document (paths can be told), not a lone value
};

using Bytes = std::uint8_t*;
using std::get;  // others are found beside their types

/// Throws MappingError with the path of the element that is being written at `at`.
[[noreturn]] void fail_write(const Out& out, const std::uint8_t* at, ErrorCode code,
                             std::string_view detail);
/// Throws conversion_failed with the text of the exception in flight; quire's own pass unchanged.
[[noreturn]] void fail_converter_write(const Out& out, const std::uint8_t* at);
/// Throws for a key of a map that cannot be written; the path ends in the key, up to a zero byte.
[[noreturn]] void fail_map_key(Out& out, Bytes at, std::string_view key, ErrorCode code,
                               std::string_view detail);
/// Room for `more` bytes more than promised; returns where `at` now is.
Bytes grow(Out& out, Bytes at, std::size_t more);
Bytes put_integer_text(Bytes at, std::int64_t value, bool is_unsigned);

template <class T>
inline Bytes put(Bytes at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}
inline Bytes put_bytes(Bytes at, const void* data, std::size_t size) {
  if (size != 0) std::memcpy(at, data, size);
  return at + size;
}
/// As put_bytes, for the short texts that most are: two copies that overlap cost less than a call.
inline Bytes put_short(Bytes at, const char* data, std::size_t size) {
  if (size > 32) return put_bytes(at, data, size);
  if (size > 16) {
    std::memcpy(at, data, 16);
    std::memcpy(at + size - 16, data + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(at, data, 8);
    std::memcpy(at + size - 8, data + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(at, data, 4);
    std::memcpy(at + size - 4, data + size - 4, 4);
  } else if (size != 0) {
    at[0] = static_cast<std::uint8_t>(data[0]);
    at[size / 2] = static_cast<std::uint8_t>(data[size / 2]);
    at[size - 1] = static_cast<std::uint8_t>(data[size - 1]);
  }
  return at + size;
}
inline Bytes put_text(Bytes at, std::string_view text, const Out& out) {
  if (out.utf8 && !text_is_utf8(text)) [[unlikely]]
    fail_write(out, at, ErrorCode::invalid_utf8, "the text is not UTF-8");
  at = put(at, static_cast<std::int32_t>(text.size() + 1));
  at = put_short(at, text.data(), text.size());
  *at = 0;
  return at + 1;
}
inline Bytes put_binary(Bytes at, const void* data, std::size_t size, BinarySubtype subtype) {
  const bool old = subtype == BinarySubtype::binary_old;
  at = put(at, static_cast<std::int32_t>(size + (old ? 4 : 0)));
  *at++ = static_cast<std::uint8_t>(subtype);
  if (old) at = put(at, static_cast<std::int32_t>(size));
  return put_bytes(at, data, size);
}
/// A text without length: a key, a pattern. It must hold no zero byte.
inline Bytes put_c_text(Bytes at, std::string_view text, const Out& out) {
  if (!text.empty() && std::memchr(text.data(), 0, text.size()) != nullptr) [[unlikely]]
    fail_write(out, at, ErrorCode::invalid_key, "a name or pattern holds a zero byte");
  if (out.utf8 && !text_is_utf8(text)) [[unlikely]]
    fail_write(out, at, ErrorCode::invalid_utf8, "the name or pattern is not UTF-8");
  at = put_bytes(at, text.data(), text.size());
  *at = 0;
  return at + 1;
}

// ------------------------------------------------------------------ keys

template <class T, std::size_t... I>
consteval auto make_keys(std::index_sequence<I...>) {
  auto keys = reflect::detail::name_bytes<T>;
  ((keys.text[keys.begin[I]] =
        static_cast<char>(wire_type<std::remove_const_t<reflect::field_t<T, I>>>)),
   ...);
  return keys;
}
/// The keys of T's members as they stand in a document: type byte (0 where it depends on the
/// value), name, zero byte.
template <class T>
inline constexpr auto keys = make_keys<T>(std::make_index_sequence<reflect::field_count<T>>{});
template <class T, std::size_t I>
inline constexpr std::size_t key_size = keys<T>.begin[I + 1] - keys<T>.begin[I];
template <class T, std::size_t I>
inline constexpr const char* key_text = keys<T>.text + keys<T>.begin[I];

template <class T, std::size_t I>
struct StaticKey {
  template <std::uint8_t ElementType>
  static Bytes put(Bytes at) {
    std::memcpy(at, key_text<T, I>, key_size<T, I>);
    if constexpr (static_cast<std::uint8_t>(keys<T>.text[keys<T>.begin[I]]) != ElementType)
      *at = ElementType;
    return at + key_size<T, I>;
  }
  static Bytes put(Bytes at, Type type) {
    std::memcpy(at, key_text<T, I>, key_size<T, I>);
    *at = static_cast<std::uint8_t>(type);
    return at + key_size<T, I>;
  }
};
struct TableKey {
  const std::string& key;
  template <std::uint8_t ElementType>
  Bytes put(Bytes at) const {
    return put(at, static_cast<Type>(ElementType));
  }
  Bytes put(Bytes at, Type type) const {
    at = put_bytes(at, key.data(), key.size());
    *(at - key.size()) = static_cast<std::uint8_t>(type);
    return at;
  }
};
struct TextKey {
  std::string_view name;  // no zero byte inside
  template <std::uint8_t ElementType>
  Bytes put(Bytes at) const {
    return put(at, static_cast<Type>(ElementType));
  }
  Bytes put(Bytes at, Type type) const {
    *at++ = static_cast<std::uint8_t>(type);
    at = put_bytes(at, name.data(), name.size());
    *at = 0;
    return at + 1;
  }
};
struct IndexKey {
  std::size_t index;
  template <std::uint8_t ElementType>
  Bytes put(Bytes at) const {
    return put(at, static_cast<Type>(ElementType));
  }
  Bytes put(Bytes at, Type type) const {
    *at++ = static_cast<std::uint8_t>(type);
    if (index < 10) {
      *at++ = static_cast<std::uint8_t>('0' + index);
    } else if (index < 100) {
      *at++ = static_cast<std::uint8_t>('0' + index / 10);
      *at++ = static_cast<std::uint8_t>('0' + index % 10);
    } else {
      at = put_integer_text(at, static_cast<std::int64_t>(index), false);
    }
    *at = 0;
    return at + 1;
  }
};
/// Bytes of type, digits and zero byte of the longest key of an array of n.
inline constexpr std::size_t index_key_bound(std::size_t n) {
  return n <= 10 ? 3 : n <= 100 ? 4 : n <= 10'000 ? 6 : 12;
}

// ------------------------------------------------------------------ variants

template <template <class...> class V, class... A>
consteval std::size_t count_alternatives(const V<A...>*) {
  return sizeof...(A);
}
template <class V>
inline constexpr std::size_t alternative_count = count_alternatives(static_cast<const V*>(nullptr));

/// Calls f with the alternative that v holds; not at all when it holds none.
template <std::size_t I = 0, class V, class F>
void with_alternative(V& v, F&& f) {
  if constexpr (I < alternative_count<V>) {
    if (v.index() == I)
      f(get<I>(v));
    else
      with_alternative<I + 1>(v, f);
  }
}

// ------------------------------------------------------------------ sizes

inline constexpr std::size_t dynamic = static_cast<std::size_t>(-1);

template <class V>
consteval std::size_t fixed_bound();

template <class T, std::size_t I>
consteval bool is_stored() {
  return !reflect::policies<T>.field[I].skipped && kind<reflect::field_t<T, I>> != Kind::extra;
}
/// Upper bound of member I with its key where that is a constant; `dynamic` where it is none.
template <class T, std::size_t I>
consteval std::size_t fixed_field_bound() {
  constexpr auto policy = reflect::policies<T>.field[I];
  using V = std::remove_const_t<reflect::field_t<T, I>>;
  if constexpr (!is_stored<T, I>()) {
    return kind<V> == Kind::extra ? dynamic : 0;
  } else if constexpr (policy.flattened || policy.converted || policy.renamed) {
    return dynamic;
  } else {
    constexpr std::size_t payload = fixed_bound<V>();
    return payload == dynamic ? dynamic : key_size<T, I> + payload;
  }
}
template <class T, std::size_t... I>
consteval std::size_t fixed_struct_bound(std::index_sequence<I...>) {
  constexpr bool all = ((fixed_field_bound<T, I>() != dynamic) && ...);
  if constexpr (all)
    return (std::size_t{5} + ... + fixed_field_bound<T, I>());
  else
    return dynamic;
}
template <class V, std::size_t... I>
consteval std::size_t fixed_tuple_bound(std::index_sequence<I...>) {
  constexpr bool all =
      ((fixed_bound<std::remove_cvref_t<std::tuple_element_t<I, V>>>() != dynamic) && ...);
  if constexpr (all)
    return (std::size_t{5} + ... +
            (index_key_bound(sizeof...(I)) +
             fixed_bound<std::remove_cvref_t<std::tuple_element_t<I, V>>>()));
  else
    return dynamic;
}
template <class E>
consteval std::size_t longest_enumerator() {
  std::size_t longest = 0;
  for (const auto& one : reflect::enumerators<E>)
    longest = one.name.size() > longest ? one.name.size() : longest;
  return longest;
}

/// Upper bound of a V's payload where that is a constant.
template <class V>
consteval std::size_t fixed_bound() {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::boolean) {
    return 1;
  } else if constexpr (k == Kind::integer || k == Kind::enum_number || k == Kind::floating ||
                       k == Kind::timestamp || k == Kind::time_point || k == Kind::duration) {
    return wire_type<V> == static_cast<std::uint8_t>(Type::int32) ? 4 : 8;
  } else if constexpr (k == Kind::object_id) {
    return 12;
  } else if constexpr (k == Kind::decimal) {
    return 16;
  } else if constexpr (k == Kind::uuid) {
    return 21;
  } else if constexpr (k == Kind::byte_array) {
    return 5 + std::tuple_size_v<V>;
  } else if constexpr (k == Kind::enum_text) {
    return 5 + longest_enumerator<V>();
  } else if constexpr (k == Kind::null || k == Kind::undefined || k == Kind::min_key ||
                       k == Kind::max_key) {
    return 0;
  } else if constexpr (k == Kind::optional) {
    return fixed_bound<typename V::value_type>();
  } else if constexpr (k == Kind::array) {
    constexpr std::size_t one = fixed_bound<typename V::value_type>();
    constexpr std::size_t n = std::tuple_size_v<V>;
    return one == dynamic ? dynamic : 5 + n * (index_key_bound(n) + one);
  } else if constexpr (k == Kind::tuple) {
    return fixed_tuple_bound<V>(std::make_index_sequence<std::tuple_size_v<V>>{});
  } else if constexpr (k == Kind::structure) {
    return fixed_struct_bound<V>(std::make_index_sequence<reflect::field_count<V>>{});
  } else {
    return dynamic;
  }
}

template <class V>
std::size_t measure(const V& v, int depth);

template <class A>
consteval std::string_view tag_of() {
  if constexpr (requires { Tag<A>::value; })
    return Tag<A>::value;
  else
    return reflect::type_name<A>();
}

template <class K>
std::size_t map_key_bound(const K& key) {
  constexpr Kind k = kind<K>;
  if constexpr (k == Kind::string || k == Kind::string_view) {
    return key.size();
  } else if constexpr (k == Kind::enum_text) {
    return longest_enumerator<K>();
  } else {
    return 36;
  }
}

template <class T, std::size_t I, class V>
std::size_t measure_field(const V& v, int depth) {
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (fixed_field_bound<T, I>() != dynamic) {
    return 0;  // counted as a constant
  } else if constexpr (kind<V> == Kind::extra) {
    return v.fields.size();
  } else {
    std::size_t size = key_size<T, I>;
    if constexpr (policy.renamed) size = reflect::stored_names<T>().key(I).size();
    if constexpr (!policy.converted) size += measure(v, depth);
    return size;
  }
}
template <class T, std::size_t... I>
std::size_t measure_members(const T& object, int depth, std::index_sequence<I...>) {
  constexpr std::size_t fixed =
      (std::size_t{0} + ... +
       (fixed_field_bound<T, I>() == dynamic ? 0 : fixed_field_bound<T, I>()));
  [[maybe_unused]] const auto members = reflect::tie(object);
  return (fixed + ... + measure_field<T, I>(reflect::detail::leaf<I>(members), depth));
}

/// Upper bound of a value's payload.
template <class V>
inline std::size_t measure(const V& v, int depth) {
  constexpr Kind k = kind<V>;
  if constexpr (fixed_bound<V>() != dynamic) {
    return fixed_bound<V>();
  } else if constexpr (k == Kind::string || k == Kind::string_view || k == Kind::bytes) {
    return v.size() + 5;
  } else if constexpr (k == Kind::binary) {
    return v.bytes.size() + 9;
  } else if constexpr (k == Kind::regex) {
    return v.pattern.size() + v.options.size() + 2;
  } else if constexpr (k == Kind::code) {
    return v.source.size() + 5;
  } else if constexpr (k == Kind::symbol) {
    return v.text.size() + 5;
  } else if constexpr (k == Kind::db_pointer) {
    return v.collection.size() + 17;
  } else if constexpr (k == Kind::document || k == Kind::view) {
    return v.size();
  } else if constexpr (k == Kind::extra) {
    return v.fields.size();
  } else if constexpr (k == Kind::value) {
    return v.view().size();
  } else if constexpr (k == Kind::converted) {
    return 0;
  } else if constexpr (k == Kind::optional || k == Kind::pointer) {
    return v ? measure(*v, depth) : 0;
  } else {
    if (depth > max_depth) return 0;  // writing stops there before it needs the room
    std::size_t size = 5;
    if constexpr (k == Kind::sequence || k == Kind::set || k == Kind::array) {
      std::size_t n = 0;
      if constexpr (fixed_bound<typename V::value_type>() != dynamic) {
        n = v.size();
        size += n * fixed_bound<typename V::value_type>();
      } else {
        for (const auto& element : v) {
          size += measure(element, depth + 1);
          ++n;
        }
      }
      return size + n * index_key_bound(n);
    } else if constexpr (k == Kind::map) {
      for (const auto& [key, value] : v) size += map_key_bound(key) + 2 + measure(value, depth + 1);
      return size;
    } else if constexpr (k == Kind::tuple) {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return (size + ... + (index_key_bound(sizeof...(I)) + measure(get<I>(v), depth + 1)));
      }(std::make_index_sequence<std::tuple_size_v<V>>{});
    } else if constexpr (k == Kind::variant) {
      with_alternative(v, [&]<class A>(const A& alternative) {
        size += measure(alternative, depth);
        if constexpr (kind<A> == Kind::structure)
          size += 7 + Discriminator<V>::field.size() + tag_of<A>().size();
      });
      return size;
    } else if constexpr (k == Kind::structure) {
      return size +
             measure_members(v, depth + 1, std::make_index_sequence<reflect::field_count<V>>{});
    } else {
      return 0;  // explained elsewhere
    }
  }
}

// ------------------------------------------------------------------ values

template <class V>
Bytes write_payload(Bytes at, const V& v, Out& out, int depth);
template <class T>
Bytes write_members(Bytes at, const T& object, Out& out, int depth);

/// An open document or array: begin, elements, end. Its length is zero until it ends, by which
/// fail_write finds its way.
inline Bytes begin_nested(Bytes at, Out& out, int depth, std::size_t& start) {
  if (depth > max_depth) [[unlikely]]
    fail_write(out, at, ErrorCode::too_deep, "nested over 100 levels");
  start = static_cast<std::size_t>(at - out.buffer.data());
  return put(at, std::int32_t{0});
}
inline Bytes end_nested(Bytes at, Out& out, std::size_t start) {
  *at++ = 0;
  Bytes begin = out.buffer.data() + start;
  put(begin, static_cast<std::int32_t>(at - begin));
  return at;
}

template <class Key, class V>
Bytes write_element(Bytes at, const Key& key, const V& v, Out& out, int depth,
                    WhenEmpty when_empty);

template <class C, class V>
auto convert_out(const V& v, const Out& out, const std::uint8_t* at) {
  try {
    return C::to_bson(v);
  } catch (...) {
    fail_converter_write(out, at);
  }
}

/// The element `key: v`, or nothing for an empty optional.
template <class Key, class V>
inline Bytes write_element(Bytes at, const Key& key, const V& v, Out& out, int depth,
                           WhenEmpty when_empty) {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::optional || k == Kind::pointer) {
    if (v) return write_element(at, key, *v, out, depth, when_empty);
    return when_empty == WhenEmpty::null
               ? key.template put<static_cast<std::uint8_t>(Type::null)>(at)
               : at;
  } else if constexpr (k == Kind::converted) {
    const auto stored = convert_out<Converter<V>>(
        v, out, key.template put<static_cast<std::uint8_t>(Type::null)>(at));
    at = grow(out, at, measure(stored, depth));
    return write_element(at, key, stored, out, depth, when_empty);
  } else if constexpr (k == Kind::variant) {
    bool written = false;
    with_alternative(v, [&]<class A>(const A& alternative) {
      written = true;
      if constexpr (kind<A> == Kind::structure) {
        at = key.template put<static_cast<std::uint8_t>(Type::document)>(at);
        std::size_t start = 0;
        at = begin_nested(at, out, depth, start);
        at = TextKey{Discriminator<V>::field}.put(at, Type::string);
        at = put_text(at, tag_of<A>(), out);
        at = write_members(at, alternative, out, depth + 1);
        at = end_nested(at, out, start);
      } else {
        at = write_element(at, key, alternative, out, depth, WhenEmpty::null);
      }
    });
    if (!written) fail_write(out, at, ErrorCode::invalid_argument, "a variant without a value");
    return at;
  } else {
    if constexpr (wire_type<V> != 0)
      at = key.template put<wire_type<V>>(at);
    else if constexpr (k == Kind::value)
      at = key.put(at, v.type());
    return write_payload(at, v, out, depth);
  }
}

/// The text of a map's key; what is no text already is written to `buffer`, of 40 bytes. `at` is
/// where the element begins.
template <class K>
std::string_view map_key_text(const K& key, char* buffer, Out& out, Bytes at) {
  constexpr Kind k = kind<K>;
  if constexpr (k == Kind::string || k == Kind::string_view) {
    const std::string_view text(key);
    if (!text.empty() && std::memchr(text.data(), 0, text.size()) != nullptr) [[unlikely]]
      fail_map_key(out, at, text, ErrorCode::invalid_key, "the key holds a zero byte");
    if (out.utf8 && !text_is_utf8(text)) [[unlikely]]
      fail_map_key(out, at, text, ErrorCode::invalid_utf8, "the key is not UTF-8");
    return text;
  } else {
    const auto digits = [&](auto number) {
      auto* begin = reinterpret_cast<Bytes>(buffer);
      const auto* end = put_integer_text(begin, static_cast<std::int64_t>(number),
                                         std::is_unsigned_v<decltype(number)>);
      return std::string_view(buffer, static_cast<std::size_t>(end - begin));
    };
    if constexpr (k == Kind::integer) {
      return digits(key);
    } else if constexpr (k == Kind::enum_text) {
      const auto name = reflect::enum_name(key);
      if (name.data() == nullptr) [[unlikely]]
        fail_map_key(out, at, digits(static_cast<std::underlying_type_t<K>>(key)),
                     ErrorCode::unknown_enum_value, "the key is none of the enum's values");
      return name;
    } else {
      const std::string text = key.str();  // ObjectId, Uuid
      std::memcpy(buffer, text.data(), text.size());
      return {buffer, text.size()};
    }
  }
}

template <class V>
inline Bytes write_payload(Bytes at, const V& v, Out& out, int depth) {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::boolean) {
    return put(at, static_cast<std::uint8_t>(v ? 1 : 0));
  } else if constexpr (k == Kind::integer) {
    if constexpr (wire_type<V> == static_cast<std::uint8_t>(Type::int32)) {
      return put(at, static_cast<std::int32_t>(v));
    } else {
      if constexpr (std::is_unsigned_v<V> && sizeof(V) == 8) {
        if (v > static_cast<V>(std::numeric_limits<std::int64_t>::max())) [[unlikely]]
          fail_write(out, at, ErrorCode::integer_overflow,
                     "the number is above 2^63-1, the largest that BSON holds");
      }
      return put(at, static_cast<std::int64_t>(v));
    }
  } else if constexpr (k == Kind::enum_number) {
    return write_payload(at, static_cast<std::underlying_type_t<V>>(v), out, depth);
  } else if constexpr (k == Kind::floating) {
    return put(at, static_cast<double>(v));
  } else if constexpr (k == Kind::string || k == Kind::string_view) {
    return put_text(at, v, out);
  } else if constexpr (k == Kind::enum_text) {
    const auto name = reflect::enum_name(v);
    if (name.data() == nullptr) [[unlikely]]
      fail_write(out, at, ErrorCode::unknown_enum_value, "the value is none of the enum's");
    return put_text(at, name, out);
  } else if constexpr (k == Kind::object_id) {
    return put(at, v.bytes);
  } else if constexpr (k == Kind::decimal || k == Kind::timestamp) {
    return put(at, v);
  } else if constexpr (k == Kind::time_point) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(v.time_since_epoch()).count();
    return put(at, static_cast<std::int64_t>(ms));
  } else if constexpr (k == Kind::duration) {
    using Stored = stored_duration<V>;
    if constexpr (!std::is_floating_point_v<typename V::rep> &&
                  std::ratio_greater_v<typename V::period, typename Stored::period>) {
      constexpr auto most = std::chrono::duration_cast<V>(Stored::max());
      if (v > most || v < -most) [[unlikely]]
        fail_write(out, at, ErrorCode::integer_overflow, "the duration exceeds 64 bits of ms");
    }
    return put(at, std::chrono::duration_cast<Stored>(v).count());
  } else if constexpr (k == Kind::uuid) {
    return put_binary(at, v.bytes.data(), v.bytes.size(), BinarySubtype::uuid);
  } else if constexpr (k == Kind::binary) {
    return put_binary(at, v.bytes.data(), v.bytes.size(), v.subtype);
  } else if constexpr (k == Kind::bytes || k == Kind::byte_array) {
    return put_binary(at, v.data(), v.size(), BinarySubtype::generic);
  } else if constexpr (k == Kind::regex) {
    at = put_c_text(at, v.pattern, out);
    return put_c_text(at, v.options, out);
  } else if constexpr (k == Kind::code) {
    return put_text(at, v.source, out);
  } else if constexpr (k == Kind::symbol) {
    return put_text(at, v.text, out);
  } else if constexpr (k == Kind::db_pointer) {
    at = put_text(at, v.collection, out);
    return put(at, v.id.bytes);
  } else if constexpr (k == Kind::null || k == Kind::undefined || k == Kind::min_key ||
                       k == Kind::max_key) {
    return at;
  } else if constexpr (k == Kind::view) {
    return put_bytes(at, v.data(), v.size());
  } else if constexpr (k == Kind::document || k == Kind::value) {
    const auto view = v.view();
    return put_bytes(at, view.data(), view.size());
  } else {
    std::size_t start = 0;
    at = begin_nested(at, out, depth, start);
    if constexpr (k == Kind::sequence || k == Kind::set || k == Kind::array) {
      std::size_t i = 0;
      for (const auto& element : v) {
        using E = typename V::value_type;
        at = write_element(at, IndexKey{i++}, static_cast<const E&>(element), out, depth + 1,
                           WhenEmpty::null);
      }
    } else if constexpr (k == Kind::map) {
      for (const auto& [key, value] : v) {
        using M = typename V::mapped_type;
        char buffer[40];
        const auto text = map_key_text(key, buffer, out, at);
        at = write_element(at, TextKey{text}, static_cast<const M&>(value), out, depth + 1,
                           WhenEmpty::null);
      }
    } else if constexpr (k == Kind::tuple) {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((at = write_element(at, IndexKey{I}, get<I>(v), out, depth + 1, WhenEmpty::null)), ...);
      }(std::make_index_sequence<std::tuple_size_v<V>>{});
    } else if constexpr (k == Kind::structure) {
      at = write_members(at, v, out, depth + 1);
    }
    return end_nested(at, out, start);
  }
}

// ------------------------------------------------------------------ members

/// Throws duplicate_field when `extra` has a field that the struct writes itself.
Bytes write_extra(Bytes at, View extra, const std::uint8_t* document, Out& out);

template <class T, std::size_t I, class V>
inline Bytes write_named(Bytes at, const V& v, Out& out, int depth) {
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (policy.renamed)
    return write_element(at, TableKey{reflect::stored_names<T>().key(I)}, v, out, depth,
                         policy.when_empty);
  else
    return write_element(at, StaticKey<T, I>{}, v, out, depth, policy.when_empty);
}

/// The key of member I alone, for the path of an error.
template <class T, std::size_t I>
Bytes named_null(Bytes at) {
  if constexpr (reflect::policies<T>.field[I].renamed)
    return TableKey{reflect::stored_names<T>().key(I)}.put(at, Type::null);
  else
    return StaticKey<T, I>::put(at, Type::null);
}

template <class T, std::size_t I, class V>
inline Bytes write_member(Bytes at, const V& v, Out& out, int depth, std::size_t start) {
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (policy.skipped) {
    return at;
  } else if constexpr (kind<V> == Kind::extra) {
    return write_extra(at, v.fields.view(), out.buffer.data() + start, out);
  } else if constexpr (policy.flattened) {
    return write_members(at, v, out, depth);
  } else if constexpr (policy.converted) {
    using C = reflect::converter_t<T, I>;
    const auto stored = convert_out<C>(v, out, named_null<T, I>(at));
    at = grow(out, at, measure(stored, depth));
    return write_named<T, I>(at, stored, out, depth);
  } else {
    return write_named<T, I>(at, v, out, depth);
  }
}

template <class T, std::size_t... I>
inline Bytes write_each(Bytes at, const T& object, Out& out, int depth, std::index_sequence<I...>) {
  // Where the document around these members begins: its extra fields are compared with it.
  [[maybe_unused]] const auto start = static_cast<std::size_t>(at - out.buffer.data()) - 4;
  [[maybe_unused]] const auto members = reflect::tie(object);
  ((kind<std::remove_const_t<reflect::field_t<T, I>>> == Kind::extra
        ? void()
        : void(at = write_member<T, I>(at, reflect::detail::leaf<I>(members), out, depth, start))),
   ...);
  ((kind<std::remove_const_t<reflect::field_t<T, I>>> == Kind::extra
        ? void(at = write_member<T, I>(at, reflect::detail::leaf<I>(members), out, depth, start))
        : void()),
   ...);
  return at;
}
template <class T>
inline Bytes write_members(Bytes at, const T& object, Out& out, int depth) {
  (void)sizeof(explain_members<T>());
  return write_each(at, object, out, depth, std::make_index_sequence<reflect::field_count<T>>{});
}

/// The document of one struct at out.root; its bytes stay behind the buffer's size() until the
/// caller takes them by set_end.
template <class T>
Bytes write_document(const T& object, Out& out) {
  out.promised = 0;
  std::size_t size = measure(object, 1);
  if constexpr (reflect::model_builder_t<T>::versioned) size += 8;
  Bytes at = grow(out, out.buffer.data() + out.root, size);
  std::size_t start = 0;
  at = begin_nested(at, out, 1, start);
  at = write_members(at, object, out, 2);
  if constexpr (reflect::model_builder_t<T>::versioned) {
    if (!writes_version<T>()) {
      at = TextKey{"_v"}.put(at, Type::int32);
      at = put(at, reflect::schema_version<T>());
    }
  }
  return end_nested(at, out, start);
}

}  // namespace quire::bson::detail
