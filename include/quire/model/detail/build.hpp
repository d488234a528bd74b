#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/bson/detail/kind.hpp"
#include "quire/bson/detail/write.hpp"
#include "quire/model/info.hpp"
#include "quire/reflect/mapping.hpp"
#include "quire/reflect/type_name.hpp"

namespace quire::model_detail {

/// What a builder collects.
struct ModelData {
  ModelData() = default;
  explicit ModelData(std::string_view name) : collection(name) {}

  std::string collection;
  std::int32_t version = 0;
  std::vector<IndexInfo> indexes;
  std::vector<CheckInfo> checks;
  bson::Document collection_options;
  bson::Document shard_key;
  reflect::MappingNames names;
};

void add_keys(IndexInfo& index, bson::View keys);
void add_shard_key(bson::Document& shard_key, bson::View keys);
void add_field(bson::Document& document, std::string_view name, const bson::Value& value);
/// Names the indexes and looks for contradictions. Throws ModelError invalid_model.
[[nodiscard]] ModelInfo finish(ModelData data);

// --- which checks suit which fields ---
using bson::detail::kind;
using bson::detail::Kind;

/// The type that a check looks at: inside optionals, pointers and lists.
template <class V>
struct checked {
  using type = V;
};
template <class V>
  requires(kind<V> == Kind::optional || kind<V> == Kind::sequence || kind<V> == Kind::set ||
           kind<V> == Kind::array)
struct checked<V> : checked<typename V::value_type> {};
template <class V>
  requires(kind<V> == Kind::pointer)
struct checked<V> : checked<std::remove_const_t<typename V::element_type>> {};
template <class V>
using checked_t = typename checked<std::remove_cv_t<V>>::type;

template <class Field, class V>
consteval bool is_comparable() {
  using F = checked_t<Field>;
  using D = std::decay_t<V>;
  constexpr bool number = std::is_arithmetic_v<F> && !std::is_same_v<F, bool>;
  if constexpr (std::is_same_v<F, D> || std::is_same_v<F, bson::Value>)
    return true;
  else if constexpr (number)
    return std::is_arithmetic_v<D> && !std::is_same_v<D, bool>;
  else if constexpr (std::is_convertible_v<const F&, std::string_view>)
    return std::is_convertible_v<D, std::string_view>;
  else
    return !std::is_arithmetic_v<D> && std::is_convertible_v<D, F>;
}
template <class Field, class V>
inline constexpr bool comparable = is_comparable<Field, V>();

template <class Field>
consteval bool find_has_length() {
  constexpr Kind own = kind<std::remove_cv_t<Field>>;
  if constexpr (own == Kind::optional || own == Kind::sequence || own == Kind::set) {
    return own != Kind::optional || find_has_length<typename Field::value_type>();
  } else {
    return own == Kind::string || own == Kind::string_view || own == Kind::binary ||
           own == Kind::bytes || own == Kind::map || own == Kind::value;
  }
}
template <class Field>
inline constexpr bool has_length = find_has_length<Field>();

// --- checks that are functions ---
/// A rule about the struct; `F` is bool(const T&).
template <class T, class F>
class ObjectRule final : public Rule {
 public:
  ObjectRule(std::string text, F function)
      : text_(std::move(text)), function_(std::move(function)) {}
  [[nodiscard]] std::string_view kind() const noexcept override { return "custom"; }
  [[nodiscard]] std::string text() const override { return text_; }
  [[nodiscard]] bool accepts_object(const void* object) const override {
    return object == nullptr || function_(*static_cast<const T*>(object));
  }

