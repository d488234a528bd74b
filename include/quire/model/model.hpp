#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/model/checks.hpp"
#include "quire/model/detail/base_names.hpp"
#include "quire/model/detail/build.hpp"
#include "quire/model/info.hpp"
#include "quire/reflect/mapping.hpp"

namespace quire {

/// Options of an index, in ModelBuilder::index beside its keys.
struct UniqueIndex {};
struct SparseIndex {};
inline constexpr UniqueIndex unique{};
inline constexpr SparseIndex sparse{};  ///< documents without the field are not in the index
struct IndexName {
  std::string name;
};
/// Another name than "age_1".
[[nodiscard]] inline IndexName named(std::string name) { return {std::move(name)}; }
struct ExpireAfter {
  std::chrono::seconds seconds;
};
/// TTL: documents are removed when the field's time lies so far in the past.
[[nodiscard]] inline ExpireAfter expire_after(std::chrono::seconds seconds) { return {seconds}; }
template <class Root>
struct PartialIndex {
  bson::Document filter;
};
/// Only documents that the filter takes are in the index.
template <class F>
[[nodiscard]] auto partial(const F& filter) {
  if constexpr (requires { typename F::root; })
    return PartialIndex<typename F::root>{filter.document()};
  else
    return PartialIndex<void>{filter.document()};
}
struct HiddenIndex {};
inline constexpr HiddenIndex hidden{};  ///< kept up to date, but no query uses it
struct IndexCollation {
  bson::Document collation;
};
/// How texts of the index are compared: collation(json(…)) of {locale: "de", strength: 2}.
[[nodiscard]] inline IndexCollation collation(bson::Document document) {
  return {std::move(document)};
}
/// Any further option of createIndexes: index_option("weights", …), "default_language",
/// "wildcardProjection" ….
struct IndexOption {
  std::string name;
  bson::Value value;
};
[[nodiscard]] inline IndexOption index_option(std::string name, bson::Value value) {
  return {std::move(name), std::move(value)};
}

/// What T's model() returns; made by model<T>("collection") and its chain. Mapping operations
/// (rename, was, skip, flatten, policies, version) become part of the type, so that reading and
/// writing know them when they compile; the rest is kept for run time.
/// Paths are field<&T::member>; those of rename, was, skip, flatten and single policies are members
/// of T itself. A mistake that only shows at run time is ModelError invalid_model when the model is
/// first used.
template <class T, class Ops = reflect::Ops<>, bool Versioned = false>
class ModelBuilder {
 public:
  using model_type = T;
  using mapping_ops = Ops;
  static constexpr bool versioned = Versioned;

  explicit ModelBuilder(model_detail::ModelData data) noexcept : data_(std::move(data)) {}

  // --- what runs ---
  /// An index: keys (field<…>.asc(), .desc(), .text(), .hashed(), .geo_2dsphere(), .wildcard();
  /// wildcard() for all fields) and options (unique, sparse, hidden, partial(filter),
  /// expire_after(1h), collation(…), named("x"), index_option(…)) in any order.
  template <class... Parts>
  [[nodiscard]] ModelBuilder index(const Parts&... parts) && {
    IndexInfo info;
    (add_part(info, parts), ...);
    data_.indexes.push_back(std::move(info));
    return std::move(*this);
  }
  /// A rule that each stored value of a field fulfils; see checks.hpp.
  template <class P, class Check>
  [[nodiscard]] ModelBuilder check(const P& path, const Check& check) && {
    check_root<typename P::root>();
    data_.checks.push_back(
        {model_detail::path_in<T, typename P::root>(path.str()), rule_of<P>(path, check)});
    return std::move(*this);
  }
  /// A rule about the whole struct: check("ends after it begins", [](const T& t) { … }).
  template <class F>
  [[nodiscard]] ModelBuilder check(const char* text, F function) && {
    data_.checks.push_back({{}, model_detail::object_rule<T>(text, std::move(function))});
    return std::move(*this);
  }
  /// Options of the collection when it is created: capped, collation … as MongoDB names them.
  [[nodiscard]] ModelBuilder collection_options(bson::Document options) && {
    data_.collection_options = std::move(options);
    return std::move(*this);
  }
  /// By which fields a sharded collection is spread: field<…>.asc(), at most one .hashed().
  /// Collection::shard() gives it to the deployment. Saves, replacements and removals by object
  /// carry its fields in their filter.
  template <class... Keys>
  [[nodiscard]] ModelBuilder shard_key(const Keys&... keys) && {
    static_assert(sizeof...(Keys) > 0, "quire: shard_key(…) takes field<…>.asc() or .hashed().");
    (add_shard_part(keys), ...);
    return std::move(*this);
  }
  /// The schema version that every insert, replace, save and upsert writes as _v. 1 or more.
  [[nodiscard]] ModelBuilder<T, Ops, true> version(std::int32_t number) && {
    data_.version = number;
    return ModelBuilder<T, Ops, true>(std::move(data_));
  }

