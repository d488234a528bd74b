#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "quire/query/detail/operand.hpp"
#include "quire/query/sort.hpp"
#include "quire/query/update.hpp"
#include "quire/reflect/mapping.hpp"

namespace quire::query {

/// How push_each changes a list: where it inserts, what it keeps, how it sorts. `sort` for lists of
/// structs, `sort_values` (1 or -1) for lists of plain values.
template <class Element>
struct PushOptions {
  std::optional<std::int64_t> position = std::nullopt;  ///< negative counts from the end
  std::optional<std::int64_t> slice = std::nullopt;     ///< keep the first n; negative: the last n
  Sort<Element> sort = {};
  int sort_values = 0;
};

template <class Root, class Value>
class PathTo;

namespace detail {
/// What operands of a path are encoded as: its value's type, or that with the model's converter. To
/// be asked where models are complete: in bodies of functions whose type is not deduced.
template <class P, class Value>
struct given {
  using type = Value;
};
template <class P, class Value>
using given_t = typename given<P, Value>::type;
}  // namespace detail

/// Everything that can be said about one field; the base of all paths. Root: the type of the
/// documents. Value: the field's type. Each call makes a value (Filter, Update, Sort) and reads
/// nothing. A wrong operand does not compile.
template <class Derived, class Root, class Value>
class PathOperations : public detail::PathTag {
 public:
  using root = Root;
  using value = Value;
  using element = detail::element_t<Value>;

  /// As stored: "address.city".
  [[nodiscard]] std::string str() const { return static_cast<const Derived&>(*this).path_text(); }
  /// Whether a step is a position of a list or a placeholder of updates.
  [[nodiscard]] bool positional() const noexcept {
    if constexpr (std::is_same_v<Derived, PathTo<Root, Value>>)
      return static_cast<const Derived&>(*this).is_positional();
    else
      return false;
  }

