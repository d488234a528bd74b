#pragma once

#include <type_traits>
#include <utility>

#include "quire/bson/decode.hpp"
#include "quire/importer/mapping.hpp"
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

/// Mappings by the members of models: names are the model's own, conversions follow from the
/// members' types, and what does not fit does not compile. What comes out is the same as from JSON.
namespace quire::importer {

/// What a rule says beside where its value comes from. What is not given follows from the member.
struct FieldOptions {
  std::optional<Convert> as = {};
  std::optional<NullPolicy> null = {};  ///< else: kept where the member is optional, else rejected
  bool lower = false, upper = false, trim = false;
  std::vector<ValuePair> values = {};
  OtherValue other = OtherValue::reject;
  std::optional<bson::Value> fallback = {};
  bool on_insert = false;
  std::optional<TypePolicy> types = {};
};

/// Of a reference by hash. What is not given follows from the member and the target's model.
struct HashOptions {
  std::string part = {};       ///< of the mapping; else the one named as the model's collection
  std::string unpivoted = {};  ///< see HashOf
  std::optional<NullPolicy> null = {};
  std::optional<bson::Value> fallback = {};
  bool on_insert = false;
};

/// How rows of another table belong to the parent; see ChildRule.
struct ChildOptions {
  std::vector<std::string> referenced = {};
  std::vector<OrderBy> order = {};
  std::string where = {};
  bool or_null = false;
  std::string link = {};
  std::vector<std::string> link_columns = {};
  std::vector<std::string> link_referenced = {};
  std::vector<std::string> link_taken = {};
};

namespace detail {

/// What a column becomes for a member of this type.
template <class T>
consteval Convert convert_for() {
  using V = query::detail::strip_t<T>;
  if constexpr (std::is_same_v<V, bool>)
    return Convert::boolean;
  else if constexpr (std::is_integral_v<V>)
    return sizeof(V) < 4 || (sizeof(V) == 4 && std::is_signed_v<V>) ? Convert::int32
                                                                    : Convert::int64;
  else if constexpr (std::is_floating_point_v<V>)
    return Convert::real;
  else if constexpr (std::is_same_v<V, bson::Decimal128>)
    return Convert::decimal128;
  else if constexpr (std::is_same_v<V, ObjectId>)
    return Convert::object_id;
  else if constexpr (std::is_same_v<V, bson::Uuid>)
    return Convert::uuid;
  else if constexpr (query::detail::TextLike<V>)
    return Convert::string;
  else if constexpr (query::detail::is_time_point<V>)
    return Convert::date_time;
  else
    return Convert::as_is;
}
template <class T>
inline constexpr bool nullable = query::detail::strip<std::remove_cv_t<T>>::nullable ||
                                 query::detail::is_untyped<query::detail::strip_t<T>>;

/// Throws ImportError invalid_mapping for options that an _id has not: null, fallback, on_insert.
[[nodiscard]] IdRule typed_id(const FieldRule& rule);
[[nodiscard]] FieldRule typed_rule(std::string to, const FieldOptions& options, Convert as,
                                   bool nullable);
[[nodiscard]] ChildRule typed_child(std::string to, std::string table,
                                    std::vector<std::string> columns, const ChildOptions& options);

template <class Root, auto First, auto... More>
consteval bool explain_member() {
  using owner = typename query::detail::member_of<decltype(First)>::owner;
  static_assert(std::is_base_of_v<owner, Root>,
                "quire: this member belongs to another class than the one that is mapped.");
  return true;
}

/// Fields and children of one struct: of a document, or of what is nested in one.
template <class Self, class T>
class Members {
 public:
  /// A column into a member: field<&User::name, &Name::first>("first_name").
  template <auto First, auto... More>
  Self& field(std::string column, const FieldOptions& options = {}) {
    FieldRule rule = rule_of<First, More...>(options);
    rule.from = std::move(column);
    return self().add(std::move(rule));
  }
  /// The same value everywhere: of the member's type.
  template <auto First, auto... More, class V>
  Self& constant(const V& value, bool on_insert = false) {
    FieldRule rule{.to = path_of<First, More...>()};
    using member = typename query::Path<First, More...>::value;
    rule.constant = query::detail::stored<member>(value, rule.to);
    rule.on_insert = on_insert;
    return self().add(std::move(rule));
  }
  /// A template: "Rank {rank}".
  template <auto First, auto... More>
  Self& format(std::string text, const FieldOptions& options = {}) {
    FieldRule rule = rule_of<First, More...>(options);
    rule.format = std::move(text);
    return self().add(std::move(rule));
  }
  /// The _id, which is a hash, of the document of Target whose key these columns hold:
  /// hash_of<User, &Order::user>({"user_id"}).
  template <class Target, auto First, auto... More>
  Self& hash_of(std::vector<std::string> columns, const HashOptions& options = {}) {
    using member = query::detail::strip_t<typename query::Path<First, More...>::value>;
    static_assert(std::is_same_v<member, ObjectId>,
                  "quire: hash_of<…>() is for a member that is an ObjectId.");
    FieldRule rule = rule_of<First, More...>({.as = Convert::as_is,
                                              .null = options.null,
                                              .fallback = options.fallback,
                                              .on_insert = options.on_insert});
    rule.hash_of = HashOf{options.part.empty() ? model_of<Target>().collection : options.part,
                          std::move(columns), options.unpivoted};
    return self().add(std::move(rule));
  }
  /// compute(row) gives the member's value, from columns by their names.
  template <auto First, auto... More, class F>
  Self& compute(F function) {
    constexpr bool callable = std::is_invocable_v<F&, const RowView&>;
    static_assert(callable, "quire: compute<…>(function): it is called with a RowView.");
    using member = typename query::Path<First, More...>::value;
    FieldRule rule{.to = path_of<First, More...>()};
    if constexpr (callable) {
      rule.compute = [function = std::move(function), to = rule.to](const RowView& row) {
        return query::detail::stored<member>(function(row), to);
      };
    }
    return self().add(std::move(rule));
  }
  /// The moment at which the import was begun.
  template <auto First, auto... More>
  Self& time_of_import(bool on_insert = true) {
    using member = query::detail::strip_t<typename query::Path<First, More...>::value>;
    static_assert(query::detail::is_time_point<member>,
                  "quire: time_of_import<…>() is for a member that is a point in time.");
    FieldRule rule{.to = path_of<First, More...>()};
    rule.time_of_import = true;
    rule.on_insert = on_insert;
    return self().add(std::move(rule));
  }
  /// Rows of another table into a list of structs; `describe(rows)` maps their members.
  template <auto First, auto... More, class F>
  Self& children(std::string table, std::vector<std::string> columns, F describe,
                 const ChildOptions& options = {});
  /// The one row of another table into a struct; optional where there may be none.
  template <auto First, auto... More, class F>
  Self& child(std::string table, std::vector<std::string> columns, F describe,
              const ChildOptions& options = {});
  /// One column of the rows of another table into a list of plain values.
  template <auto First, auto... More>
  Self& values(std::string table, std::vector<std::string> columns, std::string column,
               const ChildOptions& options = {});

