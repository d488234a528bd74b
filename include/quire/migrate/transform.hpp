#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/step.hpp"

namespace quire::migrate {

/// Which documents each() and transform() take.
struct RowOptions {
  bson::Document filter = {};  ///< of the query language; empty = all
  /// True for a document that needs nothing, as one that was written by a newer program.
  std::function<bool(bson::View)> already = {};
};

namespace detail {
struct RowStep {
  RowFunction rows;
  RowCheck check = {};  ///< for verification
  bson::Document filter = {};
  bool fill = false;       ///< transform, not each
  bool versioned = false;  ///< _v tells which documents were done
  /// The _v that it gives them; 0: none, or a lower one than they had.
  std::int32_t to_version = 0;
  /// Fields of the document that the function looks at or changes, `_id` and `_v` aside; nothing:
  /// whole documents are read for it.
  std::vector<std::string_view> fields = {};
};
[[nodiscard]] Step row_step(std::string_view collection, RowStep row);

[[nodiscard]] bool has_version(bson::View document, std::int32_t least);
using FieldNames = std::vector<std::string_view>;
[[nodiscard]] bool has_fields_of_the_new_only(bson::View document, const FieldNames& old,
                                              const FieldNames& now);
template <class T>
[[nodiscard]] const FieldNames& field_names() {
  static const FieldNames names = []<std::size_t... I>(std::index_sequence<I...>) {
    return FieldNames{reflect::stored_name<T, I>()...};
  }(std::make_index_sequence<reflect::field_count<T>>());
  return names;
}

/// Whether reading a T looks at the fields that it names and at no others.
template <class T>
[[nodiscard]] consteval bool reads_named_fields_only() {
  if constexpr (!bson::detail::MappedDocument<T>) {
    return false;
  } else {
    for (const auto& field : reflect::policies<T>.field)
      if (field.flattened || field.aliased) return false;
    return reflect::policies<T>.unknown == Unknown::ignore && !bson::detail::keeps_unknown<T>;
  }
}
/// The fields that a function from A to B needs of a document; nothing: all that it has.
template <class A, class B>
[[nodiscard]] FieldNames needed_fields(const RowOptions& options) {
  if constexpr (reads_named_fields_only<A>() && reads_named_fields_only<B>()) {
    if (options.already) return {};
    FieldNames names = field_names<A>();
    for (const std::string_view name : field_names<B>())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    return names;
  } else {
    return {};
  }
}

/// Whether a document has B's shape already: by its _v where B has versions, and else by its
/// fields, where there are such that only A or only B has.
template <class A, class B>
[[nodiscard]] bool is_transformed(bson::View document) {
  constexpr bool from_versions = reflect::model_builder_t<A>::versioned;
  if constexpr (reflect::model_builder_t<B>::versioned) {
    const std::int32_t version = reflect::schema_version<B>();
    if constexpr (from_versions) {
      // On the way back what has not A's version is there.
      const std::int32_t from = reflect::schema_version<A>();
      if (from > version) return !has_version(document, from);
    }
    return has_version(document, version);
  } else if constexpr (from_versions) {
    return !has_version(document, reflect::schema_version<A>());
  } else {
    return has_fields_of_the_new_only(document, field_names<A>(), field_names<B>());
  }
}
/// The version that a transform gives to documents; 0 where it gives none or goes back.
template <class A, class B>
[[nodiscard]] std::int32_t version_made() {
  if constexpr (reflect::model_builder_t<B>::versioned) {
    const std::int32_t made = reflect::schema_version<B>();
    if constexpr (reflect::model_builder_t<A>::versioned) {
      if (reflect::schema_version<A>() >= made) return 0;
    }
    return made;
  } else {
    return 0;
  }
}
[[nodiscard]] inline RowImages unchanged() { return {{}, bson::Document()}; }
/// A document that has B's fields already and lacks at most its version.
template <class B>
[[nodiscard]] RowImages mark_only() {
  if constexpr (reflect::model_builder_t<B>::versioned) {
    return {{}, bson::make_document("_v", reflect::schema_version<B>())};
  } else {
    return unchanged();
  }
}

/// Of a document that the struct cannot hold: why.
template <class T>
[[nodiscard]] std::string why_not(bson::View document) {
  try {
    (void)bson::decode<T>(document);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}
[[nodiscard]] std::string old_field(bson::View document, const FieldNames& old,
                                    const FieldNames& now);
/// What shows that a document was not transformed.
template <class A, class B>
[[nodiscard]] std::string why_not_done(bson::View document) {
  if constexpr (reflect::model_builder_t<A>::versioned || reflect::model_builder_t<B>::versioned) {
    if (!is_transformed<A, B>(document)) return "it is of another version";
  } else if (std::string old = old_field(document, field_names<A>(), field_names<B>());
             !old.empty()) {
    return old;
  }
  return why_not<B>(document);
}

template <class T>
struct unwrap_optional {
  using type = T;
};
template <class T>
struct unwrap_optional<std::optional<T>> {
  using type = T;
};
}  // namespace detail

/// Calls `fn(T&)` for each document of a collection, in batches in the order of _id, and writes the
/// fields that it changed. T is a struct of the migration's own: the fields it names are read, all
/// others stay as they are. `fn` may be called again for a document whose batch was not saved, so
/// it must not have other effects.
template <class T, class F>
[[nodiscard]] Step each(std::string_view collection, F fn, RowOptions options = {}) {
  static_assert(std::is_invocable_v<F&, T&>,
                "quire: each<T>(collection, fn) takes a function of T&; it gets one document.");
  auto fields = detail::needed_fields<T, T>(options);
  return detail::row_step(
      collection,
      {.rows =
           [fn = std::move(fn), already = std::move(options.already)](bson::View document) mutable {
             if (already && already(document)) return detail::unchanged();
             T value = bson::decode<T>(document);
             RowImages images{bson::encode(value), {}};
             fn(value);
             images.after = bson::encode(value);
             return images;
           },
       .check = detail::why_not<T>,
       .filter = std::move(options.filter),
       .fields = std::move(fields)});
}

/// Turns each document from struct A to struct B by `fn(const A&)`, which returns B, or
/// std::optional<B> where nothing removes the document. Fields that neither A nor B names survive;
/// fields of A that B lacks are removed. Documents that are there already are passed over: where
/// B's model declares a version, those that carry it (_v), which is written to the others; where
/// only A's does, on a way back, those that do not carry A's; without versions those with a field
/// that only B names and none that only A names; and those for which options.already says so.
/// Batches, order and repetition as for each(). Where it gives a higher version it is complete only
/// when no document of an older one is left, those included that were inserted while it ran; while
/// a program goes on to insert them it stops with migration_partial after 20 rounds. It also serves
/// reads: upgrade_on_read().
template <class A, class B, class F>
[[nodiscard]] Step transform(std::string_view collection, F fn, RowOptions options = {}) {
  static_assert(std::is_invocable_v<F&, const A&>,
                "quire: transform<A, B>(collection, fn) takes a function of const A&.");
  using Result = std::remove_cvref_t<std::invoke_result_t<F&, const A&>>;
  static_assert(std::is_same_v<typename detail::unwrap_optional<Result>::type, B>,
                "quire: the function of transform<A, B> returns B or std::optional<B>.");
  constexpr bool versioned =
      reflect::model_builder_t<A>::versioned || reflect::model_builder_t<B>::versioned;
  auto fields = detail::needed_fields<A, B>(options);
  return detail::row_step(
      collection,
      {.rows =
           [fn = std::move(fn), already = std::move(options.already)](bson::View document) mutable {
             if (detail::is_transformed<A, B>(document)) return detail::unchanged();
             if (already && already(document)) return detail::mark_only<B>();
             const A before = bson::decode<A>(document);
             RowImages images{bson::encode(before), {}};
             if constexpr (std::is_same_v<Result, B>) {
               images.after = bson::encode(fn(before));
             } else {
               if (std::optional<B> after = fn(before)) images.after = bson::encode(*after);
             }
             return images;
           },
       .check = detail::why_not_done<A, B>,
       .filter = std::move(options.filter),
       .fill = true,
       .versioned = versioned,
       .to_version = detail::version_made<A, B>(),
       .fields = std::move(fields)});
}

}  // namespace quire::migrate