  // --- comparisons. A list matches when one of its elements does. ---
  template <class V>
  [[nodiscard]] friend Filter<Root> operator==(const PathOperations& path, const V& v) {
    return Filter<Root>(
        detail::equals(path.str(), detail::operand<detail::given_t<Derived, Value>>(v)));
  }
  template <class V>
  [[nodiscard]] friend Filter<Root> operator!=(const PathOperations& path, const V& v) {
    return path.compare("$ne", detail::operand<detail::given_t<Derived, Value>>(v));
  }
  template <class V>
  [[nodiscard]] friend Filter<Root> operator<(const PathOperations& path, const V& v) {
    return path.compare("$lt", detail::operand<detail::given_t<Derived, Value>>(v));
  }
  template <class V>
  [[nodiscard]] friend Filter<Root> operator<=(const PathOperations& path, const V& v) {
    return path.compare("$lte", detail::operand<detail::given_t<Derived, Value>>(v));
  }
  template <class V>
  [[nodiscard]] friend Filter<Root> operator>(const PathOperations& path, const V& v) {
    return path.compare("$gt", detail::operand<detail::given_t<Derived, Value>>(v));
  }
  template <class V>
  [[nodiscard]] friend Filter<Root> operator>=(const PathOperations& path, const V& v) {
    return path.compare("$gte", detail::operand<detail::given_t<Derived, Value>>(v));
  }
  /// One of the values: in(1, 2, 3), or in(a vector).
  template <class... V>
  [[nodiscard]] Filter<Root> in(const V&... values) const {
    return compare_list("$in", operands(values...));
  }
  /// None of the values; a missing field is none of them.
  template <class... V>
  [[nodiscard]] Filter<Root> nin(const V&... values) const {
    return compare_list("$nin", operands(values...));
  }
  [[nodiscard]] Filter<Root> exists(bool present = true) const {
    return compare("$exists", bson::Value(present));
  }
  /// By the stored type's number.
  [[nodiscard]] Filter<Root> type(bson::Type type) const {
    return compare("$type", bson::Value(std::string_view(bson::type_name(type))));
  }
  /// $mod: the remainder of a division.
  [[nodiscard]] Filter<Root> mod(std::int64_t divisor, std::int64_t remainder) const {
    check_number();
    const bson::Value values[] = {detail::number_value(divisor), detail::number_value(remainder)};
    return compare("$mod", detail::array_of(values));
  }
  /// A regular expression (PCRE); options of "imsxu".
  [[nodiscard]] Filter<Root> regex(std::string_view pattern, std::string_view options = {}) const {
    check_text();
    return Filter<Root>(detail::regex(str(), pattern, options));
  }
  [[nodiscard]] Filter<Root> bits_all_set(std::int64_t mask) const {
    return bits("$bitsAllSet", mask);
  }
  [[nodiscard]] Filter<Root> bits_any_set(std::int64_t mask) const {
    return bits("$bitsAnySet", mask);
  }
  [[nodiscard]] Filter<Root> bits_all_clear(std::int64_t mask) const {
    return bits("$bitsAllClear", mask);
  }
  [[nodiscard]] Filter<Root> bits_any_clear(std::int64_t mask) const {
    return bits("$bitsAnyClear", mask);
  }
  // Of lists:
  /// All the values are elements.
  template <class... V>
  [[nodiscard]] Filter<Root> all(const V&... values) const {
    check_list();
    return compare_list("$all", operands(values...));
  }
  [[nodiscard]] Filter<Root> size(std::int64_t n) const {
    check_list();
    return compare("$size", detail::number_value(n));
  }
  /// One element fulfils the whole filter, which is about the element's type; for plain elements
  /// use element<E>: field<&User::marks>.elem_match(element<int> > 3 && element<int> < 5).
  template <class E>
  [[nodiscard]] Filter<Root> elem_match(const Filter<E>& filter) const {
    check_element<E>();
    return Filter<Root>(detail::elem_match(str(), filter.view()));
  }
  [[nodiscard]] Filter<Root> elem_match(const Raw& filter) const {
    return Filter<Root>(detail::elem_match(str(), filter.document()));
  }
  /// Any operator at all on this field: raw_operator("$geoWithin", …).
  [[nodiscard]] Filter<Root> raw_operator(std::string_view op, const bson::Value& operand) const {
    return compare(op, operand);
  }