  // --- what the mapping must know ---
  /// Stores a member under another name.
  template <class P>
  [[nodiscard]] auto rename(const P&, std::string_view stored) && {
    constexpr std::size_t i = position<P>();
    data_.names.renamed.push_back({i, std::string(stored)});
    return std::move(*this).template with<reflect::Rename<i>>();
  }
  /// A further name that is read, for documents written before a rename.
  template <class P>
  [[nodiscard]] auto was(const P&, std::string_view old) && {
    constexpr std::size_t i = position<P>();
    data_.names.aliases.push_back({i, std::string(old)});
    return std::move(*this).template with<reflect::Alias<i>>();
  }
  /// Leaves a member out of documents.
  template <class P>
  [[nodiscard]] auto skip(const P&) && {
    return std::move(*this).template with<reflect::Skip<position<P>()>>();
  }
  /// Puts the fields of a member that is a struct beside the others.
  template <class P>
  [[nodiscard]] auto flatten(const P&) && {
    return std::move(*this).template with<reflect::Flatten<position<P>()>>();
  }
  /// What reading gives a member that the document lacks, an optional one too, instead of the
  /// struct's initialiser. Documents are written with what the object holds: objects made by the
  /// program have the initialiser.
  template <class P, class V>
  [[nodiscard]] auto default_value(const P&, V value) && {
    constexpr std::size_t i = position<P>();
    using Field = std::remove_const_t<reflect::field_t<T, i>>;
    constexpr bool fits =
        std::is_copy_assignable_v<Field> && std::is_constructible_v<Field, V> &&
        (!std::is_arithmetic_v<Field> ||
         (std::is_arithmetic_v<V> && std::is_same_v<Field, bool> == std::is_same_v<V, bool> &&
          std::is_integral_v<Field> <= std::is_integral_v<V>));
    static_assert(fits, "quire: default_value(…) takes a value of the member's own type.");
    if constexpr (fits) {
      data_.names.defaults.push_back(
          {i, std::make_shared<const Field>(static_cast<Field>(std::move(value)))});
    }
    return std::move(*this).template with<reflect::Default<i>>();
  }
  /// Stores a member through C (to_bson, from_bson, stored; as quire::Converter).
  template <class C, class P>
  [[nodiscard]] auto convert(const P&) && {
    return std::move(*this).template with<reflect::ConvertWith<position<P>(), C>>();
  }
  /// A policy for all members: unknown<Unknown::error>(), naming<Naming::camel_case>() …
  template <Unknown U>
  [[nodiscard]] auto unknown() && {
    return std::move(*this).template with<reflect::ForAll<U>>();
  }
  template <Naming N>
  [[nodiscard]] auto naming() && {
    return std::move(*this).template with<reflect::ForAll<N>>();
  }
  template <Missing M>
  [[nodiscard]] auto missing() && {
    return std::move(*this).template with<reflect::ForAll<M>>();
  }
  template <OnNull N>
  [[nodiscard]] auto on_null() && {
    return std::move(*this).template with<reflect::ForAll<N>>();
  }
  template <WhenEmpty W>
  [[nodiscard]] auto when_empty() && {
    return std::move(*this).template with<reflect::ForAll<W>>();
  }
  template <Numbers N>
  [[nodiscard]] auto numbers() && {
    return std::move(*this).template with<reflect::ForAll<N>>();
  }
  /// The same for one member: missing<Missing::error>(field<&User::email>). After those for all.
  template <Missing M, class P>
  [[nodiscard]] auto missing(const P&) && {
    return std::move(*this).template with<reflect::MissingIs<position<P>(), M>>();
  }
  template <OnNull N, class P>
  [[nodiscard]] auto on_null(const P&) && {
    return std::move(*this).template with<reflect::OnNullIs<position<P>(), N>>();
  }
  template <WhenEmpty W, class P>
  [[nodiscard]] auto when_empty(const P&) && {
    return std::move(*this).template with<reflect::WhenEmptyIs<position<P>(), W>>();
  }
  template <Numbers N, class P>
  [[nodiscard]] auto numbers(const P&) && {
    return std::move(*this).template with<reflect::NumbersAre<position<P>(), N>>();
  }

  [[nodiscard]] const reflect::MappingNames& mapping_names() const noexcept { return data_.names; }
  [[nodiscard]] std::int32_t schema_version() const noexcept { return data_.version; }
  [[nodiscard]] model_detail::ModelData release() && noexcept { return std::move(data_); }

 private:
  template <class More>
  ModelBuilder<T, typename Ops::template add<More>, Versioned> with() && {
    return ModelBuilder<T, typename Ops::template add<More>, Versioned>(std::move(data_));
  }

