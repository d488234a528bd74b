#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quire/query/detail/expression.hpp"

namespace quire::query {

/// What a stage of an aggregation, an update by pipeline or $expr computes from one document: a
/// value that can be stored, copied and printed. Root: the type of the documents, void where it is
/// about none. V: what it gives; bson::Value where that is not known. Fields of paths become
/// expressions by expr(field), by arithmetic, and wherever a function of this header takes them;
/// plain values stand for themselves, a text that begins with '$' too.
/// A list on the way makes a list: "orders.price" gives all prices.
template <class Root, class V>
class Expr : public detail::ExprTag {
 public:
  using root = Root;
  using value = V;

  explicit Expr(bson::Value bson) : value_(std::move(bson)) {}

  [[nodiscard]] bson::ValueView value_view() const noexcept { return value_.view(); }
  /// As mongosh takes it: {"$multiply": ["$price", 2]}.
  [[nodiscard]] std::string to_json() const { return detail::value_json(value_view()); }
  /// A member of the document that this gives: item[field<&Item::price>].
  template <class P>
    requires detail::is_path<P>
  [[nodiscard]] auto operator[](const P& path) const {
    using Inner = detail::inner_t<V>;
    constexpr bool member = detail::is_untyped<Inner> || detail::serves<Inner, typename P::root>;
    static_assert(member,
                  "quire: expression[field]: the field belongs to another class than what the "
                  "expression gives.");
    using Value = detail::expr_value_t<P>;
    if constexpr (detail::ListLike<detail::strip_t<V>>)
      return Expr<Root, std::vector<Value>>(detail::field_of_value(value_, path.str()));
    else
      return Expr<Root, Value>(detail::field_of_value(value_, path.str()));
  }

