#pragma once

#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <utility>

#include "quire/bson/detail/explain.hpp"
#include "quire/bson/detail/kind.hpp"
#include "quire/bson/detail/text.hpp"
#include "quire/bson/detail/write.hpp"
#include "quire/core/error_code.hpp"
#include "quire/reflect/mapping.hpp"

// Reading in one pass over untrusted bytes. Members are expected in their own order, each by one
// comparison of type, name and zero byte; whatever does not come so is looked up by name. Errors
// find their path afterwards, by walking the document to the byte where they happened.

namespace quire::bson::detail {

using ConstBytes = const std::uint8_t*;

/// One decode in progress.
struct In {
  ConstBytes root = nullptr;  ///< the whole document; null for a lone value
  std::size_t size = 0;
  bool utf8 = true;
  bool fresh = false;  ///< the object was made for this decode: its members are as initialised
};
/// What holds for one value and what is nested in it, up to the next struct.
struct Rules {
  Numbers numbers = Numbers::safe;
  OnNull on_null = OnNull::error;
  int depth = 1;
  std::string_view tag = {};  ///< a field of the struct that is the variant's, not the struct's
  [[nodiscard]] Rules deeper() const { return {numbers, on_null, depth + 1, {}}; }
};

// All fail functions: `at` is a byte of the element concerned behind its first, up to the end of
// its payload.
[[noreturn]] void fail_read(const In& in, ConstBytes at, ErrorCode code, std::string_view detail);
[[noreturn]] void fail_type(const In& in, ConstBytes at, const char* wanted, Type found);
[[noreturn]] void fail_malformed(const In& in, ConstBytes at, const char* what);
[[noreturn]] void fail_member(const In& in, ConstBytes document, std::string_view name,
                              ErrorCode code, std::string_view detail);
[[noreturn]] void fail_length(const In& in, ConstBytes at, std::size_t wanted);
[[noreturn]] void fail_converter_read(const In& in, ConstBytes at);

// Conversions of numbers that are not stored as expected.
std::int64_t to_int64(const In& in, ValueView value, Numbers numbers);
double to_double(const In& in, ValueView value, Numbers numbers);
bool to_bool(const In& in, ValueView value, Numbers numbers);
Decimal128 to_decimal(const In& in, ValueView value, Numbers numbers);
std::int64_t key_to_integer(const In& in, std::string_view key, ConstBytes at, bool is_unsigned);

/// The bytes of a nested document or array whose payload begins at `at`; its end without the
/// closing zero byte.
inline ConstBytes nested_end(const In& in, ConstBytes at, ConstBytes end) {
  const auto left = static_cast<std::size_t>(end - at);
  if (left < 5) [[unlikely]]
    fail_malformed(in, at, "a nested document that reaches beyond its own");
  const auto size = load<std::uint32_t>(at);
  if (size < 5 || size > left || at[size - 1] != 0) [[unlikely]]
    fail_malformed(in, at, "a nested document whose length or end is wrong");
  return at + size - 1;
}

struct RawElement {
  std::uint8_t type;
  std::string_view key;
  ConstBytes payload;
  std::size_t size;
  [[nodiscard]] ValueView value() const { return {static_cast<Type>(type), payload, size}; }
};
/// The element at `at`, before `end` (where the closing zero byte is).
inline RawElement element_at(const In& in, ConstBytes at, ConstBytes end) {
  const auto* key = at + 1;
  const auto* zero =
      static_cast<ConstBytes>(std::memchr(key, 0, static_cast<std::size_t>(end - key)));
  if (zero == nullptr) [[unlikely]]
    fail_malformed(in, key, "a field name that does not end");
  const auto* payload = zero + 1;
  const auto size = payload_size(*at, payload, static_cast<std::size_t>(end - payload));
  return {*at,
          {reinterpret_cast<const char*>(key), static_cast<std::size_t>(zero - key)},
          payload,
          size};
}

inline void check_text(const In& in, ConstBytes at, std::string_view text) {
  if (in.utf8 && !text_is_utf8(text)) [[unlikely]]
    fail_read(in, at, ErrorCode::invalid_utf8, "the text is not UTF-8");
}

/// The text of a string payload at `at`; moves `at` behind it.
inline std::string_view take_text(const In& in, ConstBytes& at, ConstBytes end) {
  const auto left = static_cast<std::size_t>(end - at);
  if (left < 5) [[unlikely]]
    fail_malformed(in, at, "a text that reaches beyond its document");
  const auto size = load<std::uint32_t>(at);
  if (size < 1 || size > left - 4 || at[3 + size] != 0) [[unlikely]]
    fail_malformed(in, at, "a text whose length or end is wrong");
  const std::string_view text(reinterpret_cast<const char*>(at + 4), size - 1);
  check_text(in, at, text);
  at += 4 + size;
  return text;
}
template <class N>
inline N take(const In& in, ConstBytes& at, ConstBytes end) {
  if (static_cast<std::size_t>(end - at) < sizeof(N)) [[unlikely]]
    fail_malformed(in, at, "a value that reaches beyond its document");
  const N value = load<N>(at);
  at += sizeof(N);
  return value;
}

template <class V>
consteval const char* wanted_name() {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::integer || k == Kind::enum_number || k == Kind::duration)
    return "a number";
  if constexpr (k == Kind::floating || k == Kind::decimal) return "a number";
  if constexpr (k == Kind::boolean) return "bool";
  if constexpr (k == Kind::string || k == Kind::string_view || k == Kind::enum_text)
    return "string";
  if constexpr (k == Kind::object_id) return "objectId";
  if constexpr (k == Kind::timestamp) return "timestamp";
  if constexpr (k == Kind::uuid) return "binData of subtype 4";
  if constexpr (k == Kind::binary || k == Kind::bytes || k == Kind::byte_array) return "binData";
  if constexpr (k == Kind::regex) return "regex";
  if constexpr (k == Kind::code) return "javascript";
  if constexpr (k == Kind::symbol) return "symbol";
  if constexpr (k == Kind::db_pointer) return "dbPointer";
  if constexpr (k == Kind::null) return "null";
  if constexpr (k == Kind::undefined) return "undefined";
  if constexpr (k == Kind::min_key) return "minKey";
  if constexpr (k == Kind::max_key) return "maxKey";
  if constexpr (k == Kind::time_point) return "date";
  if constexpr (wire_type<V> == static_cast<std::uint8_t>(Type::document)) return "object";
  if constexpr (wire_type<V> == static_cast<std::uint8_t>(Type::array)) return "array";
  return "a value of the variant's";
}

