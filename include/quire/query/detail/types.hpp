#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "quire/bson/detail/kind.hpp"
#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"

/// What a field's C++ type is to a query: nullable or not, one value, elements or named parts.
namespace quire::query::detail {

template <class T>
struct member_of;
template <class M, class C>
struct member_of<M C::*> {
  using owner = C;
  using value = M;
};

/// T without optional and owning pointers.
template <class T>
struct strip {
  using type = T;
  static constexpr bool nullable = false;
};
template <class T>
struct strip<std::optional<T>> {
  using type = typename strip<T>::type;
  static constexpr bool nullable = true;
};
template <class T, class D>
struct strip<std::unique_ptr<T, D>> {
  using type = typename strip<T>::type;
  static constexpr bool nullable = true;
};
template <class T>
struct strip<std::shared_ptr<T>> {
  using type = typename strip<T>::type;
  static constexpr bool nullable = true;
};
template <class T>
using strip_t = typename strip<std::remove_cv_t<T>>::type;

template <class T>
concept TextLike = std::is_convertible_v<const T&, std::string_view>;

template <class T>
concept MapLike = requires {
  typename T::key_type;
  typename T::mapped_type;
};

/// Stored as an array of elements of one type.
template <class T>
concept ListLike = !MapLike<T> && !TextLike<T> && requires(const T& list) {
  typename T::value_type;
  list.begin();
  list.end();
  requires !bson::detail::is_byte<typename T::value_type>;  // stored as binary
};

/// Any BSON: no type of its own to check against.
template <class T>
inline constexpr bool is_untyped =
    std::is_same_v<T, bson::Value> || std::is_same_v<T, bson::Document>;

template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

template <class T>
inline constexpr bool is_chrono = false;
template <class R, class P>
inline constexpr bool is_chrono<std::chrono::duration<R, P>> = true;
template <class C, class D>
inline constexpr bool is_chrono<std::chrono::time_point<C, D>> = true;
template <class T>
inline constexpr bool is_time_point = false;
template <class C, class D>
inline constexpr bool is_time_point<std::chrono::time_point<C, D>> = true;

template <class T>
struct element_of {
  using type = void;
};
template <ListLike T>
struct element_of<T> {
  using type = typename T::value_type;
};
/// The element type of a list; void for what is none.
template <class T>
using element_t = typename element_of<strip_t<T>>::type;

/// The type whose members the next step of a path may name: through nullables and lists.
template <class T>
struct inner {
  using type = T;
};
template <class T>
  requires(!std::is_same_v<strip_t<T>, T>)
struct inner<T> : inner<strip_t<T>> {};
template <ListLike T>
struct inner<T> : inner<strip_t<typename T::value_type>> {};
template <class T>
using inner_t = typename inner<std::remove_cv_t<T>>::type;

}  // namespace quire::query::detail