  // --- updates ---
  template <class V>
  [[nodiscard]] Update<Root> set(const V& v) const {
    const std::string path = str();
    return Update<Root>(
        detail::operation("$set", path, detail::stored<detail::given_t<Derived, Value>>(v, path)));
  }
  /// Only when an upsert inserts.
  template <class V>
  [[nodiscard]] Update<Root> set_on_insert(const V& v) const {
    const std::string path = str();
    return Update<Root>(detail::operation(
        "$setOnInsert", path, detail::stored<detail::given_t<Derived, Value>>(v, path)));
  }
  [[nodiscard]] Update<Root> unset() const { return change("$unset", bson::Value("")); }
  template <class V>
  [[nodiscard]] Update<Root> inc(const V& v) const {
    check_number();
    return change("$inc", detail::stored<detail::given_t<Derived, Value>>(v, {}));
  }
  template <class V>
  [[nodiscard]] Update<Root> mul(const V& v) const {
    check_number();
    return change("$mul", detail::stored<detail::given_t<Derived, Value>>(v, {}));
  }
  /// The smaller of the stored value and v.
  template <class V>
  [[nodiscard]] Update<Root> min(const V& v) const {
    return change("$min", detail::stored<detail::given_t<Derived, Value>>(v, {}));
  }
  /// The larger of the stored value and v.
  template <class V>
  [[nodiscard]] Update<Root> max(const V& v) const {
    return change("$max", detail::stored<detail::given_t<Derived, Value>>(v, {}));
  }
  /// Moves the value to another field of the document.
  template <class D, class V>
  [[nodiscard]] Update<Root> rename(const PathOperations<D, Root, V>& to) const {
    return change("$rename", bson::Value(to.str()));
  }
  [[nodiscard]] Update<Root> rename(std::string_view to) const {
    return change("$rename", bson::Value(to));
  }
  /// The store's clock, for times and timestamps.
  [[nodiscard]] Update<Root> current_date() const {
    using Field = detail::strip_t<Value>;
    static_assert(detail::is_time_point<Field> || std::is_same_v<Field, bson::Timestamp> ||
                      detail::is_untyped<Field>,
                  "quire: current_date() is for a field of type DateTime or Timestamp.");
    if constexpr (std::is_same_v<Field, bson::Timestamp>)
      return change("$currentDate", detail::single("$type", bson::Value("timestamp")));
    else
      return change("$currentDate", bson::Value(true));
  }
  [[nodiscard]] Update<Root> bit_and(std::int64_t mask) const { return bit("and", mask); }
  [[nodiscard]] Update<Root> bit_or(std::int64_t mask) const { return bit("or", mask); }
  [[nodiscard]] Update<Root> bit_xor(std::int64_t mask) const { return bit("xor", mask); }
  // Of lists:
  template <class V>
  [[nodiscard]] Update<Root> push(const V& v) const {
    check_list();
    return change("$push", stored_element(v));
  }
  template <class Range>
  [[nodiscard]] Update<Root> push_each(
      const Range& values, const PushOptions<detail::element_t<Value>>& options = {}) const {
    check_list();
    detail::PushModifiers modifiers;
    if (options.position) modifiers.position = &*options.position;
    if (options.slice) modifiers.slice = &*options.slice;
    modifiers.sort = options.sort.view();
    modifiers.sort_values = options.sort_values;
    return change("$push", detail::push_operand(stored_elements(values), modifiers));
  }
  template <class E>
  [[nodiscard]] Update<Root> push_each(
      std::initializer_list<E> values,
      const PushOptions<detail::element_t<Value>>& options = {}) const {
    return push_each(std::span<const E>(values.begin(), values.size()), options);
  }
  /// Adds what is not an element yet.
  template <class V>
  [[nodiscard]] Update<Root> add_to_set(const V& v) const {
    check_list();
    return change("$addToSet", stored_element(v));
  }
  template <class Range>
  [[nodiscard]] Update<Root> add_to_set_each(const Range& values) const {
    check_list();
    return change("$addToSet", detail::each_operand(stored_elements(values)));
  }
  template <class E>
  [[nodiscard]] Update<Root> add_to_set_each(std::initializer_list<E> values) const {
    return add_to_set_each(std::span<const E>(values.begin(), values.size()));
  }
  [[nodiscard]] Update<Root> pop_front() const {
    check_list();
    return change("$pop", bson::Value(-1));
  }
  [[nodiscard]] Update<Root> pop_back() const {
    check_list();
    return change("$pop", bson::Value(1));
  }
  /// Removes the elements equal to v.
  template <class V>
  [[nodiscard]] Update<Root> pull(const V& v) const {
    check_list();
    return change("$pull", stored_element(v));
  }
  /// Removes the elements that the filter on the element's type takes.
  template <class E>
  [[nodiscard]] Update<Root> pull(const Filter<E>& filter) const {
    check_element<E>();
    return change("$pull", detail::on_element(filter.view()));
  }
  template <class Range>
  [[nodiscard]] Update<Root> pull_all(const Range& values) const {
    check_list();
    return change("$pullAll", detail::array_of(stored_elements(values)));
  }
  template <class E>
  [[nodiscard]] Update<Root> pull_all(std::initializer_list<E> values) const {
    return pull_all(std::span<const E>(values.begin(), values.size()));
  }

  // --- order ---
  [[nodiscard]] Sort<Root> asc() const { return Sort<Root>(detail::single_int(str(), 1)); }
  [[nodiscard]] Sort<Root> desc() const { return Sort<Root>(detail::single_int(str(), -1)); }

