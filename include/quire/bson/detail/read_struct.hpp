#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "quire/bson/detail/read.hpp"

namespace quire::bson::detail {

template <std::size_t N>
struct Seen {
  std::uint64_t words[(N + 63) / 64 + (N == 0)] = {};
  void set(std::size_t i) { words[i / 64] |= std::uint64_t{1} << (i % 64); }
  [[nodiscard]] bool test(std::size_t i) const { return (words[i / 64] >> (i % 64) & 1) != 0; }
};

template <class T, class Sequence>
struct FlatStates;
/// Which members of T are read already; those of flattened members too.
template <class T>
struct State : FlatStates<T, std::make_index_sequence<reflect::field_count<T>>> {
  Seen<reflect::field_count<T>> seen;
};
template <std::size_t I, bool Flattened, class F>
struct FlatState {};
template <std::size_t I, class F>
struct FlatState<I, true, F> {
  State<F> state;
};
template <class T, std::size_t... I>
struct FlatStates<T, std::index_sequence<I...>>
    : FlatState<I, reflect::policies<T>.field[I].flattened,
                std::remove_const_t<reflect::field_t<T, I>>>... {};
template <std::size_t I, class F>
State<F>& flat_state(FlatState<I, true, F>& one) {
  return one.state;
}

template <class T, std::size_t... I>
consteval std::size_t find_extra(std::index_sequence<I...>) {
  std::size_t at = 0;
  const bool found =
      ((kind<std::remove_const_t<reflect::field_t<T, I>>> == Kind::extra || (++at, false)) || ...);
  return found ? at : sizeof...(I);
}
/// Position of the member that takes unknown fields; field_count<T> where there is none.
template <class T>
inline constexpr std::size_t extra_index =
    find_extra<T>(std::make_index_sequence<reflect::field_count<T>>{});
template <class T>
inline constexpr bool keeps_unknown =
    extra_index<T> < reflect::field_count<T> &&
    (reflect::policies<T>.unknown == Unknown::keep || !reflect::policies<T>.unknown_given);

template <class T, std::size_t I>
inline Rules rules_of(int depth) {
  constexpr auto policy = reflect::policies<T>.field[I];
  return {policy.numbers, policy.on_null, depth, {}};
}
template <class V>
inline constexpr bool takes_null =
    kind<V> == Kind::optional || kind<V> == Kind::pointer || kind<V> == Kind::null ||
    kind<V> == Kind::value || kind<V> == Kind::converted || kind<V> == Kind::variant;

/// The value of member I, whose key is read. False: null that the policy takes as absent.
template <class T, std::size_t I, class V>
inline bool read_member(const In& in, std::uint8_t type, ConstBytes& at, ConstBytes end, V& out,
                        int depth) {
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (policy.converted) {
    using C = reflect::converter_t<T, I>;
    typename C::stored stored{};
    const auto* begin = at;
    at = read_typed(in, type, at, end, stored, rules_of<T, I>(depth));
    convert_in<C>(in, begin, std::move(stored), out);
  } else {
    if constexpr (policy.on_null == OnNull::as_missing && !takes_null<V>) {
      if (type == static_cast<std::uint8_t>(Type::null)) return false;
    }
    at = read_typed(in, type, at, end, out, rules_of<T, I>(depth));
  }
  return true;
}

template <class T>
ConstBytes expect_members(const In& in, ConstBytes at, ConstBytes last, T& object, State<T>& state,
                          int depth);

/// As memcmp == 0 for a size that is known, in words; g++ 12 takes the constants that memcmp is
/// given here for texts without an end and warns.
template <std::size_t N>
inline bool same_bytes(const std::uint8_t* a, const char* b) {
  if constexpr (N >= 8) {
    std::uint64_t x, y;
    std::memcpy(&x, a, 8);
    std::memcpy(&y, b, 8);
    if (x != y) return false;
    return same_bytes<N - 8>(a + 8, b + 8);
  } else if constexpr (N >= 4) {
    std::uint32_t x, y;
    std::memcpy(&x, a, 4);
    std::memcpy(&y, b, 4);
    if (x != y) return false;
    return same_bytes<N - 4>(a + 4, b + 4);
  } else if constexpr (N >= 1) {
    if (*a != static_cast<std::uint8_t>(*b)) return false;
    return same_bytes<N - 1>(a + 1, b + 1);
  } else {
    return true;
  }
}

/// Reads member I if it stands at `at`.
template <class T, std::size_t I, class V>
inline ConstBytes expect_member(const In& in, ConstBytes at, ConstBytes last, V& out,
                                State<T>& state, int depth) {
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (policy.skipped || kind<V> == Kind::extra) {
    return at;
  } else if constexpr (policy.flattened) {
    return expect_members<V>(in, at, last, out, flat_state<I>(state), depth);
  } else if constexpr (policy.renamed) {
    const auto& key = reflect::stored_names<T>().key(I);
    if (static_cast<std::size_t>(last - at) < key.size() ||
        std::memcmp(at + 1, key.data() + 1, key.size() - 1) != 0)
      return at;
    const auto type = *at;
    at += key.size();
    if (read_member<T, I>(in, type, at, last, out, depth)) state.seen.set(I);
    return at;
  } else {
    constexpr std::size_t n = key_size<T, I>;
    if (static_cast<std::size_t>(last - at) < n) return at;
    if constexpr (wire_type<V> != 0 && !policy.converted) {
      if (same_bytes<n>(at, key_text<T, I>)) [[likely]] {
        state.seen.set(I);
        return read_payload(in, at + n, last, out, rules_of<T, I>(depth));
      }
    }
    if (!same_bytes<n - 1>(at + 1, key_text<T, I> + 1)) return at;
    const auto type = *at;
    at += n;
    if (read_member<T, I>(in, type, at, last, out, depth)) state.seen.set(I);
    return at;
  }
}
template <class T, std::size_t... I>
inline ConstBytes expect_each(const In& in, ConstBytes at, ConstBytes last, T& object,
                              State<T>& state, int depth, std::index_sequence<I...>) {
  [[maybe_unused]] const auto members = reflect::tie(object);
  ((at = expect_member<T, I>(in, at, last, reflect::detail::leaf<I>(members), state, depth)), ...);
  return at;
}
/// Reads members as long as they come in order (some may be absent); gives where that ended.
template <class T>
inline ConstBytes expect_members(const In& in, ConstBytes at, ConstBytes last, T& object,
                                 State<T>& state, int depth) {
  return expect_each(in, at, last, object, state, depth,
                     std::make_index_sequence<reflect::field_count<T>>{});
}

/// Position of `key` among n names, beginning at `hint`; n where it is none of them.
std::size_t find_name(const std::string_view* names, std::size_t n, std::string_view key,
                      std::size_t hint) noexcept;

template <class T>
std::size_t find_field(std::string_view key, std::size_t hint) {
  if constexpr (reflect::policies<T>.any_runtime_name) {
    return reflect::stored_names<T>().find(key);
  } else {
    constexpr std::size_t n = reflect::field_count<T>;
    return find_name(reflect::detail::static_names<T>.data(), n, key, hint);
  }
}

template <class T>
bool take_any(const In& in, const RawElement& element, T& object, State<T>& state, int depth,
              std::size_t& hint);

template <class T, std::size_t I, class V>
bool take_member(const In& in, const RawElement& element, V& out, State<T>& state, int depth) {
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (policy.skipped || policy.flattened || kind<V> == Kind::extra) {
    return false;
  } else {
    if (state.seen.test(I))
      fail_read(in, element.payload, ErrorCode::duplicate_field,
                "the field appears twice, or beside its former name");
    const auto* at = element.payload;
    if (read_member<T, I>(in, element.type, at, element.payload + element.size, out, depth))
      state.seen.set(I);
    return true;
  }
}
template <class T, std::size_t I, class V>
bool take_flattened(const In& in, const RawElement& element, V& out, State<T>& state, int depth) {
  if constexpr (reflect::policies<T>.field[I].flattened) {
    std::size_t hint = 0;
    return take_any<V>(in, element, out, flat_state<I>(state), depth, hint);
  } else {
    return false;
  }
}
template <class T, std::size_t... I>
bool take_each(const In& in, const RawElement& element, T& object, State<T>& state, int depth,
               std::size_t& hint, std::index_sequence<I...>) {
  const std::size_t found = find_field<T>(element.key, hint);
  [[maybe_unused]] const auto members = reflect::tie(object);
  bool taken = false;
  if (found < sizeof...(I)) {
    hint = found + 1;
    (void)((found == I && ((taken = take_member<T, I>(
                                in, element, reflect::detail::leaf<I>(members), state, depth)),
                           true)) ||
           ...);
  }
  return taken ||
         (take_flattened<T, I>(in, element, reflect::detail::leaf<I>(members), state, depth) ||
          ...);
}
template <class T>
bool take_any(const In& in, const RawElement& element, T& object, State<T>& state, int depth,
              std::size_t& hint) {
  return take_each(in, element, object, state, depth, hint,
                   std::make_index_sequence<reflect::field_count<T>>{});
}

/// Collects unknown fields as they are.
class ExtraFields {
 public:
  void add(ConstBytes begin, ConstBytes end);
  Document finish();