/// Reads the payload of a value whose type is wire_type<V>, at `at`; gives where it ends.
template <class V>
ConstBytes read_payload(const In& in, ConstBytes at, ConstBytes end, V& out, const Rules& rules);
/// Reads a value of any type whose extent is checked.
template <class V>
void read_value(const In& in, ValueView value, V& out, const Rules& rules);
template <class T>
ConstBytes read_document(const In& in, ConstBytes at, ConstBytes end, T& out, const Rules& rules);

template <class V>
inline void store_integer(const In& in, ConstBytes at, std::int64_t number, V& out) {
  if (!std::in_range<V>(number)) [[unlikely]]
    fail_read(in, at, ErrorCode::integer_overflow, "the number does not fit the member's type");
  out = static_cast<V>(number);
}

/// Reads one element's value when its type byte and key are already looked at.
template <class V>
inline ConstBytes read_typed(const In& in, std::uint8_t type, ConstBytes at, ConstBytes end, V& out,
                             const Rules& rules) {
  if constexpr (wire_type<V> != 0) {
    if (type == wire_type<V>) [[likely]]
      return read_payload(in, at, end, out, rules);
  }
  const auto size = payload_size(type, at, static_cast<std::size_t>(end - at));
  read_value(in, ValueView(static_cast<Type>(type), at, size), out, rules);
  return at + size;
}

/// Moves from an array element's type byte to its payload. Keys of arrays are not compared.
inline ConstBytes skip_index(const In& in, ConstBytes at, ConstBytes end) {
  if (end - at >= 4 && at[1] != 0) [[likely]] {
    if (at[2] == 0) return at + 3;
    if (at[3] == 0) return at + 4;
  }
  const auto* zero =
      static_cast<ConstBytes>(std::memchr(at + 1, 0, static_cast<std::size_t>(end - at) - 1));
  if (zero == nullptr) fail_malformed(in, at + 1, "a position of an array that does not end");
  return zero + 1;
}

inline void check_depth(const In& in, ConstBytes at, int depth) {
  if (depth > max_depth) [[unlikely]]
    fail_read(in, at, ErrorCode::too_deep, "nested over 100 levels");
}

/// Number of elements that an array likely has, by the size of its first; bounded, since the bytes
/// may lie.
inline std::size_t guess_count(std::size_t first, std::size_t rest) {
  const std::size_t more = rest / (first + 1) + 1;
  return more < 1024 ? more + 1 : 1024;
}