  // --- keys of indexes that are no order ---
  /// For searches by words; a collection has one text index, of one or more fields.
  [[nodiscard]] IndexKey<Root> text() const {
    using Field = detail::strip_t<Value>;
    using Element = detail::strip_t<element>;
    static_assert(detail::TextLike<Field> ||
                      (!std::is_void_v<Element> && text_element<Element>()) ||
                      detail::is_untyped<Field>,
                  "quire: a text index is for fields that are text.");
    return index_key(bson::Value("text"));
  }
  /// For equality and for shard keys; not for lists.
  [[nodiscard]] IndexKey<Root> hashed() const {
    constexpr bool list = detail::ListLike<detail::strip_t<Value>>;
    static_assert(!list, "quire: a hashed index is for fields that are no lists.");
    return index_key(bson::Value("hashed"));
  }
  /// For GeoJSON documents and pairs of longitude and latitude.
  [[nodiscard]] IndexKey<Root> geo_2dsphere() const {
    using Field = detail::strip_t<Value>;
    constexpr bool place = std::is_class_v<Field> && !detail::TextLike<Field> &&
                           !detail::is_chrono<Field> && !std::is_same_v<Field, ObjectId>;
    static_assert(place,
                  "quire: a 2dsphere index is for fields that hold a GeoJSON document or a pair of "
                  "coordinates.");
    return index_key(bson::Value("2dsphere"));
  }
  /// Every field below this one by its name: of maps, documents, structs and lists of them.
  [[nodiscard]] IndexKey<Root> wildcard() const {
    using Field = detail::strip_t<Value>;
    constexpr bool nested = std::is_class_v<Field> && !detail::TextLike<Field> &&
                            !detail::is_chrono<Field> && !std::is_same_v<Field, ObjectId>;
    static_assert(nested, "quire: a wildcard index is for fields that have fields of their own.");
    return IndexKey<Root>(detail::single_int(str() + ".$**", 1));
  }

  // --- further steps, which know their names at run time ---
  /// The element at a position, from 0.
  [[nodiscard]] auto at(std::size_t position) const { return step(std::to_string(position)); }
  /// In an update: the first element that the filter matched ("$").
  [[nodiscard]] auto any() const { return step("$"); }
  /// In an update: every element ("$[]").
  [[nodiscard]] auto each() const { return step("$[]"); }
  /// In an update: the elements that array_filter(name, …) takes ("$[name]").
  [[nodiscard]] auto filtered(std::string_view name) const {
    return step("$[" + std::string(name) + "]");
  }
  /// The value of a map under a key, or any field of a bson::Document.
  [[nodiscard]] auto key(std::string_view name) const {
    using Field = detail::strip_t<Value>;
    if constexpr (detail::MapLike<Field>) {
      return PathTo<Root, typename Field::mapped_type>(str() + "." + std::string(name),
                                                       positional());
    } else {
      static_assert(detail::is_untyped<Field>, "quire: key() is for maps and free documents.");
      return PathTo<Root, bson::Value>(str() + "." + std::string(name), positional());
    }
  }

 protected:
  constexpr PathOperations() noexcept = default;

 private:
  [[nodiscard]] Filter<Root> compare(std::string_view op, const bson::Value& operand) const {
    return Filter<Root>(detail::compare(str(), op, operand));
  }
  [[nodiscard]] Filter<Root> compare_list(std::string_view op,
                                          const std::vector<bson::Value>& values) const {
    return Filter<Root>(detail::compare_list(str(), op, values));
  }
  [[nodiscard]] Filter<Root> bits(std::string_view op, std::int64_t mask) const {
    check_number();
    return compare(op, detail::number_value(mask));
  }
  [[nodiscard]] Update<Root> change(std::string_view op, const bson::Value& operand) const {
    return Update<Root>(detail::operation(op, str(), operand));
  }
  [[nodiscard]] IndexKey<Root> index_key(const bson::Value& kind) const {
    return IndexKey<Root>(detail::single(str(), kind));
  }
  [[nodiscard]] Update<Root> bit(std::string_view op, std::int64_t mask) const {
    using Field = detail::strip_t<Value>;
    static_assert(
        (std::is_integral_v<Field> && !std::is_same_v<Field, bool>) || detail::is_untyped<Field>,
        "quire: bit operations are for integer fields.");
    return change("$bit", detail::single(op, detail::number_value(mask)));
  }
  auto step(std::string_view name) const {
    check_list();
    if constexpr (detail::ListLike<detail::strip_t<Value>>)
      return PathTo<Root, element>(str() + "." + std::string(name), true);
    else
      return PathTo<Root, bson::Value>(str() + "." + std::string(name), true);
  }