 private:
  Buffer buffer_;
};

/// The fields that come in another order, or are unknown.
template <class T>
void take_rest(const In& in, ConstBytes at, ConstBytes last, T& object, State<T>& state,
               const Rules& rules, [[maybe_unused]] ExtraFields& extra) {
  std::size_t hint = 0;
  while (at != last) {
    const RawElement element = element_at(in, at, last);
    const auto* next = element.payload + element.size;
    if (!take_any(in, element, object, state, rules.depth + 1, hint)) {
      // Marks of the migration runner: never unknown, and kept where unknown fields are kept.
      constexpr bool writes_own_version = reflect::model_builder_t<T>::versioned;
      const bool mark = element.key == "_v" || element.key == "_q";
      const bool tag = !rules.tag.empty() && element.key == rules.tag;
      if constexpr (keeps_unknown<T>) {
        if (!tag && !(writes_own_version && element.key == "_v")) extra.add(at, next);
      } else if constexpr (reflect::policies<T>.unknown == Unknown::error) {
        if (!tag && !mark)
          fail_read(in, element.payload, ErrorCode::unknown_field, "the struct has no such member");
      }
      (void)mark, (void)tag, (void)writes_own_version;
    }
    at = next;
  }
}

/// What the struct's own initialiser says, for an object that was used before.
template <class T, std::size_t I, class V>
void restore_default(V& out) {
  T defaults{};
  out = std::move(reflect::detail::leaf<I>(reflect::tie(defaults)));
}
template <class T>
void finish_members(const In& in, ConstBytes document, T& object, State<T>& state);

template <class T, std::size_t I, class V>
inline void finish_member(const In& in, ConstBytes document, V& out, State<T>& state) {
  constexpr auto policy = reflect::policies<T>.field[I];
  if constexpr (policy.flattened) {
    finish_members<V>(in, document, out, flat_state<I>(state));
  } else if constexpr (!policy.skipped && kind<V> != Kind::extra) {
    if (state.seen.test(I)) [[likely]]
      return;
    if constexpr (policy.defaulted) {
      out = reflect::default_of<T, I>();
    } else if constexpr (kind<V> == Kind::optional || kind<V> == Kind::pointer) {
      out.reset();
    } else if constexpr (policy.missing == Missing::error) {
      fail_member(in, document, reflect::stored_name<T, I>(), ErrorCode::missing_field,
                  "the field is absent");
    } else {
      if (!in.fresh) restore_default<T, I>(out);
    }
  }
}
template <class T, std::size_t... I>
inline void finish_each(const In& in, ConstBytes document, T& object, State<T>& state,
                        std::index_sequence<I...>) {
  [[maybe_unused]] const auto members = reflect::tie(object);
  (finish_member<T, I>(in, document, reflect::detail::leaf<I>(members), state), ...);
}
/// Members that were absent.
template <class T>
inline void finish_members(const In& in, ConstBytes document, T& object, State<T>& state) {
  finish_each(in, document, object, state, std::make_index_sequence<reflect::field_count<T>>{});
}

template <class T>
ConstBytes read_document(const In& in, ConstBytes at, ConstBytes end, T& out, const Rules& rules) {
  (void)sizeof(explain_members<T>());
  check_depth(in, at, rules.depth);
  const auto* last = nested_end(in, at, end);
  State<T> state;
  const auto* next = expect_members(in, at + 4, last, out, state, rules.depth + 1);
  if constexpr (keeps_unknown<T>) {
    ExtraFields extra;
    take_rest(in, next, last, out, state, rules, extra);
    reflect::detail::leaf<extra_index<T>>(reflect::tie(out)).fields = extra.finish();
  } else {
    if (next != last) [[unlikely]] {
      ExtraFields none;
      take_rest(in, next, last, out, state, rules, none);
    }
  }
  finish_members(in, at, out, state);
  return last + 1;
}

// ------------------------------------------------------------------ variants

template <class A>
consteval std::uint8_t alternative_type() {
  if constexpr (kind<A> == Kind::converted)
    return wire_type<typename Converter<A>::stored>;
  else
    return wire_type<A>;
}

template <class V, template <class...> class L, class... A>
consteval bool explain_alternatives(const L<A...>*) {
  constexpr std::uint8_t types[] = {(kind<A> == Kind::structure || kind<A> == Kind::enum_text
                                         ? std::uint8_t{0}
                                         : alternative_type<A>())...};
  constexpr bool distinct = [&] {
    for (std::size_t i = 0; i < sizeof...(A); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (types[i] != 0 && types[i] == types[k]) return false;
      }
    }
    return true;
  }();
  static_assert(distinct,
                "quire: two alternatives of a variant have one BSON type and could not be told "
                "apart when read; put each into a struct, which gets a tag.");
  constexpr std::string_view tags[] = {
      (kind<A> == Kind::structure ? tag_of<A>() : std::string_view{})...};
  constexpr bool unique = [&] {
    for (std::size_t i = 0; i < sizeof...(A); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (!tags[i].empty() && tags[i] == tags[k]) return false;
      }
    }
    return true;
  }();
  static_assert(unique,
                "quire: two alternatives of a variant have one tag; specialise quire::Tag.");
  return true;
}

