#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace quire::reflect::detail {

/// A tuple of references that compiles quickly: std::tuple costs several times as much a member.
template <std::size_t I, class T>
struct Leaf {
  T* pointer;
};
template <class Sequence, class... T>
struct LeavesOf;
template <std::size_t... I, class... T>
struct LeavesOf<std::index_sequence<I...>, T...> : Leaf<I, T>... {};

template <class... T>
using Leaves = LeavesOf<std::index_sequence_for<T...>, T...>;

template <class... T>
constexpr Leaves<T...> make_leaves(T&... members) {
  return {{&members}...};
}

template <std::size_t I, class T>
constexpr T& leaf(const Leaf<I, T>& one) {
  return *one.pointer;
}
template <std::size_t I, class T>
std::type_identity<T> leaf_type(const Leaf<I, T>&);

template <std::size_t I, class L>
using leaf_t = typename decltype(leaf_type<I>(std::declval<L>()))::type;

}  // namespace quire::reflect::detail