  template <class Root>
  static constexpr void check_root() {
    static_assert(std::is_base_of_v<Root, T>,
                  "quire: this model is of another type; name members of the model's own type.");
  }
  /// The member's position among the fields of T.
  template <class P>
  static consteval std::size_t position() {
    constexpr bool own = std::is_base_of_v<typename P::root, T>;
    static_assert(own,
                  "quire: this model is of another type; name members of the model's own type.");
    static_assert(
        !own || P::single,
        "quire: name a member of the struct itself; a nested struct has its own model().");
    if constexpr (own && P::single) {
      constexpr std::size_t i = reflect::index_of<P::first, T>;
      static_assert(i < reflect::field_count<T>,
                    "quire: this member is not among the mapped members of its class.");
      return i;
    } else {
      return 0;
    }
  }

  static void add_part(IndexInfo& info, UniqueIndex) { info.unique = true; }
  static void add_part(IndexInfo& info, SparseIndex) { info.sparse = true; }
  static void add_part(IndexInfo& info, const IndexName& name) { info.name = name.name; }
  static void add_part(IndexInfo& info, ExpireAfter after) { info.expire_after = after.seconds; }
  template <class Root>
  static void add_part(IndexInfo& info, const PartialIndex<Root>& part) {
    if constexpr (std::is_void_v<Root>) {
      info.partial = part.filter;
    } else {
      check_root<Root>();
      info.partial = model_detail::filter_in<T, Root>(part.filter);
    }
  }
  static void add_part(IndexInfo& info, HiddenIndex) {
    model_detail::add_field(info.extra, "hidden", true);
  }
  static void add_part(IndexInfo& info, const IndexCollation& option) {
    model_detail::add_field(info.extra, "collation", option.collation);
  }
  static void add_part(IndexInfo& info, const IndexOption& option) {
    model_detail::add_field(info.extra, option.name, option.value);
  }
  template <class Keys>
    requires requires(const Keys& keys) { keys.document(); }
  static void add_part(IndexInfo& info, const Keys& keys) {
    if constexpr (requires { typename Keys::root; }) {
      check_root<typename Keys::root>();
      model_detail::add_keys(info, model_detail::keys_in<T, typename Keys::root>(keys.document()));
    } else {
      model_detail::add_keys(info, keys.document());
    }
  }

  template <class Keys>
  void add_shard_part(const Keys& keys) {
    check_root<typename Keys::root>();
    model_detail::add_shard_key(data_.shard_key,
                                model_detail::keys_in<T, typename Keys::root>(keys.document()));
  }

  template <class P, class... V>
  static model_detail::RulePtr rule_of(const P&, const model_detail::TypedCheck<V...>& check) {
    static_assert((model_detail::comparable<typename P::value, V> && ...),
                  "quire: this check is about values of another type than the field's.");
    return check.rule;
  }
  template <class P>
  static model_detail::RulePtr rule_of(const P&, const model_detail::TextCheck& check) {
    static_assert(model_detail::comparable<typename P::value, const char*>,
                  "quire: matches(…) is for fields that are text.");
    return check.rule;
  }
  template <class P>
  static model_detail::RulePtr rule_of(const P&, const model_detail::LengthCheck& check) {
    static_assert(model_detail::has_length<typename P::value>,
                  "quire: length(…) and not_empty() are for text, lists and bytes.");
    return check.rule;
  }
  template <class P, class F>
  static model_detail::RulePtr rule_of(const P&, const model_detail::CustomCheck<F>& check) {
    return model_detail::member_rule<T, P>(check.text, check.function);
  }

  model_detail::ModelData data_;
};

/// Begins the model of T, which is kept in the collection of that name.
template <class T>
[[nodiscard]] ModelBuilder<T> model(std::string_view collection) {
  return ModelBuilder<T>(model_detail::ModelData(collection));
}
/// The model of a struct that is only ever part of others.
template <class T>
[[nodiscard]] ModelBuilder<T> model() {
  return ModelBuilder<T>(model_detail::ModelData());
}

namespace model_detail {
template <class T>
ModelInfo make_info() {
  ModelInfo info;
  if constexpr (reflect::has_model<T>) {
    // Names first: model() is then run once more and finds the stored ones.
    if constexpr (reflect::policies<T>.any_runtime_name) (void)reflect::stored_names<T>();
    info = finish(reflect::make_model<T>().release());
  }
  info.type = reflect::type_name<T>();
  info.list_fields = &fields_of<T>;
  return info;
}
}  // namespace model_detail

/// The model of T at run time: collection, indexes, checks, version, fields. A type without a
/// model() has its fields alone. Made once, then immutable; safe from all threads.
/// Throws ModelError invalid_model for a model that contradicts itself.
template <class T>
[[nodiscard]] const ModelInfo& model_of() {
  static const ModelInfo info = model_detail::make_info<T>();
  return info;
}

}  // namespace quire
