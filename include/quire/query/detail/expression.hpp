#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "quire/query/detail/expression_types.hpp"

/// Expressions as BSON, compiled once, and what their C++ types are to each other.
namespace quire::query::detail {

// --- BSON ---
struct Named {
  std::string_view name;
  bson::ValueView value;
};
/// A value as an expression means it: what could be taken for a field, a variable or an operator is
/// put into $literal.
[[nodiscard]] bson::Value literal_value(bson::Value value);
[[nodiscard]] bson::Value always_literal(bson::ValueView value);
/// "$path". Throws QueryError invalid_query for an empty path and for one with a position or a
/// placeholder of updates in it: in an expression they would name fields.
[[nodiscard]] bson::Value path_value(std::string_view path, bool positional);
/// {op: operand} of one operand, {op: [operands]} of more.
[[nodiscard]] bson::Value call_value(std::string_view op, std::span<const bson::Value> operands);
/// {op: [operands]} of any number.
[[nodiscard]] bson::Value call_list(std::string_view op, std::span<const bson::Value> operands);
/// {op: {name: operand …}}; operands of the type undefined are left out.
[[nodiscard]] bson::Value call_named(std::string_view op, std::span<const Named> operands);
/// Both under one operator: {$and: [a, b, c]} for (a && b) && c.
[[nodiscard]] bson::Value join_value(std::string_view op, bson::ValueView a, bson::ValueView b);
/// The field `path` of what the expression gives.
[[nodiscard]] bson::Value field_of_value(bson::ValueView expression, std::string_view path);
/// {path: value …}, a document made by expressions.
[[nodiscard]] bson::Value object_value(std::span<const Named> fields);
/// "$$name". Throws QueryError invalid_query for what is no name of a variable.
[[nodiscard]] bson::Value variable_value(std::string_view name);
/// {$expr: expression}
[[nodiscard]] bson::Document expr_filter(bson::ValueView expression);
[[nodiscard]] std::string value_json(bson::ValueView value);
/// What stands for an operand that was not given.
[[nodiscard]] inline bson::Value absent() { return bson::Value(bson::Undefined{}); }

/// The name of a lambda's variable: each level of nesting has another. One level for the life of
/// the object; thread-local.
class VariableName {
 public:
  explicit VariableName(std::string_view base);
  ~VariableName();
  VariableName(const VariableName&) = delete;
  VariableName& operator=(const VariableName&) = delete;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};
/// {$let: {vars: {value: "$$value", item: "$$this"}, in: body}}
[[nodiscard]] bson::Value renamed_reduce(std::string_view value, std::string_view item,
                                         bson::ValueView body);
/// How many $reduce this thread has made; to see whether one was made inside of another.
[[nodiscard]] std::uint64_t& reduces_made() noexcept;

/// A plain value as BSON.
template <class A>
bson::Value plain_value(const A& a) {
  using Given = std::decay_t<const A>;
  if constexpr (is_null_operand<Given>)
    return {};
  else if constexpr (is_raw_operand<Given>)
    return bson::Value(a);
  else if constexpr (TextLike<Given>)
    return bson::Value(std::string_view(a));
  else if constexpr (is_number<Given>)
    return number_value(a);
  else if constexpr (optional_operand<Given>::value)
    return a ? plain_value(*a) : bson::Value();
  else if constexpr (std::is_same_v<Given, bson::Document>)
    return bson::Value(a);
  else
    return bson::encode_value(a);
}

/// An operand of any kind in an expression about Root.
template <class Root, class A>
bson::Value arg_in(const A& a) {
  using Given = std::decay_t<const A>;
  constexpr bool part = QueryPart<Given>;
  static_assert(!part,
                "quire: a filter, update or sort is no expression; compare by q::expr(field) …, "
                "which makes one.");
  if constexpr (part) {
    return {};
  } else if constexpr (is_path<Given>) {
    if constexpr (std::is_void_v<Root>)
      return path_value(a.str(), a.positional());
    else
      return path_value(model_detail::path_in<Root, typename Given::root>(a.str()), a.positional());
  } else if constexpr (is_expression<Given>) {
    if constexpr (!std::is_void_v<Root> && !std::is_void_v<typename Given::root>) {
      if constexpr (model_detail::may_rename<Root, typename Given::root>())
        return model_detail::renamed_expression(
            a.value_view(), model_detail::base_names<Root, typename Given::root>());
    }
    return bson::Value(a.value_view());
  } else {
    return literal_value(plain_value(a));
  }
}
/// An operand beside one of type V: a plain value is encoded as that type is.
template <class Root, class V, class A>
bson::Value arg_beside(const A& a) {
  using Given = std::decay_t<const A>;
  if constexpr (is_field_or_expression<Given> || QueryPart<Given>) {
    return arg_in<Root>(a);
  } else {
    constexpr Fit fit = fit_value<strip_t<V>, Given>();
    if constexpr (fit != Fit::no)
      return literal_value(fitted<strip_t<V>, fit, Given>(a));
    else
      return {};
  }
}
/// Whether the two can be compared or stored in one another: by type, a plain value by its
/// conversion.
template <class A, class B>
consteval bool comparable_operands() {
  using X = std::decay_t<const A>;
  using Y = std::decay_t<const B>;
  if constexpr (QueryPart<X> || QueryPart<Y>)
    return true;  // arg_in says what is wrong
  else if constexpr (!is_field_or_expression<Y> && is_field_or_expression<X>)
    return fit_value<strip_t<expr_value_t<X>>, Y>() != Fit::no;
  else if constexpr (!is_field_or_expression<X> && is_field_or_expression<Y>)
    return fit_value<strip_t<expr_value_t<Y>>, X>() != Fit::no;
  else
    return comparable_values<expr_value_t<X>, expr_value_t<Y>>();
}

template <class A, ExprKind... Kinds>
consteval bool is_one_of() {
  constexpr ExprKind kind = expr_kind<expr_value_t<A>>();
  return QueryPart<std::decay_t<const A>> || kind == ExprKind::unknown || ((kind == Kinds) || ...);
}
template <class A>
constexpr void check_number_operand() {
  constexpr bool fits = is_one_of<A, ExprKind::number>();
  static_assert(fits, "quire: this expression is for numbers.");
}
template <class A>
constexpr void check_text_operand() {
  constexpr bool fits = is_one_of<A, ExprKind::text>();
  static_assert(fits, "quire: this expression is for text.");
}
template <class A>
constexpr void check_list_operand() {
  constexpr bool fits = is_one_of<A, ExprKind::list>();
  static_assert(fits, "quire: this expression is for lists (vector, array, set …).");
}
template <class A>
constexpr void check_time_operand() {
  using V = strip_t<expr_value_t<A>>;
  constexpr bool fits = is_one_of<A, ExprKind::time>() || std::is_same_v<V, ObjectId> ||
                        std::is_same_v<V, bson::Timestamp>;
  static_assert(fits, "quire: this expression is for times.");
}
template <class A>
constexpr void check_object_operand() {
  constexpr bool fits = is_one_of<A, ExprKind::object>();
  static_assert(fits, "quire: this expression is for documents (structs, maps).");
}
template <class A>
constexpr void check_condition() {
  constexpr bool fits = is_one_of<A, ExprKind::boolean>();
  static_assert(fits,
                "quire: a condition is an expression that gives true or false: q::expr(field) > 3, "
                "not the field or a number alone.");
}

}  // namespace quire::query::detail