  template <class... V>
  static std::vector<bson::Value> operands(const V&... values) {
    std::vector<bson::Value> list;
    if constexpr (sizeof...(V) == 1) {
      (add_operands(list, values), ...);
    } else {
      list.reserve(sizeof...(V));
      (list.push_back(detail::operand<detail::given_t<Derived, Value>>(values)), ...);
    }
    return list;
  }
  /// A list whose elements fit the field is the values; anything else is one value.
  template <class V>
  static void add_operands(std::vector<bson::Value>& list, const V& value) {
    if constexpr (listed_operands<V>()) {
      for (const auto& one : value)
        list.push_back(detail::operand<detail::given_t<Derived, Value>>(one));
    } else {
      list.push_back(detail::operand<detail::given_t<Derived, Value>>(value));
    }
  }
  template <class V>
  static consteval bool listed_operands() {
    using field_type = detail::strip_t<detail::given_t<Derived, Value>>;
    if constexpr (detail::ListLike<V>)
      return detail::fit_operand<field_type, typename V::value_type>() != detail::Fit::no ||
             detail::fit_operand<field_type, V>() == detail::Fit::no;
    else
      return false;
  }
  template <class V>
  static bson::Value stored_element(const V& v) {
    if constexpr (detail::ListLike<detail::strip_t<Value>>)
      return detail::stored<element>(v, {});
    else if constexpr (detail::is_untyped<detail::strip_t<Value>>)
      return detail::stored<bson::Value>(v, {});
    else
      return {};
  }
  template <class Range>
  static std::vector<bson::Value> stored_elements(const Range& values) {
    std::vector<bson::Value> list;
    for (const auto& one : values) list.push_back(stored_element(one));
    return list;
  }

  static constexpr void check_number() {
    using Field = detail::strip_t<Value>;
    using Element = detail::strip_t<element>;
    static_assert(detail::is_number<Field> || detail::is_number<Element> ||
                      detail::is_chrono<Field> || std::is_same_v<Field, bson::Decimal128> ||
                      std::is_same_v<Element, bson::Decimal128> || detail::is_untyped<Field>,
                  "quire: this operation is for fields that are numbers.");
  }
  static constexpr void check_text() {
    using Field = detail::strip_t<Value>;
    using Element = detail::strip_t<element>;
    static_assert(detail::TextLike<Field> ||
                      (!std::is_void_v<Element> && text_element<Element>()) ||
                      detail::is_untyped<Field>,
                  "quire: a regular expression is for fields that are text.");
  }
  template <class Element>
  static consteval bool text_element() {
    if constexpr (std::is_void_v<Element>)
      return false;
    else
      return detail::TextLike<Element>;
  }
  static constexpr void check_list() {
    using Field = detail::strip_t<Value>;
    static_assert(detail::ListLike<Field> || detail::is_untyped<Field>,
                  "quire: this operation is for fields that are lists (vector, array, set …).");
  }
  template <class E>
  static constexpr void check_element() {
    using Field = detail::strip_t<Value>;
    using Element = detail::strip_t<element>;
    constexpr bool list = detail::ListLike<Field> || detail::is_untyped<Field>;
    static_assert(list,
                  "quire: this operation is for fields that are lists (vector, array, set …).");
    if constexpr (detail::ListLike<Field>)
      static_assert(detail::serves<Element, E>,
                    "quire: the filter is about another type than the list's elements.");
  }
};

/// A field whose name is known at run time only: a list position, a key, an untyped name.
template <class Root, class Value>
class PathTo : public PathOperations<PathTo<Root, Value>, Root, Value> {
 public:
  /// positional: a step is a position of a list or a placeholder of updates.
  explicit PathTo(std::string text, bool positional = false)
      : text_(std::move(text)), positional_(positional) {}
  [[nodiscard]] const std::string& path_text() const noexcept { return text_; }
  [[nodiscard]] bool is_positional() const noexcept { return positional_; }

