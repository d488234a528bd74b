#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quire/query/expr.hpp"

namespace quire::query {

/// What a group, or a window, computes from many documents of Root: avg(age), push(name) …; what it
/// gives is a V. A value.
template <class Root, class V>
class Accumulator {
 public:
  using root = Root;
  using value = V;
  explicit Accumulator(bson::Value bson) : value_(std::move(bson)) {}
  [[nodiscard]] bson::ValueView value_view() const noexcept { return value_.view(); }
  [[nodiscard]] std::string to_json() const { return detail::value_json(value_view()); }

 private:
  bson::Value value_;
};

/// What set_window_fields computes for each document from those around it. A value.
template <class Root, class V>
class WindowFunction : public Accumulator<Root, V> {
 public:
  using Accumulator<Root, V>::Accumulator;
};

namespace detail {
template <class A>
inline constexpr bool is_accumulator = false;
template <class R, class V>
inline constexpr bool is_accumulator<Accumulator<R, V>> = true;
template <class R, class V>
inline constexpr bool is_accumulator<WindowFunction<R, V>> = true;
template <class A>
inline constexpr bool is_window = false;
template <class R, class V>
inline constexpr bool is_window<WindowFunction<R, V>> = true;

template <class V, class A>
[[nodiscard]] auto accumulate(std::string_view op, const A& operand) {
  using Root = expr_root_t<A>;
  const bson::Value argument = arg_in<Root>(operand);
  const Named parts[] = {{op, argument}};
  return Accumulator<Root, V>(object_value(parts));
}
template <class V, class A>
[[nodiscard]] auto accumulate_n(std::string_view op, const A& operand, std::int64_t n) {
  using Root = expr_root_t<A>;
  const bson::Value values[] = {arg_in<Root>(operand), number_value(n)};
  const Named parts[] = {{"input", values[0]}, {"n", values[1]}};
  return Accumulator<Root, V>(call_named(op, parts));
}
template <class V, class T, class A>
[[nodiscard]] auto accumulate_by(std::string_view op, const Sort<T>& by, const A& output,
                                 std::int64_t n) {
  using Root = expr_root_t<Expr<T, bool>, A>;
  const bson::Value values[] = {bson::Value(model_detail::keys_in<Root, T>(by.document())),
                                arg_in<Root>(output), n == 0 ? absent() : number_value(n)};
  const Named parts[] = {{"sortBy", values[0]}, {"output", values[1]}, {"n", values[2]}};
  return Accumulator<Root, V>(call_named(op, parts));
}
template <class A>
using sum_of_t = arithmetic_t<expr_value_t<A>>;
template <class A>
using mean_of_t = fraction_t<expr_value_t<A>>;
template <class A>
using list_of_t = std::vector<strip_t<expr_value_t<A>>>;
}  // namespace detail

/// Of the numbers; of none 0.
template <class A>
[[nodiscard]] auto sum(const A& operand) {
  detail::check_number_operand<A>();
  return detail::accumulate<detail::sum_of_t<A>>("$sum", operand);
}
/// Of the numbers; of none null, which reads into an optional.
template <class A>
[[nodiscard]] auto avg(const A& operand) {
  detail::check_number_operand<A>();
  return detail::accumulate<detail::mean_of_t<A>>("$avg", operand);
}
/// How many documents.
[[nodiscard]] inline Accumulator<void, std::int64_t> count() {
  return detail::accumulate<std::int64_t>("$sum", 1);
}
/// The smallest value in the order of BSON; nulls are left out.
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto min(const A& operand) {
  return detail::accumulate<detail::expr_value_t<A>>("$min", operand);
}
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto max(const A& operand) {
  return detail::accumulate<detail::expr_value_t<A>>("$max", operand);
}
/// Of the first document; the order is that of a sort before.
template <class A>
[[nodiscard]] auto first(const A& operand) {
  return detail::accumulate<detail::expr_value_t<A>>("$first", operand);
}
template <class A>
[[nodiscard]] auto last(const A& operand) {
  return detail::accumulate<detail::expr_value_t<A>>("$last", operand);
}
/// All values in a list.
template <class A>
[[nodiscard]] auto push(const A& operand) {
  return detail::accumulate<detail::list_of_t<A>>("$push", operand);
}
/// Each value once, in no order.
template <class A>
[[nodiscard]] auto add_to_set(const A& operand) {
  return detail::accumulate<detail::list_of_t<A>>("$addToSet", operand);
}
/// The fields of all, of a field in several the last.
template <class A>
[[nodiscard]] auto merge_all(const A& operand) {
  detail::check_object_operand<A>();
  return detail::accumulate<detail::expr_value_t<A>>("$mergeObjects", operand);
}
template <class A>
[[nodiscard]] auto std_dev_pop(const A& operand) {
  detail::check_number_operand<A>();
  return detail::accumulate<double>("$stdDevPop", operand);
}
template <class A>
[[nodiscard]] auto std_dev_samp(const A& operand) {
  detail::check_number_operand<A>();
  return detail::accumulate<double>("$stdDevSamp", operand);
}
template <class A>
[[nodiscard]] auto first_n(const A& operand, std::int64_t n) {
  return detail::accumulate_n<detail::list_of_t<A>>("$firstN", operand, n);
}
template <class A>
[[nodiscard]] auto last_n(const A& operand, std::int64_t n) {
  return detail::accumulate_n<detail::list_of_t<A>>("$lastN", operand, n);
}
template <class A>
[[nodiscard]] auto max_n(const A& operand, std::int64_t n) {
  return detail::accumulate_n<detail::list_of_t<A>>("$maxN", operand, n);
}
template <class A>
[[nodiscard]] auto min_n(const A& operand, std::int64_t n) {
  return detail::accumulate_n<detail::list_of_t<A>>("$minN", operand, n);
}
/// The output of the first document in an order: top(score.desc(), name).
template <class T, class A>
[[nodiscard]] auto top(const Sort<T>& by, const A& output) {
  return detail::accumulate_by<detail::expr_value_t<A>>("$top", by, output, 0);
}
template <class T, class A>
[[nodiscard]] auto bottom(const Sort<T>& by, const A& output) {
  return detail::accumulate_by<detail::expr_value_t<A>>("$bottom", by, output, 0);
}
template <class T, class A>
[[nodiscard]] auto top_n(const Sort<T>& by, const A& output, std::int64_t n) {
  return detail::accumulate_by<detail::list_of_t<A>>("$topN", by, output, n);
}
template <class T, class A>
[[nodiscard]] auto bottom_n(const Sort<T>& by, const A& output, std::int64_t n) {
  return detail::accumulate_by<detail::list_of_t<A>>("$bottomN", by, output, n);
}
/// Values below which a share lies: percentile(age, {0.5, 0.95}); approximate (t-digest).
template <class A>
[[nodiscard]] auto percentile(const A& operand, const std::vector<double>& shares) {
  detail::check_number_operand<A>();
  using Root = detail::expr_root_t<A>;
  const bson::Value values[] = {detail::arg_in<Root>(operand), bson::encode_value(shares),
                                bson::Value("approximate")};
  const detail::Named parts[] = {{"input", values[0]}, {"p", values[1]}, {"method", values[2]}};
  return Accumulator<Root, std::vector<double>>(detail::call_named("$percentile", parts));
}
template <class A>
[[nodiscard]] auto median(const A& operand) {
  detail::check_number_operand<A>();
  using Root = detail::expr_root_t<A>;
  const bson::Value values[] = {detail::arg_in<Root>(operand), bson::Value("approximate")};
  const detail::Named parts[] = {{"input", values[0]}, {"method", values[1]}};
  return Accumulator<Root, double>(detail::call_named("$median", parts));
}
/// An accumulator or window function as MongoDB writes it, giving a V.
template <class V = bson::Value>
[[nodiscard]] Accumulator<void, V> raw_accumulator(bson::Value value) {
  return Accumulator<void, V>(std::move(value));
}

/// What goes into which member of Out, the struct that a stage makes. Made by
/// into<&Out::member>(…). Position: of the member, or of the one that it is in.
enum class Gives { expression, accumulator, window, list };
template <class Out, class Root, Gives What, std::size_t Position>
struct Into {
  using out = Out;
  using root = Root;
  static constexpr Gives gives = What;
  static constexpr std::size_t position = Position;
  std::string name;
  bson::Value value;
};

namespace detail {
template <class A>
concept IntoLike = requires {
  typename A::out;
  A::gives;
  A::position;
};
template <class Member, class V>
constexpr void check_into() {
  constexpr bool fits = holds_value<Member, V>();
  static_assert(fits,
                "quire: into<…>: this member cannot hold what the expression gives: another type, "
                "or a fraction into an integer (avg gives double, count std::int64_t).");
}
/// A literal may be an enumerator or a convertible value of the member's own type.
template <class Member, class A>
consteval bool is_literal_for() {
  using Given = std::decay_t<const A>;
  if constexpr (is_field_or_expression<Given> || QueryPart<Given>)
    return false;
  else
    return fit_value<strip_t<Member>, Given>() != Fit::no;
}
}  // namespace detail

/// The member that takes an expression, an accumulator or a plain value:
///   into<&ByCity::mean>(avg(age)), into<&Card::area>(width * height), into<&Row::kind>("new").
template <auto M, auto... More, class A>
[[nodiscard]] auto into(const A& a) {
  using P = Path<M, More...>;
  using Out = typename P::root;
  using Member = detail::given_t<P, typename P::value>;
  constexpr std::size_t position = reflect::index_of<M, Out>;
  std::string name = field<M, More...>.str();
  if constexpr (detail::is_accumulator<A>) {
    detail::check_into<Member, typename A::value>();
    constexpr Gives gives = detail::is_window<A> ? Gives::window : Gives::accumulator;
    return Into<Out, typename A::root, gives, position>{std::move(name),
                                                        bson::Value(a.value_view())};
  } else {
    using Root = detail::expr_root_t<A>;
    using Result = Into<Out, Root, Gives::expression, position>;
    if constexpr (detail::is_literal_for<Member, A>()) {
      return Result{std::move(name), detail::arg_beside<Root, Member>(a)};
    } else {
      if constexpr (!detail::QueryPart<std::decay_t<const A>>)
        detail::check_into<Member, detail::expr_value_t<A>>();
      return Result{std::move(name), detail::arg_in<Root>(a)};
    }
  }
}

namespace detail {
template <class Out, class I>
constexpr void check_out() {
  constexpr bool member = serves<Out, typename I::out>;
  static_assert(member,
                "quire: into<…>: the member belongs to another struct than the one that this stage "
                "makes.");
}
template <Gives What, class I>
constexpr void check_gives() {
  constexpr bool fits = I::gives == What;
  static_assert(What != Gives::accumulator || fits,
                "quire: a group takes accumulators: into<…>(first(field)), sum, avg, push …, not a "
                "field or expression alone.");
  static_assert(What != Gives::expression || fits,
                "quire: this stage takes expressions; accumulators (avg, push …) are for group and "
                "windows, list_avg and the like for lists.");
}
/// An into as Row has its operand's and Out its own fields.
template <class Out, class Row, class I>
[[nodiscard]] I settled(const I& one) {
  check_out<Out, I>();
  I result = one;
  if constexpr (serves<Out, typename I::out>)
    result.name = model_detail::path_in<Out, typename I::out>(one.name);
  if constexpr (!std::is_void_v<typename I::root>) {
    check_root<Row, typename I::root>();
    if constexpr (model_detail::may_rename<Row, typename I::root>())
      result.value = model_detail::renamed_expression(
          one.value, model_detail::base_names<Row, typename I::root>());
  }
  return result;
}
/// Names and values of several.
template <class... I>
struct NamedList {
  // One more, so that it is never empty.
  Named items[sizeof...(I) + 1];
  [[nodiscard]] std::span<const Named> span() const noexcept { return {items, sizeof...(I)}; }
};
template <class... I>
[[nodiscard]] NamedList<I...> named(const I&... into) {
  return {{{into.name, into.value}..., {}}};
}
}  // namespace detail

/// A document made by expressions, for _id of a group, push, map …:
///   group<Row>(document<Key>(into<&Key::city>(city), into<&Key::plan>(plan)), …)
template <class T, detail::IntoLike... I>
[[nodiscard]] auto document(const I&... members) {
  using Root = typename detail::join_expr_roots<typename I::root...>::type;
  (detail::check_out<T, I>(), ...);
  (detail::check_gives<Gives::expression, I>(), ...);
  return Expr<Root, T>(detail::object_value(detail::named(members...).span()));
}

}  // namespace quire::query