template <class V>
ConstBytes read_sequence(const In& in, ConstBytes at, ConstBytes last, V& out, const Rules& rules) {
  using E = typename V::value_type;
  constexpr bool in_place = requires { requires std::is_same_v<decltype(out[0]), E&>; };
  const Rules inner = rules.deeper();
  if constexpr (in_place) {
    std::size_t count = 0;
    while (at != last) {
      const auto* before = at;
      const auto type = *at;
      at = skip_index(in, at, last);
      if (count == out.size()) out.emplace_back();
      at = read_typed(in, type, at, last, out[count], inner);
      if constexpr (requires { out.reserve(count); }) {
        if (count == 0 && at != last && out.capacity() < 2)
          out.reserve(guess_count(static_cast<std::size_t>(at - before),
                                  static_cast<std::size_t>(last - at)));
      }
      ++count;
    }
    if (count != out.size()) out.resize(count);
  } else {
    out.clear();
    while (at != last) {
      const auto type = *at;
      at = skip_index(in, at, last);
      E element{};
      at = read_typed(in, type, at, last, element, inner);
      out.push_back(std::move(element));
    }
  }
  return last + 1;
}

template <class K>
K read_map_key(const In& in, std::string_view key, ConstBytes at) {
  constexpr Kind k = kind<K>;
  if constexpr (k == Kind::string || k == Kind::string_view) {
    check_text(in, at, key);
    return K(key);
  } else if constexpr (k == Kind::enum_text) {
    K out{};
    if (!reflect::enum_value(key, out))
      fail_read(in, at, ErrorCode::unknown_enum_value, "the key names none of the enum's values");
    return out;
  } else if constexpr (k == Kind::integer) {
    K out{};
    const auto number = key_to_integer(in, key, at, std::is_unsigned_v<K> && sizeof(K) == 8);
    if constexpr (std::is_unsigned_v<K> && sizeof(K) == 8)
      out = static_cast<K>(number);
    else
      store_integer(in, at, number, out);
    return out;
  } else {
    try {
      return K::from_string(key);
    } catch (const std::exception&) {
      fail_read(in, at, ErrorCode::invalid_key, "the key is not the text of an id");
    }
  }
}

template <class V>
ConstBytes read_map(const In& in, ConstBytes at, ConstBytes last, V& out, const Rules& rules) {
  const Rules inner = rules.deeper();
  out.clear();
  while (at != last) {
    const auto type = *at;
    const auto* zero =
        static_cast<ConstBytes>(std::memchr(at + 1, 0, static_cast<std::size_t>(last - at) - 1));
    if (zero == nullptr) fail_malformed(in, at + 1, "a field name that does not end");
    const std::string_view key(reinterpret_cast<const char*>(at + 1),
                               static_cast<std::size_t>(zero - at) - 1);
    auto [it, is_new] =
        out.emplace(read_map_key<typename V::key_type>(in, key, at + 1), typename V::mapped_type{});
    if (!is_new) fail_read(in, at + 1, ErrorCode::duplicate_field, "the key appears twice");
    at = read_typed(in, type, zero + 1, last, it->second, inner);
  }
  return last + 1;
}

template <class V>
ConstBytes read_set(const In& in, ConstBytes at, ConstBytes last, V& out, const Rules& rules) {
  const Rules inner = rules.deeper();
  out.clear();
  while (at != last) {
    const auto type = *at;
    at = skip_index(in, at, last);
    typename V::value_type element{};
    at = read_typed(in, type, at, last, element, inner);
    out.insert(std::move(element));
  }
  return last + 1;
}

template <class V, std::size_t... I>
ConstBytes read_tuple(const In& in, ConstBytes begin, ConstBytes last, V& out, const Rules& rules,
                      std::index_sequence<I...>) {
  const Rules inner = rules.deeper();
  ConstBytes at = begin + 4;
  const auto one = [&](auto& element) {
    if (at == last) fail_length(in, begin, sizeof...(I));
    const auto type = *at;
    at = skip_index(in, at, last);
    at = read_typed(in, type, at, last, element, inner);
  };
  (one(get<I>(out)), ...);
  if (at != last) fail_length(in, begin, sizeof...(I));
  return last + 1;
}

template <class V>
inline void read_binary(const In& in, ConstBytes at, BinaryView view, V& out) {
  if constexpr (kind<V> == Kind::uuid) {
    if (view.size != 16 || view.subtype != BinarySubtype::uuid)
      fail_read(in, at, ErrorCode::type_mismatch,
                "expected binData of subtype 4 and 16 bytes, found other binData");
    std::memcpy(out.bytes.data(), view.data, 16);
  } else if constexpr (kind<V> == Kind::binary) {
    out.bytes.assign(view.data, view.data + view.size);
    out.subtype = view.subtype;
  } else if constexpr (kind<V> == Kind::byte_array) {
    if (view.size != std::tuple_size_v<V>) fail_length(in, at, std::tuple_size_v<V>);
    if (view.size != 0) std::memcpy(out.data(), view.data, view.size);
  } else {
    using B = typename V::value_type;
    const auto* begin = reinterpret_cast<const B*>(view.data);
    out.assign(begin, begin + view.size);
  }
}