template <class V, std::size_t I, class A>
bool read_alternative(const In& in, ValueView value, V& out, const Rules& rules) {
  auto& held = out.template emplace<I>();
  read_value(in, value, held, rules);
  return true;
}

template <class V, std::size_t... I, template <class...> class L, class... A>
void read_variant_of(const In& in, ValueView value, V& out, const Rules& rules,
                     std::index_sequence<I...>, const L<A...>*) {
  const auto type = static_cast<std::uint8_t>(value.type());
  if (value.is_document()) {
    constexpr std::string_view field = Discriminator<V>::field;
    const auto tag = View(value.data(), value.size()).find(field);
    const auto tagged = [&]<std::size_t K, class B>() {
      if constexpr (kind<B> == Kind::structure) {
        if (!tag->is_string() || tag->text() != tag_of<B>()) return false;
        Rules inner = rules;
        inner.tag = field;
        (void)read_document(in, value.data(), value.data() + value.size(),
                            out.template emplace<K>(), inner);
        return true;
      } else {
        return false;
      }
    };
    if (tag && (tagged.template operator()<I, A>() || ...)) return;
  }
  const auto exact = [&]<std::size_t K, class B>() {
    if constexpr (kind<B> == Kind::structure) {
      return false;
    } else if constexpr (kind<B> == Kind::enum_text) {
      B parsed{};
      if (!value.is_string() || !reflect::enum_value(value.text(), parsed)) return false;
      out.template emplace<K>(parsed);
      return true;
    } else {
      return alternative_type<B>() == type && read_alternative<V, K, B>(in, value, out, rules);
    }
  };
  if ((exact.template operator()<I, A>() || ...)) return;
  if (value.is_document()) {
    constexpr std::size_t structs = (std::size_t{0} + ... + (kind<A> == Kind::structure));
    if constexpr (structs == 1) {
      const auto only = [&]<std::size_t K, class B>() {
        if constexpr (kind<B> == Kind::structure) {
          if (View(value.data(), value.size()).contains(Discriminator<V>::field)) return false;
          return read_alternative<V, K, B>(in, value, out, rules);
        }
        return false;
      };
      if ((only.template operator()<I, A>() || ...)) return;
    }
  }
  const auto number = [&]<std::size_t K, class B>(Kind wanted) {
    return kind<B> == wanted && value.is_number() &&
           read_alternative<V, K, B>(in, value, out, rules);
  };
  const bool whole = value.type() == Type::int32 || value.type() == Type::int64;
  const Kind order[] = {whole ? Kind::integer : Kind::floating,
                        whole ? Kind::floating : Kind::integer, Kind::decimal};
  for (const Kind wanted : order) {
    if ((number.template operator()<I, A>(wanted) || ...)) return;
  }
  const auto anything = [&]<std::size_t K, class B>() {
    return (kind<B> == Kind::value || kind<B> == Kind::variant) &&
           read_alternative<V, K, B>(in, value, out, rules);
  };
  if ((anything.template operator()<I, A>() || ...)) return;
  if (value.is_document() && ((kind<A> == Kind::structure) || ...))
    fail_read(in, value.data(), ErrorCode::unknown_discriminator,
              "the document's tag names no alternative of the variant");
  fail_type(in, value.data(), wanted_name<V>(), value.type());
}

template <class V>
void read_variant(const In& in, ValueView value, V& out, const Rules& rules) {
  static_assert(explain_alternatives<V>(static_cast<const V*>(nullptr)));
  read_variant_of(in, value, out, rules, std::make_index_sequence<alternative_count<V>>{},
                  static_cast<const V*>(nullptr));
}

}  // namespace quire::bson::detail