 private:
  bson::Value value_;
};

namespace detail {
template <class V, class... A>
[[nodiscard]] auto call(std::string_view op, const A&... operands) {
  using Root = expr_root_t<A...>;
  const bson::Value values[] = {arg_in<Root>(operands)...};
  return Expr<Root, V>(call_value(op, values));
}
/// As call, for operators whose one operand is a list of operands.
template <class V, class... A>
[[nodiscard]] auto call_many(std::string_view op, const A&... operands) {
  using Root = expr_root_t<A...>;
  const bson::Value values[] = {arg_in<Root>(operands)...};
  return Expr<Root, V>(call_list(op, values));
}
template <class A, class B>
[[nodiscard]] auto compare_values(std::string_view op, const A& a, const B& b) {
  constexpr bool fits = comparable_operands<A, B>();
  static_assert(fits,
                "quire: these two cannot be compared: they are of different types, and would never "
                "be equal.");
  using Root = expr_root_t<A, B>;
  if constexpr (fits) {
    const bson::Value values[] = {arg_beside<Root, expr_value_t<B>>(a),
                                  arg_beside<Root, expr_value_t<A>>(b)};
    return Expr<Root, bool>(call_list(op, values));
  } else {
    return Expr<Root, bool>(bson::Value());
  }
}
template <class V, class A, class B>
[[nodiscard]] auto calculate(std::string_view op, const A& a, const B& b) {
  constexpr bool fits = is_one_of<A, ExprKind::number, ExprKind::time>() &&
                        is_one_of<B, ExprKind::number, ExprKind::time>();
  static_assert(fits, "quire: arithmetic is for numbers and times.");
  return call<V>(op, a, b);
}

// Sums and differences of times: time + ms, time - ms, time - time in ms.
template <class A, class B, bool Minus>
consteval auto find_sum() {
  constexpr bool a = expr_kind<A>() == ExprKind::time;
  constexpr bool b = expr_kind<B>() == ExprKind::time;
  if constexpr (a && b && Minus)
    return std::type_identity<std::int64_t>{};
  else if constexpr (a)
    return std::type_identity<strip_t<A>>{};
  else if constexpr (b)
    return std::type_identity<strip_t<B>>{};
  else
    return std::type_identity<arithmetic_t<A, B>>{};
}
template <class A, class B>
using sum_t = typename decltype(find_sum<expr_value_t<A>, expr_value_t<B>, false>())::type;
template <class A, class B>
using difference_t = typename decltype(find_sum<expr_value_t<A>, expr_value_t<B>, true>())::type;
template <class A, class B>
using product_t = arithmetic_t<expr_value_t<A>, expr_value_t<B>>;
template <class A, class B>
using quotient_t = fraction_t<product_t<A, B>>;

/// Operators between fields, expressions and values. A field and a value make a filter, so that
/// comparisons take an expression or two fields.
template <class A, class B>
concept Compared = (is_expression<A> && !QueryPart<B>) || (is_expression<B> && !QueryPart<A>) ||
                   (is_path<A> && is_path<B>);
template <class A, class B>
concept Calculated =
    (is_field_or_expression<A> && !QueryPart<B>) || (is_field_or_expression<B> && !QueryPart<A>);
/// field / field of a struct is a path.
template <class A, class B>
concept Divided =
    Calculated<A, B> && (!is_path<A> || !is_path<B> || is_number<strip_t<typename A::value>>);
}  // namespace detail

namespace detail {
template <class T, class U>
bson::Document condition_in(const Expr<U, bool>& condition) {
  if constexpr (std::is_void_v<U>) {
    return expr_filter(condition.value_view());
  } else {
    check_root<T, U>();
    if constexpr (serves<T, U>)
      return expr_filter(arg_in<T>(condition));
    else
      return {};
  }
}
}  // namespace detail

/// A field, a value or an expression as an expression: expr(age) > 18 is one where age > 18 is a
/// filter.
template <class A>
[[nodiscard]] auto expr(const A& a) {
  using Root = detail::expr_root_t<A>;
  return Expr<Root, detail::expr_value_t<A>>(detail::arg_in<Root>(a));
}
/// An expression as MongoDB writes it, about documents of Root, giving a V.
template <class V = bson::Value, class Root = void>
[[nodiscard]] Expr<Root, V> raw_expr(bson::Value value) {
  return Expr<Root, V>(std::move(value));
}
/// {$literal: value}
template <class A>
[[nodiscard]] auto literal(const A& value) {
  return Expr<void, detail::expr_value_t<A>>(detail::always_literal(detail::plain_value(value)));
}
/// A variable of let or of the whole aggregation: var<ObjectId>("user") is "$$user".
template <class V = bson::Value>
[[nodiscard]] Expr<void, V> var(std::string_view name) {
  return Expr<void, V>(detail::variable_value(name));
}
/// The document as it came into the stage: "$$ROOT".
template <class T>
[[nodiscard]] Expr<T, T> root_document() {
  return Expr<T, T>(detail::variable_value("ROOT"));
}
/// The time at which the store began to work: "$$NOW".
[[nodiscard]] inline Expr<void, DateTime> store_now() {
  return Expr<void, DateTime>(detail::variable_value("NOW"));
}
/// Leaves the field out: "$$REMOVE".
[[nodiscard]] inline Expr<void, bson::Value> remove_field() {
  return Expr<void, bson::Value>(detail::variable_value("REMOVE"));
}

// --- comparisons, in the order of BSON values: missing, null, numbers, text … ---
template <class A, class B>
  requires detail::Compared<A, B>
[[nodiscard]] auto operator==(const A& a, const B& b) {
  return detail::compare_values("$eq", a, b);
}
template <class A, class B>
  requires detail::Compared<A, B>
[[nodiscard]] auto operator!=(const A& a, const B& b) {
  return detail::compare_values("$ne", a, b);
}
template <class A, class B>
  requires detail::Compared<A, B>
[[nodiscard]] auto operator<(const A& a, const B& b) {
  return detail::compare_values("$lt", a, b);
}
template <class A, class B>
  requires detail::Compared<A, B>
[[nodiscard]] auto operator<=(const A& a, const B& b) {
  return detail::compare_values("$lte", a, b);
}
template <class A, class B>
  requires detail::Compared<A, B>
[[nodiscard]] auto operator>(const A& a, const B& b) {
  return detail::compare_values("$gt", a, b);
}
template <class A, class B>
  requires detail::Compared<A, B>
[[nodiscard]] auto operator>=(const A& a, const B& b) {
  return detail::compare_values("$gte", a, b);
}
/// -1, 0 or 1.
template <class A, class B>
[[nodiscard]] auto compare(const A& a, const B& b) {
  const auto result = detail::compare_values("$cmp", a, b);
  return Expr<typename decltype(result)::root, std::int32_t>(bson::Value(result.value_view()));
}

// --- arithmetic. Integers stay integers but for quotients; time + milliseconds is a time. ---
template <class A, class B>
  requires detail::Calculated<A, B>
[[nodiscard]] auto operator+(const A& a, const B& b) {
  return detail::calculate<detail::sum_t<A, B>>("$add", a, b);
}
template <class A, class B>
  requires detail::Calculated<A, B>
[[nodiscard]] auto operator-(const A& a, const B& b) {
  return detail::calculate<detail::difference_t<A, B>>("$subtract", a, b);
}
template <class A, class B>
  requires detail::Calculated<A, B>
[[nodiscard]] auto operator*(const A& a, const B& b) {
  return detail::calculate<detail::product_t<A, B>>("$multiply", a, b);
}
template <class A, class B>
  requires detail::Divided<A, B>
[[nodiscard]] auto operator/(const A& a, const B& b) {
  return detail::calculate<detail::quotient_t<A, B>>("$divide", a, b);
}
template <class A, class B>
  requires detail::Calculated<A, B>
[[nodiscard]] auto operator%(const A& a, const B& b) {
  return detail::calculate<detail::product_t<A, B>>("$mod", a, b);
}
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto operator-(const A& a) {
  return detail::calculate<detail::product_t<A, int>>("$multiply", a, -1);
}
/// a / b where both are paths.
template <class A, class B>
[[nodiscard]] auto divide(const A& a, const B& b) {
  return detail::calculate<detail::quotient_t<A, B>>("$divide", a, b);
}

// --- boolean ---
template <class R1, class R2>
[[nodiscard]] auto operator&&(const Expr<R1, bool>& a, const Expr<R2, bool>& b) {
  using Root = detail::expr_root_t<Expr<R1, bool>, Expr<R2, bool>>;
  return Expr<Root, bool>(
      detail::join_value("$and", detail::arg_in<Root>(a), detail::arg_in<Root>(b)));
}
template <class R1, class R2>
[[nodiscard]] auto operator||(const Expr<R1, bool>& a, const Expr<R2, bool>& b) {
  using Root = detail::expr_root_t<Expr<R1, bool>, Expr<R2, bool>>;
  return Expr<Root, bool>(
      detail::join_value("$or", detail::arg_in<Root>(a), detail::arg_in<Root>(b)));
}
template <class R>
[[nodiscard]] Expr<R, bool> operator!(const Expr<R, bool>& a) {
  const bson::Value operand[] = {bson::Value(a.value_view())};
  return Expr<R, bool>(detail::call_list("$not", operand));
}
/// Beside filters an expression is {$expr: …}.
template <class T, class R>
[[nodiscard]] auto operator&&(const Filter<T>& a, const Expr<R, bool>& b) {
  return a && Filter<std::conditional_t<std::is_void_v<R>, T, R>>(b);
}
template <class T, class R>
[[nodiscard]] auto operator&&(const Expr<R, bool>& a, const Filter<T>& b) {
  return Filter<std::conditional_t<std::is_void_v<R>, T, R>>(a) && b;
}
template <class T, class R>
[[nodiscard]] auto operator||(const Filter<T>& a, const Expr<R, bool>& b) {
  return a || Filter<std::conditional_t<std::is_void_v<R>, T, R>>(b);
}
template <class T, class R>
[[nodiscard]] auto operator||(const Expr<R, bool>& a, const Filter<T>& b) {
  return Filter<std::conditional_t<std::is_void_v<R>, T, R>>(a) || b;
}

// --- conditional ---
/// `yes` where the condition holds, else `no`.
template <class C, class A, class B>
[[nodiscard]] auto cond(const C& condition, const A& yes, const B& no) {
  detail::check_condition<C>();
  using V = detail::common_t<detail::expr_value_t<A>, detail::expr_value_t<B>>;
  return detail::call<V>("$cond", condition, yes, no);
}
/// The first of the operands that is neither null nor missing; the last one in any case.
template <class A, class B, class... More>
[[nodiscard]] auto if_null(const A& a, const B& b, const More&... more) {
  constexpr bool fits = detail::comparable_operands<A, B>();
  static_assert(fits, "quire: if_null(…): the replacement is of another type than the value.");
  using V = detail::common_t<detail::expr_value_t<A>, detail::expr_value_t<B>>;
  return detail::call<V>("$ifNull", a, b, more...);
}

/// A branch of switch_.
template <class Root, class V>
struct Branch {
  bson::Value condition, then;
};
template <class C, class A>
[[nodiscard]] auto when(const C& condition, const A& then) {
  detail::check_condition<C>();
  using Root = detail::expr_root_t<C, A>;
  return Branch<Root, detail::expr_value_t<A>>{detail::arg_in<Root>(condition),
                                               detail::arg_in<Root>(then)};
}
namespace detail {
/// Conditions and values in turn.
[[nodiscard]] bson::Value switch_value(std::span<const bson::Value> branches,
                                       bson::ValueView otherwise);
}  // namespace detail
/// Branches without a default: the store fails where none holds. otherwise(…) gives one.
template <class Root, class V>
class Switch : public Expr<Root, V> {
 public:
  Switch(std::vector<bson::Value> values, bson::Value whole)
      : Expr<Root, V>(std::move(whole)), values_(std::move(values)) {}
  template <class A>
  [[nodiscard]] auto otherwise(const A& then) const {
    using All = detail::expr_root_t<Expr<Root, V>, A>;
    return Expr<All, detail::common_t<V, detail::expr_value_t<A>>>(
        detail::switch_value(values_, detail::arg_in<All>(then)));
  }

