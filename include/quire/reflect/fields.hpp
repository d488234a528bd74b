#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/members.hpp>
#include <boost/version.hpp>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "quire/reflect/detail/bindings_generated.hpp"
#include "quire/reflect/detail/count.hpp"
#include "quire/reflect/detail/leaves.hpp"
#include "quire/reflect/detail/names.hpp"

#if BOOST_VERSION >= 108400
#include <boost/pfr/core_name.hpp>
#endif

namespace quire::reflect {

/// A class that BOOST_DESCRIBE_CLASS or BOOST_DESCRIBE_STRUCT describes.
template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

/// A type whose members can be listed: described, or a plain aggregate without bases.
template <class T>
concept Reflected =
    std::is_class_v<T> && !std::is_polymorphic_v<T> && (Described<T> || std::is_aggregate_v<T>);

namespace detail {

template <class List>
struct DescribedMembers;
template <template <class...> class L, class... D>
struct DescribedMembers<L<D...>> {
  static constexpr std::size_t count = sizeof...(D);
  static constexpr std::array<std::string_view, count> names{std::string_view(D::name)...};
  template <class T>
  static constexpr auto tie(T& object) {
    return make_leaves(object.*D::pointer...);
  }
  template <auto P>
  static consteval std::size_t index_of() {
    std::size_t at = 0;
    const bool found = ((same_pointer(D::pointer, P) || (++at, false)) || ...);
    return found ? at : count;
  }
  template <class A, class B>
  static consteval bool same_pointer(A a, B b) {
    if constexpr (std::is_same_v<A, B>)
      return a == b;
    else
      return false;
  }
};
template <class T>
using described_t =
    DescribedMembers<boost::describe::describe_members<T, boost::describe::mod_any_access |
                                                              boost::describe::mod_inherited>>;

template <class T>
consteval std::size_t count_fields() {
  if constexpr (Described<T>) {
    return described_t<T>::count;
  } else {
    static_assert(!HasBase<T>,
                  "quire: a plain struct with a base cannot be taken apart; describe both with "
                  "BOOST_DESCRIBE_STRUCT, or make the base a member.");
    constexpr std::size_t values = HasBase<T> ? 0 : count_aggregate<T>();
    constexpr bool array = has_array<T, values>(std::make_index_sequence<values>{});
    static_assert(!array, "quire: a C array cannot be mapped; use std::array.");
    constexpr std::size_t count = array ? 0 : values;
    static_assert(count <= max_bindings,
                  "quire: more than 128 members in one struct; group them, or describe the struct "
                  "with BOOST_DESCRIBE_STRUCT.");
    return count;
  }
}

}  // namespace detail

/// Number of members of T, those of described bases first.
template <class T>
inline constexpr std::size_t field_count = detail::count_fields<T>();

/// References to all members of `object` (T or const T); detail::leaf<I>(tie(x)) is one of them.
template <class T>
constexpr auto tie(T& object) {
  if constexpr (Described<std::remove_const_t<T>>)
    return detail::described_t<std::remove_const_t<T>>::tie(object);
  else
    return detail::tie_aggregate<field_count<std::remove_const_t<T>>>(object);
}

/// The type of member I.
template <class T, std::size_t I>
using field_t = detail::leaf_t<I, decltype(tie(std::declval<T&>()))>;

namespace detail {
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
/// The members of an object that does not exist: good for addresses alone. A function, because a
/// variable would be emitted by unoptimised builds and ask the linker for the object.
template <class T>
consteval auto extern_leaves() {
  return tie_aggregate<field_count<T>>(extern_object<T>.value);
}

template <class T, std::size_t... I>
consteval auto aggregate_names(std::index_sequence<I...>) {
  constexpr auto leaves = extern_leaves<T>();
  constexpr Spelling names[] = {name_of_address<&leaf<I>(leaves)>()..., {}};
  return std::array<std::string_view, sizeof...(I)>{
      std::string_view(names[I].begin, names[I].size)...};
}
template <class T>
consteval auto make_member_names() {
  if constexpr (Described<T>) return described_t<T>::names;
#if BOOST_VERSION >= 108400 && BOOST_PFR_CORE_NAME_ENABLED
  else if constexpr (counted_by_pfr<T> && !std::is_empty_v<T>)
    return boost::pfr::names_as_array<T>();
#endif
  else
    return aggregate_names<T>(std::make_index_sequence<field_count<T>>{});
}
}  // namespace detail

/// The members' names as written in C++.
template <class T>
inline constexpr auto member_names = detail::make_member_names<T>();

namespace detail {
template <class T>
struct MemberPointer;
template <class C, class M>
struct MemberPointer<M C::*> {
  using owner = C;
  using member = M;
};
template <class A, class B>
consteval bool same_address(const A& a, const B& b) {
  if constexpr (std::is_same_v<A, B>)
    return &a == &b;
  else
    return false;
}
template <class T, auto P, std::size_t... I>
consteval std::size_t find_member(std::index_sequence<I...>) {
  if constexpr (Described<T>) {
    return described_t<T>::template index_of<P>();
  } else {
    std::size_t at = 0;
    const bool found =
        ((same_address(leaf<I>(extern_leaves<T>()), extern_object<T>.value.*P) || (++at, false)) ||
         ...);
    return found ? at : sizeof...(I);
  }
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
}  // namespace detail

/// Class and type of a member pointer's member.
template <auto P>
using owner_t = typename detail::MemberPointer<decltype(P)>::owner;
template <auto P>
using member_t = std::remove_const_t<typename detail::MemberPointer<decltype(P)>::member>;

/// Position of the member that P points to among the fields of T, which may be derived from P's
/// class; field_count<T> for a member that is not mapped.
template <auto P, class T = owner_t<P>>
inline constexpr std::size_t index_of =
    detail::find_member<T, P>(std::make_index_sequence<field_count<T>>{});

/// The C++ name of the member that P points to: member_name<&User::age> is "age".
template <auto P, class T = owner_t<P>>
inline constexpr std::string_view member_name = member_names<T>[index_of<P, T>];

}  // namespace quire::reflect