 private:
  std::string text_;
  bool positional_;
};

namespace detail {

/// Whether a step of class Owner can follow a value of type T.
template <class T, class Owner>
inline constexpr bool steps_into = std::is_base_of_v<Owner, T>;
template <class... A, class Owner>
inline constexpr bool steps_into<std::variant<A...>, Owner> = (std::is_base_of_v<Owner, A> || ...);

/// The type that a step of class Owner names a member of, below a value of type T.
template <class T, class Owner>
struct step_type {
  using type = std::conditional_t<std::is_base_of_v<Owner, T>, T, Owner>;
};

/// Adds the stored name of one step; a flattened member has none of its own.
template <class T, auto M>
void append_step(std::string& text) {
  constexpr std::size_t i = reflect::index_of<M, T>;
  constexpr bool mapped = i < reflect::field_count<T>;
  static_assert(mapped, "quire: this member is not among the mapped members of its class.");
  if constexpr (mapped) {
    static_assert(!reflect::policies<T>.field[i].skipped,
                  "quire: this member is skipped by its model; it is not stored.");
    if constexpr (!reflect::policies<T>.field[i].flattened) {
      if (!text.empty()) text += '.';
      text += reflect::stored_name<T, i>();
    }
  }
}

template <class T, auto M, auto... More>
struct Walk {
  using owner = typename member_of<decltype(M)>::owner;
  static_assert(steps_into<T, owner>,
                "quire: field<…>: the next member belongs to another class than the value of the "
                "one before it.");
  using here = typename step_type<T, owner>::type;
  using member = std::remove_cv_t<typename member_of<decltype(M)>::value>;
  using value = member;
  static void append(std::string& text) { append_step<here, M>(text); }
  template <class>
  static consteval auto find_given() {
    constexpr std::size_t i = reflect::index_of<M, here>;
    if constexpr (i >= reflect::field_count<here>)
      return std::type_identity<member>{};
    else if constexpr (reflect::policies<here>.field[i].converted)
      return std::type_identity<Through<member, reflect::converter_t<here, i>>>{};
    else
      return std::type_identity<member>{};
  }
  template <class Later>  // to be found when it is asked for
  using given = typename decltype(find_given<Later>())::type;
};
template <class T, auto M, auto Next, auto... More>
struct Walk<T, M, Next, More...> {
  using owner = typename member_of<decltype(M)>::owner;
  static_assert(steps_into<T, owner>,
                "quire: field<…>: the next member belongs to another class than the value of the "
                "one before it.");
  using here = typename step_type<T, owner>::type;
  using member = std::remove_cv_t<typename member_of<decltype(M)>::value>;
  using rest = Walk<inner_t<member>, Next, More...>;
  using value = typename rest::value;
  static void append(std::string& text) {
    append_step<here, M>(text);
    rest::append(text);
  }
  template <class Later>
  using given = typename rest::template given<Later>;
};
template <auto M, auto... More>
using walk_t = Walk<typename member_of<decltype(M)>::owner, M, More...>;

}  // namespace detail

#if defined(__GNUC__) && !defined(__clang__)
// For structs of an unnamed namespace GCC sees the base's linkage but not Path's own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif
/// A field named by member pointers: field<&User::address, &Address::city> is "address.city".
/// Empty, constexpr, steps through optional, pointers, variants and lists.
template <auto First, auto... More>
class Path : public PathOperations<Path<First, More...>,
                                   typename detail::member_of<decltype(First)>::owner,
                                   typename detail::walk_t<First, More...>::value> {
 public:
  /// For models: the member pointer of the first step, and whether it is the only one.
  static constexpr auto first = First;
  static constexpr bool single = sizeof...(More) == 0;

  constexpr Path() noexcept = default;
  [[nodiscard]] std::string path_text() const {
    std::string text;
    detail::walk_t<First, More...>::append(text);
    return text;
  }
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace detail {
template <auto First, auto... More, class Value>
struct given<Path<First, More...>, Value> {
  using type = typename walk_t<First, More...>::template given<Value>;
};
}  // namespace detail

/// Goes on below a field: field<&User::orders>.each() / field<&Order::price>.
template <class D, class Root, class V, class D2, class Root2, class V2>
[[nodiscard]] PathTo<Root, V2> operator/(const PathOperations<D, Root, V>& above,
                                         const PathOperations<D2, Root2, V2>& below) {
  static_assert(
      detail::steps_into<detail::inner_t<V>, Root2> || detail::is_untyped<detail::strip_t<V>>,
      "quire: path / path: the second belongs to another class than the value of the "
      "first.");
  return PathTo<Root, V2>(above.str() + "." + below.str(),
                          above.positional() || below.positional());
}

/// The element of a list itself, in elem_match, pull and array_filter: element<int> >= 3.
template <class E>
class Element : public PathOperations<Element<E>, E, E> {
 public:
  constexpr Element() noexcept = default;
  [[nodiscard]] std::string path_text() const { return {}; }
};

/// A field of any name and no type: path<User>("legacy.score") > 3. What the compiler cannot check.
template <class Root, class Value = bson::Value>
[[nodiscard]] PathTo<Root, Value> path(std::string name) {
  return PathTo<Root, Value>(std::move(name));
}

template <auto First, auto... More>
inline constexpr Path<First, More...> field{};
template <class E>
inline constexpr Element<E> element{};

// --- projections ---
/// Only these fields, and _id.
template <class D, class Root, class V, class... More>
[[nodiscard]] Projection<Root> include(const PathOperations<D, Root, V>& first,
                                       const More&... more) {
  Projection<Root> result(detail::single_int(first.str(), 1));
  ((result &= Projection<Root>(Projection<typename More::root>(detail::single_int(more.str(), 1)))),
   ...);
  return result;
}
/// All but these fields.
template <class D, class Root, class V, class... More>
[[nodiscard]] Projection<Root> exclude(const PathOperations<D, Root, V>& first,
                                       const More&... more) {
  Projection<Root> result(detail::single_int(first.str(), 0));
  ((result &= Projection<Root>(Projection<typename More::root>(detail::single_int(more.str(), 0)))),
   ...);
  return result;
}
/// The first n elements of a list, or the last for a negative n.
template <class D, class Root, class V>
[[nodiscard]] Projection<Root> slice(const PathOperations<D, Root, V>& list, std::int64_t n) {
  return Projection<Root>(detail::compare(list.str(), "$slice", detail::number_value(n)));
}
/// `n` elements after the first `skip`.
template <class D, class Root, class V>
[[nodiscard]] Projection<Root> slice(const PathOperations<D, Root, V>& list, std::int64_t skip,
                                     std::int64_t n) {
  const bson::Value values[] = {detail::number_value(skip), detail::number_value(n)};
  return Projection<Root>(detail::compare(list.str(), "$slice", detail::array_of(values)));
}
/// The first element that the filter takes.
template <class D, class Root, class V, class E>
[[nodiscard]] Projection<Root> elem_match(const PathOperations<D, Root, V>& list,
                                          const Filter<E>& filter) {
  return Projection<Root>(list.elem_match(filter).document());
}

}  // namespace quire::query
