#pragma once

#include <boost/pfr/tuple_size.hpp>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

// Boost.PFR counts the members of aggregates. Two kinds of struct are counted here instead, by the
// same idea (the largest number of values that can stand in the braces):
// - with g++ before 14, those that `T{}` makes. boost::pfr::tuple_size looks at sizeof(T{}) in the
//   return type of a noexcept function, and g++ 12 ends with an internal error (check_noexcept_r)
//   when an initialiser of T calls a constructor, as in `std::map<std::string, int> m{{"a", 1}}`.
//   No trait tells such initialisers from others;
// - those above 16 KiB, mostly for a std::array in them: PFR begins its search with four values for
//   every byte of the struct, which takes over a second of compile time from there on.

namespace quire::reflect::detail {

/// Becomes anything that a copyable aggregate's member may be; never called, but defined, since a
/// function of a type without linkage must be.
struct AnyLvalue {
  std::size_t unused;
  template <class Type>
  operator Type&() const&& noexcept {
    std::terminate();
  }
  template <class Type>
  operator Type&() const& noexcept {
    std::terminate();
  }
};
/// The same for aggregates with members that can only be moved.
struct AnyRvalue {
  std::size_t unused;
  template <class Type>
  operator Type() const&& noexcept {
    std::terminate();
  }
};
template <class T>
struct AnyBaseOf {
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base&() const noexcept {
    std::terminate();
  }
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base&&() const noexcept {
    std::terminate();
  }
};

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  if constexpr (std::is_copy_constructible_v<T>)
    return requires { T{AnyLvalue{I}...}; };
  else
    return requires { T{AnyRvalue{I}...}; };
}
template <class T, std::size_t N>
inline constexpr bool takes_values = takes<T>(std::make_index_sequence<N>{});

/// Between Low, which is possible, and High, which is not.
template <class T, std::size_t Low, std::size_t High>
consteval std::size_t search_count() {
  if constexpr (High - Low <= 1) {
    return Low;
  } else {
    constexpr std::size_t middle = Low + (High - Low) / 2;
    if constexpr (takes_values<T, middle>)
      return search_count<T, middle, High>();
    else
      return search_count<T, Low, middle>();
  }
}
template <class T, std::size_t Tried>
consteval std::size_t search_limit() {
  if constexpr (Tried <= sizeof(T) * 8 && takes_values<T, Tried>)
    return search_limit<T, Tried * 2>();
  else
    return search_count<T, Tried == 8 ? 0 : Tried / 2, Tried>();
}

/// Where members have no default, fewer values than there are members do not do.
template <class T, std::size_t N>
consteval std::size_t search_downwards() {
  if constexpr (N == 0 || takes_values<T, N>)
    return N;
  else
    return search_downwards<T, N - 1>();
}

template <class T>
consteval bool is_counted_by_pfr() {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
  if constexpr (requires { T{}; }) return false;
#endif
  return sizeof(T) <= std::size_t{16} * 1024;
}
template <class T>
inline constexpr bool counted_by_pfr = is_counted_by_pfr<T>();

template <class T>
consteval std::size_t count_aggregate() {
  if constexpr (std::is_empty_v<T>) {
    return 0;
  } else if constexpr (counted_by_pfr<T>) {
    return boost::pfr::tuple_size_v<T>;
  } else if constexpr (requires { T{}; }) {
    return search_limit<T, 8>();
  } else {
    return search_downwards<T, (sizeof(T) < 128 ? sizeof(T) : 128)>();
  }
}

template <class T>
concept HasBase = std::is_aggregate_v<T> && !std::is_empty_v<T> && requires { T{AnyBaseOf<T>{}}; };

/// Becomes any number, and nothing that could ask a container whether its elements can be copied.
struct AnyNumber {
  template <class Type>
    requires std::is_arithmetic_v<Type>
  operator Type() const noexcept {
    std::terminate();
  }
};
template <class Any, class T, std::size_t... Before, std::size_t... After>
consteval bool is_array_at(std::index_sequence<Before...>, std::index_sequence<After...>) {
  if constexpr (requires { T{Any{Before}..., {AnyNumber{}}, Any{After}...}; })
    return false;
  else
    return requires { T{Any{Before}..., {AnyNumber{}}}; };
}
/// Whether one of N values for the braces of T belongs to a C array of several elements, which
/// takes one for each: in braces of its own one is enough, and then there are too many for the
/// others.
template <class T, std::size_t N, std::size_t... I>
consteval bool has_array(std::index_sequence<I...>) {
  using Any = std::conditional_t<std::is_copy_constructible_v<T>, AnyLvalue, AnyRvalue>;
  return (
      is_array_at<Any, T>(std::make_index_sequence<I>{}, std::make_index_sequence<N - 1 - I>{}) ||
      ...);
}

}  // namespace quire::reflect::detail
