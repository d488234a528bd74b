#pragma once

#include <string_view>
#include <type_traits>

#include "quire/core/error.hpp"
#include "quire/model/detail/base_names.hpp"
#include "quire/query/detail/build.hpp"

namespace quire::query {

/// BSON that stands wherever a filter, update, sort or projection does, unchecked by the compiler.
class Raw {
 public:
  explicit Raw(bson::Document document) : document_(std::move(document)) {}
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }

 private:
  bson::Document document_;
};

/// BSON as it is: raw(bson::make_document("age", 3)).
[[nodiscard]] inline Raw raw(bson::Document document) { return Raw(std::move(document)); }
/// Extended JSON: json(R"({"age": {"$gt": 3}})"). Throws FormatError malformed_json.
[[nodiscard]] inline Raw json(std::string_view text) { return Raw(detail::parse_json(text)); }

namespace detail {

/// Whether what is written for U serves for T: the same type, a base of it, or an untyped
/// collection.
template <class T, class U>
inline constexpr bool serves =
    std::is_same_v<T, U> || std::is_same_v<T, bson::Document> || std::is_base_of_v<U, T>;

template <class T, class U>
constexpr void check_root() {
  static_assert(serves<T, U>,
                "quire: this filter, update, sort or projection is about another type; its fields "
                "must be members of the collection's type or of a base of it.");
}

/// A part as one about T: itself, or what T's conversion makes of one about a base.
template <class T, template <class> class Part, class U>
decltype(auto) about(const Part<U>& part) {
  if constexpr (std::is_same_v<T, U>)
    return (part);
  else if constexpr (serves<T, U>)
    return Part<T>(part);
  else
    return Part<T>(raw(bson::Document{}));  // joined_root has said what is wrong
}

/// The type that a join of parts for A and B is about: the more derived one.
template <class A, class B>
struct joined_root {
  static constexpr bool a_for_b = serves<B, A>;
  static constexpr bool b_for_a = serves<A, B>;
  static_assert(a_for_b || b_for_a,
                "quire: the parts joined are about different types; join fields of one type.");
  using type = std::conditional_t<a_for_b, B, A>;
};
template <class A>
struct joined_root<A, A> {
  using type = A;
};

}  // namespace detail
}  // namespace quire::query