 private:
  std::string text_;
  F function_;
};
template <class T, class F>
RulePtr object_rule(std::string text, F function) {
  static_assert(std::is_invocable_r_v<bool, const F&, const T&>,
                "quire: a check of the whole document is a function of const T& that gives bool.");
  return std::make_shared<ObjectRule<T, F>>(std::move(text), std::move(function));
}

/// Calls `test` with the value, inside optionals and pointers; empty ones pass.
template <class V, class F>
bool test_value(const V& value, const F& test) {
  if constexpr (std::is_invocable_r_v<bool, const F&, const V&>) {
    return test(value);
  } else if constexpr (kind<V> == Kind::optional || kind<V> == Kind::pointer) {
    return !value || test_value(*value, test);
  } else if constexpr (kind<V> == Kind::sequence || kind<V> == Kind::set ||
                       kind<V> == Kind::array) {
    for (const auto& one : value) {
      if (!test_value(one, test)) return false;
    }
    return true;
  } else {
    constexpr bool fits = std::is_invocable_r_v<bool, const F&, const V&>;
    static_assert(fits, "quire: custom(…) takes a function of the field's type that gives bool.");
    return true;
  }
}
template <class T, class P, class F>
RulePtr member_rule(std::string text, F function) {
  static_assert(P::single,
                "quire: custom(…) is for a member of the struct itself; check a nested "
                "struct in its own model() or by a check of the whole document.");
  auto test = [function = std::move(function)](const T& object) {
    return test_value(object.*P::first, function);
  };
  return object_rule<T>(std::move(text), std::move(test));
}

// --- the list of fields ---
template <class T>
const std::vector<FieldInfo>& fields_of();

/// "vector<string>" of what the compiler says.
[[nodiscard]] std::string clean_type(std::string_view name);
/// "array of string" needs the parts; compiled once.
[[nodiscard]] std::string bson_type_text(Kind kind, std::uint8_t wire, std::string_view inner);

template <class V>
std::string bson_type_of() {
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::optional || k == Kind::sequence || k == Kind::set || k == Kind::array)
    return bson_type_text(k, bson::detail::wire_type<V>, bson_type_of<typename V::value_type>());
  else if constexpr (k == Kind::pointer)
    return bson_type_of<std::remove_const_t<typename V::element_type>>();
  else if constexpr (k == Kind::map)
    return bson_type_text(k, bson::detail::wire_type<V>, bson_type_of<typename V::mapped_type>());
  else if constexpr (k == Kind::converted)
    return bson_type_of<typename Converter<V>::stored>();
  else
    return bson_type_text(k, bson::detail::wire_type<V>, {});
}

template <class V>
consteval auto nested_of() {
  using List = const std::vector<FieldInfo>& (*)();
  constexpr Kind k = kind<V>;
  if constexpr (k == Kind::optional || k == Kind::sequence || k == Kind::set || k == Kind::array)
    return nested_of<std::remove_const_t<typename V::value_type>>();
  else if constexpr (k == Kind::pointer)
    return nested_of<std::remove_const_t<typename V::element_type>>();
  else if constexpr (k == Kind::map)
    return nested_of<typename V::mapped_type>();
  else if constexpr (k == Kind::structure)
    return List{&fields_of<V>};
  else
    return List{nullptr};
}

// --- how types are stored ---
[[nodiscard]] TypeInfo plain_type(TypeInfo::Form form, std::uint8_t wire);
/// The same or a null.
[[nodiscard]] TypeInfo nullable_type(TypeInfo inner);
[[nodiscard]] TypeInfo type_of_parts(TypeInfo::Form form, std::vector<TypeInfo> parts);

template <class V>
TypeInfo type_info_of();

template <class V, std::size_t... I>
TypeInfo tuple_type(std::index_sequence<I...>) {
  return type_of_parts(TypeInfo::Form::tuple,
                       {type_info_of<std::remove_cvref_t<std::tuple_element_t<I, V>>>()...});
}
template <class V, class A>
TypeInfo alternative_type() {
  TypeInfo type = type_info_of<A>();
  if constexpr (kind<A> == Kind::structure) {
    type.tag = bson::detail::tag_of<A>();
    type.tag_field = Discriminator<V>::field;
  }
  return type;
}
template <class V, template <class...> class L, class... A>
TypeInfo variant_type(const L<A...>*) {
  return type_of_parts(TypeInfo::Form::variant, {alternative_type<V, A>()...});
}

