#pragma once

#include <array>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace quire::reflect {

/// An enum that BOOST_DESCRIBE_ENUM describes; stored as the enumerator's text.
template <class E>
concept DescribedEnum = std::is_enum_v<E> && boost::describe::has_describe_enumerators<E>::value;

template <class E>
struct Enumerator {
  std::string_view name;
  E value;
};

namespace detail {
template <class E, template <class...> class L, class... D>
consteval auto list_enumerators(L<D...>*) {
  return std::array<Enumerator<E>, sizeof...(D)>{Enumerator<E>{D::name, D::value}...};
}
}  // namespace detail

/// All described enumerators in their order.
template <DescribedEnum E>
inline constexpr auto enumerators =
    detail::list_enumerators<E>(static_cast<boost::describe::describe_enumerators<E>*>(nullptr));

/// The enumerator's text; null data for a value that none has.
template <DescribedEnum E>
[[nodiscard]] constexpr std::string_view enum_name(E value) noexcept {
  for (const auto& one : enumerators<E>) {
    if (one.value == value) return one.name;
  }
  return {};
}

/// Sets `out` to the enumerator of that text; false where there is none.
template <DescribedEnum E>
[[nodiscard]] constexpr bool enum_value(std::string_view name, E& out) noexcept {
  for (const auto& one : enumerators<E>) {
    if (one.name == name) {
      out = one.value;
      return true;
    }
  }
  return false;
}

}  // namespace quire::reflect