 protected:
  template <auto First, auto... More>
  static std::string path_of() {
    static_assert(explain_member<T, First, More...>());
    return query::Path<First, More...>{}.str();
  }

 private:
  Self& self() { return static_cast<Self&>(*this); }
  template <auto First, auto... More>
  static FieldRule rule_of(const FieldOptions& options) {
    using member = typename query::Path<First, More...>::value;
    return typed_rule(path_of<First, More...>(), options, convert_for<member>(), nullable<member>);
  }
};

}  // namespace detail

/// The rows of a child table as structs of type T.
template <class T>
class ChildOf : public detail::Members<ChildOf<T>, T> {
 public:
  explicit ChildOf(ChildRule& rule) : rule_(rule) { rule_.others = false; }
  ChildOf& add(FieldRule rule) {
    rule_.fields.push_back(std::move(rule));
    return *this;
  }
  ChildOf& add(ChildRule child) {
    rule_.children.push_back(std::move(child));
    return *this;
  }

 private:
  ChildRule& rule_;
};

/// The rows of a table as documents of a model; made by into<Model>(table). Converts to the
/// TableMapping that it fills. Documents are checked by decoding them; columns that no rule names
/// are left out.
template <class T>
class Into : public detail::Members<Into<T>, T> {
 public:
  explicit Into(std::string table) {
    mapping_.table = std::move(table);
    mapping_.into = model_of<T>().collection;
    mapping_.others = false;
    mapping_.model = &model_of<T>();
    mapping_.check = [](bson::View document) { (void)bson::decode<T>(document); };
  }
  Into& add(FieldRule rule) {
    // The _id has a rule of its own.
    if (rule.to == "_id" && (!rule.from.empty() || !rule.format.empty())) {
      mapping_.id = detail::typed_id(rule);
    } else {
      mapping_.fields.push_back(std::move(rule));
    }
    return *this;
  }
  Into& add(ChildRule child) {
    mapping_.children.push_back(std::move(child));
    return *this;
  }
  /// All that has no member to say it by: where, order, existing, unpivot ….
  template <class F>
  Into& with(F change) {
    change(mapping_);
    return *this;
  }
  /// A member whose values are _ids of documents of Target, for verify() to look for them:
  /// refers_to<User, &Message::user>().
  template <class Target, auto First, auto... More>
  Into& refers_to() {
    mapping_.references.push_back({detail::Members<Into, T>::template path_of<First, More...>(),
                                   model_of<Target>().collection});
    return *this;
  }
  /// An _id of the kinds that are not one column.
  Into& id(IdRule rule) {
    mapping_.id = std::move(rule);
    return *this;
  }
  [[nodiscard]] const TableMapping& mapping() const noexcept { return mapping_; }
  operator TableMapping() const { return mapping_; }  // NOLINT: it serves wherever one does