template <class V>
TypeInfo type_info_of() {
  using Form = TypeInfo::Form;
  constexpr Kind k = kind<V>;
  constexpr std::uint8_t wire = bson::detail::wire_type<V>;
  if constexpr (k == Kind::optional) {
    return nullable_type(type_info_of<std::remove_const_t<typename V::value_type>>());
  } else if constexpr (k == Kind::pointer) {
    return nullable_type(type_info_of<std::remove_const_t<typename V::element_type>>());
  } else if constexpr (k == Kind::converted) {
    return type_info_of<typename Converter<V>::stored>();
  } else if constexpr (k == Kind::integer || k == Kind::enum_number) {
    return plain_type(Form::integer, wire);
  } else if constexpr (k == Kind::duration) {
    return plain_type(std::is_floating_point_v<typename V::rep> ? Form::floating : Form::integer,
                      wire);
  } else if constexpr (k == Kind::floating) {
    return plain_type(Form::floating, wire);
  } else if constexpr (k == Kind::decimal) {
    return plain_type(Form::decimal, wire);
  } else if constexpr (k == Kind::boolean) {
    return plain_type(Form::boolean, wire);
  } else if constexpr (k == Kind::enum_text) {
    TypeInfo type = plain_type(Form::plain, wire);
    for (const auto& one : reflect::enumerators<V>) type.names.push_back(one.name);
    return type;
  } else if constexpr (k == Kind::sequence || k == Kind::set || k == Kind::array) {
    TypeInfo type =
        type_of_parts(Form::list, {type_info_of<std::remove_const_t<typename V::value_type>>()});
    if constexpr (k == Kind::array) type.length = std::int64_t{std::tuple_size_v<V>};
    return type;
  } else if constexpr (k == Kind::map) {
    return type_of_parts(Form::map, {type_info_of<typename V::mapped_type>()});
  } else if constexpr (k == Kind::tuple) {
    return tuple_type<V>(std::make_index_sequence<std::tuple_size_v<V>>{});
  } else if constexpr (k == Kind::variant) {
    return variant_type<V>(static_cast<const V*>(nullptr));
  } else if constexpr (k == Kind::structure) {
    TypeInfo type = plain_type(Form::structure, wire);
    type.nested = &fields_of<V>;
    return type;
  } else if constexpr (k == Kind::extra) {
    return plain_type(Form::extra, 0);
  } else {
    return plain_type(wire == 0 ? Form::any : Form::plain, wire);
  }
}

template <class V>
consteval bool is_nullable() {
  if constexpr (kind<V> == Kind::converted)
    return is_nullable<typename Converter<V>::stored>();
  else
    return kind<V> == Kind::optional || kind<V> == Kind::pointer;
}

template <class T, std::size_t I>
void add_field_info(std::vector<FieldInfo>& fields) {
  constexpr auto& policy = reflect::policies<T>.field[I];
  if constexpr (!policy.skipped) {
    using V = std::remove_const_t<reflect::field_t<T, I>>;
    FieldInfo& field = fields.emplace_back();
    static constexpr std::string_view name = reflect::member_names<T>[I];
    field.name = name;
    field.stored = reflect::stored_name<T, I>();
    field.cpp_type = clean_type(reflect::type_name<V>());
    field.optional = kind<V> == Kind::optional || kind<V> == Kind::pointer;
    field.flattened = policy.flattened;
    field.numbers = policy.numbers;
    constexpr bool null_written = policy.when_empty == WhenEmpty::null;
    if constexpr (policy.converted) {
      using Stored = typename reflect::converter_t<T, I>::stored;
      field.bson_type = "converted";
      field.value_type = &type_info_of<Stored>;
      field.always_written = null_written || !is_nullable<Stored>();
    } else {
      field.value_type = &type_info_of<V>;
      field.always_written = kind<V> != Kind::extra && (null_written || !is_nullable<V>());
      field.null_reads = policy.on_null == OnNull::as_missing &&
                         (policy.missing == Missing::use_default || policy.defaulted);
      field.bson_type = bson_type_of<V>();
      field.nested = nested_of<V>();
    }
  }
}
template <class T, std::size_t... I>
std::vector<FieldInfo> list_fields(std::index_sequence<I...>) {
  std::vector<FieldInfo> fields;
  (add_field_info<T, I>(fields), ...);
  return fields;
}
void add_aliases(std::vector<FieldInfo>& fields, const reflect::MappingNames& names,
                 const std::string_view* members);
template <class T>
std::vector<FieldInfo> list_fields_of() {
  auto fields = list_fields<T>(std::make_index_sequence<reflect::field_count<T>>{});
  if constexpr (reflect::policies<T>.any_runtime_name) {
    static constexpr auto names = reflect::member_names<T>;
    add_aliases(fields, reflect::make_model<T>().mapping_names(), names.data());
  }
  return fields;
}
template <class T>
const std::vector<FieldInfo>& fields_of() {
  static const std::vector<FieldInfo> fields = list_fields_of<T>();
  return fields;
}

}  // namespace quire::model_detail
