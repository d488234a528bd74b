#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "quire/query/detail/operand.hpp"
#include "quire/query/path.hpp"

/// What the C++ types of expressions are to each other, and which documents they are about.
namespace quire::query::detail {

class ExprTag {};

template <class A>
inline constexpr bool is_path = std::is_base_of_v<PathTag, A>;
template <class A>
inline constexpr bool is_expression = std::is_base_of_v<ExprTag, A>;
template <class A>
inline constexpr bool is_field_or_expression = is_path<A> || is_expression<A>;

/// A filter, sort or the like: a class of documents' parts that is no value.
template <class A>
concept QueryPart = !is_field_or_expression<A> && requires(const A& part) {
  typename A::root;
  part.document();
};

enum class ExprKind { unknown, number, text, boolean, time, list, object, other };

template <class T>
inline constexpr bool is_variant = false;
template <class... A>
inline constexpr bool is_variant<std::variant<A...>> = true;

template <class V>
consteval ExprKind expr_kind() {
  using T = strip_t<V>;
  if constexpr (is_untyped<T> || is_null_operand<T> || is_raw_operand<T> || is_variant<T>)
    return ExprKind::unknown;
  else if constexpr (std::is_same_v<T, bool>)
    return ExprKind::boolean;
  else if constexpr (is_number<T> || std::is_same_v<T, bson::Decimal128>)
    return ExprKind::number;
  else if constexpr (is_time_point<T>)
    return ExprKind::time;
  else if constexpr (is_chrono<T>)
    return ExprKind::number;
  else if constexpr (through<T>::value || std::is_enum_v<T>)
    return ExprKind::other;
  else if constexpr (TextLike<T>)
    return ExprKind::text;
  else if constexpr (ListLike<T>)
    return ExprKind::list;
  else if constexpr (MapLike<T> || std::is_aggregate_v<T> || reflect::Described<T>)
    return ExprKind::object;
  else
    return ExprKind::other;
}
template <class V>
inline constexpr bool is_floating = std::is_floating_point_v<strip_t<V>>;
template <class V>
inline constexpr bool is_decimal = std::is_same_v<strip_t<V>, bson::Decimal128>;

/// Whether values of the two can be equal.
template <class A, class B>
consteval bool comparable_values() {
  using X = strip_t<A>;
  using Y = strip_t<B>;
  constexpr ExprKind a = expr_kind<X>();
  constexpr ExprKind b = expr_kind<Y>();
  if constexpr (a == ExprKind::unknown || b == ExprKind::unknown)
    return true;
  else if constexpr (a != b)
    return false;
  else if constexpr (a == ExprKind::list)
    return comparable_values<typename X::value_type, typename Y::value_type>();
  else if constexpr (a == ExprKind::object || a == ExprKind::other)
    return std::is_same_v<X, Y> || (MapLike<X> && MapLike<Y>);
  else
    return true;
}

/// Whether a field of type Member reads what an expression of V gives.
template <class Member, class V>
consteval bool holds_value() {
  using X = strip_t<Member>;
  using Y = strip_t<V>;
  constexpr ExprKind a = expr_kind<X>();
  constexpr ExprKind b = expr_kind<Y>();
  if constexpr (std::is_same_v<X, Y> || a == ExprKind::unknown || b == ExprKind::unknown)
    return true;
  else if constexpr (a != b)
    return a == ExprKind::object && b == ExprKind::object;
  else if constexpr (a == ExprKind::number)
    return is_decimal<X> ||
           (!is_decimal<Y> && (is_floating<X> || !is_floating<Y>));  // no fraction is cut off
  else if constexpr (a == ExprKind::list)
    return holds_value<typename X::value_type, typename Y::value_type>();
  else if constexpr (a == ExprKind::object)
    return MapLike<X> == MapLike<Y>;
  else if constexpr (a == ExprKind::other)
    return false;
  else
    return true;
}

/// The type of an arithmetic result.
template <class A, class B>
consteval auto find_arithmetic() {
  constexpr bool known = expr_kind<A>() == ExprKind::number && expr_kind<B>() == ExprKind::number;
  if constexpr (!known)
    return std::type_identity<bson::Value>{};
  else if constexpr (is_decimal<A> || is_decimal<B>)
    return std::type_identity<bson::Decimal128>{};
  else if constexpr (is_floating<A> || is_floating<B>)
    return std::type_identity<double>{};
  else
    return std::type_identity<std::int64_t>{};
}
template <class A, class B = A>
using arithmetic_t = typename decltype(find_arithmetic<A, B>())::type;
/// A quotient, root or mean: never an integer.
template <class A>
using fraction_t =
    std::conditional_t<is_decimal<A>, bson::Decimal128,
                       std::conditional_t<expr_kind<A>() == ExprKind::number, double, bson::Value>>;

/// What either of two values is.
template <class A, class B>
consteval auto find_common() {
  using X = strip_t<A>;
  using Y = strip_t<B>;
  if constexpr (std::is_same_v<X, Y> || is_null_operand<Y>)
    return std::type_identity<X>{};
  else if constexpr (is_null_operand<X>)
    return std::type_identity<Y>{};
  else if constexpr (TextLike<X> && TextLike<Y>)
    return std::type_identity<std::string>{};
  else
    return std::type_identity<arithmetic_t<X, Y>>{};
}
template <class A, class B>
using common_t = typename decltype(find_common<A, B>())::type;

template <class V>
consteval auto find_element() {
  if constexpr (ListLike<strip_t<V>>)
    return std::type_identity<strip_t<typename strip_t<V>::value_type>>{};
  else
    return std::type_identity<bson::Value>{};
}
/// The element of a list, bson::Value where that is not known.
template <class V>
using item_t = typename decltype(find_element<V>())::type;

/// The element of a list, else the value itself.
template <class V>
using flat_t = std::conditional_t<ListLike<strip_t<V>>, item_t<V>, strip_t<V>>;

/// What "$a.b" gives: of a list of structs the list of their members.
template <auto M, auto... More>
struct PathValue {
  using type = strip_t<typename member_of<decltype(M)>::value>;
};
template <auto M, auto Next, auto... More>
struct PathValue<M, Next, More...> {
  using member = strip_t<typename member_of<decltype(M)>::value>;
  using rest = typename PathValue<Next, More...>::type;
  using type = std::conditional_t<ListLike<member>, std::vector<rest>, rest>;
};

template <class A>
struct ExprTraits {  // a plain value
  using root = void;
  using value = std::conditional_t<TextLike<A>, std::string, A>;
};
template <class A>
  requires is_path<A>
struct ExprTraits<A> {
  using root = typename A::root;
  using value = bson::Value;
};
template <auto First, auto... More>
struct ExprTraits<Path<First, More...>> {
  using path = Path<First, More...>;
  using root = typename path::root;
  static consteval auto find_value() {
    using Plain = typename PathValue<First, More...>::type;
    using Given = given_t<path, typename path::value>;
    if constexpr (!through<Given>::value)
      return std::type_identity<Plain>{};
    else if constexpr (std::is_same_v<Plain, strip_t<typename path::value>>)
      return std::type_identity<Given>{};
    else
      return std::type_identity<bson::Value>{};
  }
  using value = typename decltype(find_value())::type;
};
template <class E>
struct ExprTraits<Element<E>> {
  using root = E;
  using value = E;
};
template <class A>
  requires is_expression<A>
struct ExprTraits<A> {
  using root = typename A::root;
  using value = typename A::value;
};
template <class A>
using expr_value_t = typename ExprTraits<std::decay_t<const A>>::value;
template <class A>
using expr_own_root_t = typename ExprTraits<std::decay_t<const A>>::root;

/// The documents that all the operands are about; void for none.
template <class... A>
struct join_expr_roots {
  using type = void;
};
template <class A, class... More>
struct join_expr_roots<A, More...> {
  using rest = typename join_expr_roots<More...>::type;
  static consteval auto find() {
    if constexpr (std::is_void_v<A>)
      return std::type_identity<rest>{};
    else if constexpr (std::is_void_v<rest>)
      return std::type_identity<A>{};
    else
      return std::type_identity<typename joined_root<A, rest>::type>{};
  }
  using type = typename decltype(find())::type;
};
template <class... A>
using expr_root_t = typename join_expr_roots<expr_own_root_t<A>...>::type;

}  // namespace quire::query::detail