template <class V>
inline ConstBytes read_payload(const In& in, ConstBytes at, ConstBytes end, V& out,
                               const Rules& rules) {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::boolean) {
    const auto byte = take<std::uint8_t>(in, at, end);
    if (byte > 1) [[unlikely]]
      fail_malformed(in, at - 1, "a boolean that is neither 0 nor 1");
    out = byte != 0;
    return at;
  } else if constexpr (k == Kind::integer) {
    const auto* begin = at;
    if constexpr (wire_type<V> == static_cast<std::uint8_t>(Type::int32))
      store_integer(in, begin, take<std::int32_t>(in, at, end), out);
    else
      store_integer(in, begin, take<std::int64_t>(in, at, end), out);
    return at;
  } else if constexpr (k == Kind::enum_number) {
    std::underlying_type_t<V> number{};
    at = read_payload(in, at, end, number, rules);
    out = static_cast<V>(number);
    return at;
  } else if constexpr (k == Kind::floating) {
    const auto* begin = at;
    const auto number = take<double>(in, at, end);
    out = static_cast<V>(number);
    if constexpr (sizeof(V) < sizeof(double)) {
      if (number - number == 0 && !(out - out == 0))
        fail_read(in, begin, ErrorCode::lossy_conversion, "the number is beyond a float");
    }
    return at;
  } else if constexpr (k == Kind::string) {
    const auto text = take_text(in, at, end);
    out.assign(text.data(), text.size());
    return at;
  } else if constexpr (k == Kind::string_view) {
    out = take_text(in, at, end);
    return at;
  } else if constexpr (k == Kind::enum_text) {
    const auto* begin = at;
    if (!reflect::enum_value(take_text(in, at, end), out)) [[unlikely]]
      fail_read(in, begin, ErrorCode::unknown_enum_value,
                "the text names none of the enum's values");
    return at;
  } else if constexpr (k == Kind::object_id) {
    out.bytes = take<decltype(out.bytes)>(in, at, end);
    return at;
  } else if constexpr (k == Kind::decimal || k == Kind::timestamp) {
    out = take<V>(in, at, end);
    return at;
  } else if constexpr (k == Kind::time_point) {
    const auto* begin = at;
    const auto ms = std::chrono::milliseconds(take<std::int64_t>(in, at, end));
    using D = typename V::duration;
    if constexpr (std::ratio_less_v<typename D::period, std::milli>) {
      constexpr auto most = std::chrono::duration_cast<std::chrono::milliseconds>(D::max());
      if (ms > most || ms < -most)
        fail_read(in, begin, ErrorCode::integer_overflow, "the time is beyond the member's range");
    }
    out = V(std::chrono::floor<D>(ms));
    return at;
  } else if constexpr (k == Kind::duration) {
    using Stored = stored_duration<V>;
    const auto* begin = at;
    const Stored stored(take<typename Stored::rep>(in, at, end));
    out = std::chrono::duration_cast<V>(stored);
    if constexpr (!std::is_floating_point_v<typename V::rep>) {
      if (out != stored)
        fail_read(in, begin, ErrorCode::lossy_conversion,
                  "the duration is no whole number of the member's units, or does not fit");
    }
    return at;
  } else if constexpr (k == Kind::document || k == Kind::view) {
    const auto* last = nested_end(in, at, end);
    out = V(View(at, static_cast<std::size_t>(last - at) + 1));
    return last + 1;
  } else if constexpr (k == Kind::optional) {
    if (!out) out.emplace();
    return read_payload(in, at, end, *out, rules);
  } else if constexpr (k == Kind::pointer) {
    using E = std::remove_const_t<typename V::element_type>;
    if constexpr (requires { out.use_count(); } || std::is_const_v<typename V::element_type>) {
      V made(new E());  // a shared one may be seen by others
      at = read_payload(in, at, end, const_cast<E&>(*made), rules);
      out = std::move(made);
    } else {
      if (!out) out = V(new E());
      at = read_payload(in, at, end, *out, rules);
    }
    return at;
  } else if constexpr (k == Kind::structure) {
    return read_document(in, at, end, out, rules);
  } else if constexpr (wire_type<V> == static_cast<std::uint8_t>(Type::array) || k == Kind::map) {
    check_depth(in, at, rules.depth);
    const auto* last = nested_end(in, at, end);
    if constexpr (k == Kind::map) {
      return read_map(in, at + 4, last, out, rules);
    } else if constexpr (k == Kind::sequence) {
      return read_sequence(in, at + 4, last, out, rules);
    } else if constexpr (k == Kind::set) {
      return read_set(in, at + 4, last, out, rules);
    } else {
      return read_tuple(in, at, last, out, rules, std::make_index_sequence<std::tuple_size_v<V>>{});
    }
  } else if constexpr (k == Kind::none) {
    return at;  // explained elsewhere
  } else {
    const auto size = payload_size(wire_type<V>, at, static_cast<std::size_t>(end - at));
    const ValueView value(static_cast<Type>(wire_type<V>), at, size);
    if constexpr (k == Kind::uuid || k == Kind::binary || k == Kind::bytes ||
                  k == Kind::byte_array) {
      read_binary(in, at, value.as_binary(), out);
    } else if constexpr (k == Kind::regex) {
      const auto regex = value.as_regex();
      check_text(in, at, regex.pattern);
      check_text(in, at, regex.options);
      out.pattern = regex.pattern;
      out.options = regex.options;
    } else if constexpr (k == Kind::code) {
      check_text(in, at, value.text());
      out.source = value.text();
    } else if constexpr (k == Kind::symbol) {
      check_text(in, at, value.text());
      out.text = value.text();
    } else if constexpr (k == Kind::db_pointer) {
      auto* rest = at;
      out.collection = take_text(in, rest, at + size);
      out.id.bytes = load<decltype(out.id.bytes)>(rest);
    }
    return at + size;
  }
}