 private:
  std::vector<bson::Value> values_;
};
/// The value of the first branch whose condition holds:
///   switch_(when(expr(age) < 18, "child"), when(expr(age) < 65, "adult")).otherwise("senior")
template <class R, class V, class... Rs, class... Vs>
[[nodiscard]] auto switch_(const Branch<R, V>& first, const Branch<Rs, Vs>&... more) {
  using Root = detail::expr_root_t<Expr<R, V>, Expr<Rs, Vs>...>;
  using Value = std::conditional_t<(std::is_same_v<V, Vs> && ...), V, bson::Value>;
  std::vector<bson::Value> values = {first.condition, first.then};
  ((values.push_back(more.condition), values.push_back(more.then)), ...);
  bson::Value whole = detail::switch_value(values, detail::absent());
  return Switch<Root, Value>(std::move(values), std::move(whole));
}

/// Names a value that is used more than once: let(expr(a) + b, [](auto sum) { return sum * sum; }).
template <class A, class F>
[[nodiscard]] auto let(const A& value, const F& in) {
  using V = detail::expr_value_t<A>;
  const detail::VariableName name("it");
  const auto body = in(Expr<void, V>(detail::variable_value(name.text())));
  using Body = std::decay_t<decltype(body)>;
  using Root = detail::expr_root_t<A, Body>;
  const bson::Value bound = detail::arg_in<Root>(value);
  const detail::Named vars[] = {{name.text(), bound}};
  const bson::Value all = detail::object_value(vars);
  const bson::Value result = detail::arg_in<Root>(body);
  const detail::Named parts[] = {{"vars", all}, {"in", result}};
  return Expr<Root, detail::expr_value_t<Body>>(detail::call_named("$let", parts));
}

}  // namespace quire::query
