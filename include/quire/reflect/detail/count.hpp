#pragma once

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

// How many members an aggregate has: the largest number of values that can stand in its braces. As
// boost::pfr::tuple_size does it, which g++ 12 cannot compile for some structs of many move-only
// members (an internal error in a noexcept that it evaluates there), and which takes longer.

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
consteval std::size_t count_aggregate() {
  if constexpr (std::is_empty_v<T>) {
    return 0;
  } else if constexpr (requires { T{}; }) {
    return search_limit<T, 8>();
  } else {
    return search_downwards<T, (sizeof(T) < 128 ? sizeof(T) : 128)>();
  }
}

template <class T>
concept HasBase = std::is_aggregate_v<T> && !std::is_empty_v<T> && requires { T{AnyBaseOf<T>{}}; };

}  // namespace quire::reflect::detail