template <class C, class V, class S>
void convert_in(const In& in, ConstBytes at, S&& stored, V& out) {
  try {
    out = C::from_bson(std::forward<S>(stored));
  } catch (...) {
    fail_converter_read(in, at);
  }
}

template <class V>
void read_variant(const In& in, ValueView value, V& out, const Rules& rules);

template <class V>
void read_value(const In& in, ValueView value, V& out, const Rules& rules) {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::optional || k == Kind::pointer) {
    if (value.is_null()) {
      out.reset();
    } else if constexpr (k == Kind::optional) {
      if (!out) out.emplace();
      read_value(in, value, *out, rules);
    } else {
      using E = std::remove_const_t<typename V::element_type>;
      V made(new E());
      read_value(in, value, const_cast<E&>(*made), rules);
      out = std::move(made);
    }
  } else if constexpr (k == Kind::value) {
    out = Value(value);
  } else if constexpr (k == Kind::converted) {
    typename Converter<V>::stored stored{};
    read_value(in, value, stored, rules);
    convert_in<Converter<V>>(in, value.data(), std::move(stored), out);
  } else if constexpr (k == Kind::variant) {
    read_variant(in, value, out, rules);
  } else {
    if (static_cast<std::uint8_t>(value.type()) == wire_type<V>) {
      (void)read_payload(in, value.data(), value.data() + value.size(), out, rules);
      return;
    }
    if (value.is_null())
      fail_read(in, value.data(), ErrorCode::null_value, "null where a value is wanted");
    if constexpr (k == Kind::integer) {
      store_integer(in, value.data(), to_int64(in, value, rules.numbers), out);
    } else if constexpr (k == Kind::enum_number) {
      std::underlying_type_t<V> number{};
      store_integer(in, value.data(), to_int64(in, value, rules.numbers), number);
      out = static_cast<V>(number);
    } else if constexpr (k == Kind::floating) {
      out = static_cast<V>(to_double(in, value, rules.numbers));
    } else if constexpr (k == Kind::boolean) {
      out = to_bool(in, value, rules.numbers);
    } else if constexpr (k == Kind::decimal) {
      out = to_decimal(in, value, rules.numbers);
    } else if constexpr (k == Kind::duration) {
      using Stored = stored_duration<V>;
      typename Stored::rep count{};
      read_value(in, value, count, rules);
      const Stored stored(count);
      out = std::chrono::duration_cast<V>(stored);
      if constexpr (!std::is_floating_point_v<typename V::rep>) {
        if (out != stored)
          fail_read(in, value.data(), ErrorCode::lossy_conversion,
                    "the duration is no whole number of the member's units, or does not fit");
      }
    } else {
      fail_type(in, value.data(), wanted_name<V>(), value.type());
    }
  }
}

}  // namespace quire::bson::detail
