#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "quire/bson/encode.hpp"
#include "quire/query/detail/build.hpp"
#include "quire/query/detail/types.hpp"

/// From what a user writes beside a field to the BSON value that a filter or an update holds, with
/// the type check.
namespace quire::query::detail {

class PathTag {};

/// How an operand fits a field.
enum class Fit {
  no,
  null,
  raw,
  empty_or,
  whole,
  number,
  integer,
  text,
  converted,
  element,
  through
};

/// A member of type M that the model stores through the converter C.
template <class M, class C>
struct Through {};
template <class F>
struct through {
  static constexpr bool value = false;
};
template <class M, class C>
struct through<Through<M, C>> {
  static constexpr bool value = true;
  using member = M;
  using converter = C;
};

template <class V>
inline constexpr bool is_null_operand =
    std::is_same_v<V, std::nullopt_t> || std::is_same_v<V, std::nullptr_t> ||
    std::is_same_v<V, bson::Null>;
template <class V>
inline constexpr bool is_raw_operand =
    std::is_same_v<V, bson::Value> || std::is_same_v<V, bson::ValueView> ||
    std::is_same_v<V, bson::MinKey> || std::is_same_v<V, bson::MaxKey>;

template <class V>
struct optional_operand {
  static constexpr bool value = false;
};
template <class X>
struct optional_operand<std::optional<X>> {
  static constexpr bool value = true;
  using type = X;
};

/// F: the field's type without optional. V: the operand's, decayed.
template <class F, class V>
consteval Fit fit_value() {
  if constexpr (std::is_base_of_v<PathTag, V>) {
    return Fit::no;
  } else if constexpr (is_null_operand<V>) {
    return Fit::null;
  } else if constexpr (is_raw_operand<V>) {
    return Fit::raw;
  } else if constexpr (through<F>::value) {
    using M = typename through<F>::member;
    if constexpr (std::is_same_v<M, V>)
      return Fit::through;
    else
      return fit_value<strip_t<M>, V>() == Fit::no ? Fit::no : Fit::through;
  } else if constexpr (std::is_same_v<F, V>) {
    return Fit::whole;
  } else if constexpr (optional_operand<V>::value) {
    return fit_value<F, typename optional_operand<V>::type>() == Fit::no ? Fit::no : Fit::empty_or;
  } else if constexpr (std::is_same_v<F, bson::Value>) {
    return TextLike<V> ? Fit::text : Fit::converted;
  } else if constexpr (is_number<F> && is_number<V>) {
    return Fit::number;
  } else if constexpr (std::is_arithmetic_v<F>) {
    return Fit::no;
  } else if constexpr (TextLike<F> && TextLike<V>) {
    return Fit::text;
  } else if constexpr (is_time_point<F> && is_time_point<V>) {
    return std::is_same_v<typename F::clock, typename V::clock> ? Fit::converted : Fit::no;
  } else if constexpr (std::is_convertible_v<const V&, F> && !std::is_arithmetic_v<V>) {
    return Fit::converted;
  } else {
    return Fit::no;
  }
}

/// As fit_value, and for a list what fits its elements.
template <class F, class V>
consteval Fit fit_operand() {
  constexpr Fit whole = fit_value<F, V>();
  if constexpr (whole == Fit::no && ListLike<F>) {
    using Element = typename F::value_type;
    if constexpr (ListLike<V>) {
      return fit_value<strip_t<Element>, typename V::value_type>() == Fit::no ? Fit::no
                                                                              : Fit::converted;
    } else {
      return fit_operand<strip_t<Element>, V>() == Fit::no ? Fit::no : Fit::element;
    }
  } else {
    return whole;
  }
}

template <class V>
bson::Value number_value(V v) {
  if constexpr (std::is_floating_point_v<V>) {
    return bson::Value(static_cast<double>(v));
  } else {
    if (std::in_range<std::int32_t>(v)) return bson::Value(static_cast<std::int32_t>(v));
    if (!std::in_range<std::int64_t>(v)) fail_overflow({}, std::to_string(v));
    return bson::Value(static_cast<std::int64_t>(v));
  }
}

template <class F, class V>
bson::Value convert_value(const V& v);

/// The value of an operand that fits; `fit` says how.
template <class F, Fit fit, class V>
bson::Value fitted(const V& v) {
  if constexpr (fit == Fit::null) {
    return {};
  } else if constexpr (fit == Fit::raw) {
    return bson::Value(v);
  } else if constexpr (fit == Fit::empty_or) {
    using X = typename V::value_type;
    return v ? fitted<F, fit_operand<F, X>()>(*v) : bson::Value();
  } else if constexpr (fit == Fit::number) {
    return number_value(v);
  } else if constexpr (fit == Fit::text) {
    return bson::Value(std::string_view(v));
  } else if constexpr (fit == Fit::element) {
    using Element = strip_t<typename F::value_type>;
    return fitted<Element, fit_operand<Element, V>()>(v);
  } else if constexpr (fit == Fit::through) {
    using M = typename through<F>::member;
    using C = typename through<F>::converter;
    if constexpr (std::is_same_v<M, V>)
      return bson::encode_value(C::to_bson(v));
    else
      return bson::encode_value(C::to_bson(static_cast<M>(v)));
  } else if constexpr (fit == Fit::whole) {
    return bson::encode_value(v);
  } else {
    return convert_value<F>(v);
  }
}

template <class F, class V>
bson::Value convert_value(const V& v) {
  if constexpr (std::is_same_v<F, bson::Value>) {
    return bson::encode_value(v);
  } else if constexpr (is_time_point<F> && is_time_point<V>) {
    return bson::encode_value(std::chrono::time_point_cast<typename F::duration>(v));
  } else if constexpr (ListLike<F> && ListLike<V>) {
    using Element = strip_t<typename F::value_type>;
    std::vector<bson::Value> values;
    for (const auto& one : v)
      values.push_back(fitted<Element, fit_operand<Element, typename V::value_type>()>(one));
    return array_of(values);
  } else {
    return bson::encode_value(static_cast<F>(v));
  }
}

/// The operand of a comparison.
template <class F, class V>
bson::Value operand(const V& v) {
  using Field = strip_t<F>;
  using Given = std::decay_t<const V>;
  constexpr Fit fit = fit_operand<Field, Given>();
  static_assert(fit != Fit::no,
                "quire: this field cannot be compared with a value of that type; give one of the "
                "field's own type, or of its elements' type where it is a list.");
  if constexpr (fit != Fit::no) {
    return fitted<Field, fit, Given>(v);
  } else {
    return {};
  }
}

/// A value to be stored in a field: no elements, no loss.
template <class F, class V>
bson::Value stored(const V& v, std::string_view path) {
  using Field = strip_t<F>;
  using Given = std::decay_t<const V>;
  constexpr Fit plain = fit_value<Field, Given>();
  constexpr Fit fit =
      plain == Fit::no && ListLike<Field> && ListLike<Given> ? fit_operand<Field, Given>() : plain;
  constexpr bool loses =
      fit == Fit::number && std::is_integral_v<Field> && std::is_floating_point_v<Given>;
  static_assert(fit != Fit::no && !loses,
                "quire: this field cannot hold a value of that type; give one of the field's own "
                "type.");
  if constexpr (fit == Fit::number && !loses) {
    if constexpr (std::is_integral_v<Field>) {
      if (!std::in_range<Field>(v)) fail_overflow(path, std::to_string(v));
    }
    return bson::encode_value(static_cast<Field>(v));
  } else if constexpr (fit != Fit::no && !loses) {
    return fitted<Field, fit, Given>(v);
  } else {
    return {};
  }
}

}  // namespace quire::query::detail