 private:
  TableMapping mapping_;
};

/// Rows of `table` as documents of the model's collection:
///   into<User>("users").field<&User::id>("user_id").field<&User::name, &Name::first>("first")
template <class T>
[[nodiscard]] Into<T> into(std::string table) {
  return Into<T>(std::move(table));
}

namespace detail {

template <class Self, class T>
template <auto First, auto... More, class F>
Self& Members<Self, T>::children(std::string table, std::vector<std::string> columns, F describe,
                                 const ChildOptions& options) {
  using member = query::detail::strip_t<typename query::Path<First, More...>::value>;
  constexpr bool list = query::detail::ListLike<member>;
  static_assert(list, "quire: children<…>() is for a member that is a list; child<…>() for one.");
  ChildRule rule =
      typed_child(path_of<First, More...>(), std::move(table), std::move(columns), options);
  if constexpr (list) {
    ChildOf<typename member::value_type> rows(rule);
    describe(rows);
  }
  return self().add(std::move(rule));
}

template <class Self, class T>
template <auto First, auto... More, class F>
Self& Members<Self, T>::child(std::string table, std::vector<std::string> columns, F describe,
                              const ChildOptions& options) {
  using member = query::detail::strip_t<typename query::Path<First, More...>::value>;
  constexpr bool one = std::is_class_v<member> && !query::detail::ListLike<member> &&
                       !query::detail::TextLike<member>;
  static_assert(one, "quire: child<…>() is for a member that is a struct.");
  ChildRule rule =
      typed_child(path_of<First, More...>(), std::move(table), std::move(columns), options);
  rule.many = false;
  if constexpr (one) {
    ChildOf<member> row(rule);
    describe(row);
  }
  return self().add(std::move(rule));
}

template <class Self, class T>
template <auto First, auto... More>
Self& Members<Self, T>::values(std::string table, std::vector<std::string> columns,
                               std::string column, const ChildOptions& options) {
  using member = query::detail::strip_t<typename query::Path<First, More...>::value>;
  constexpr bool list = query::detail::ListLike<member>;
  static_assert(list, "quire: values<…>() is for a member that is a list.");
  ChildRule rule =
      typed_child(path_of<First, More...>(), std::move(table), std::move(columns), options);
  rule.others = false;
  if constexpr (list) {
    using element = typename member::value_type;
    FieldRule value = typed_rule(column, {}, convert_for<element>(), nullable<element>);
    value.from = column;
    rule.fields.push_back(std::move(value));
  }
  rule.value = std::move(column);
  return self().add(std::move(rule));
}

}  // namespace detail
}  // namespace quire::importer
