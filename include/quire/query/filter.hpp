#pragma once

#include <string>
#include <utility>

#include "quire/query/raw.hpp"

namespace quire::query {

template <class Root, class V>
class Expr;
namespace detail {
template <class T, class U>
bson::Document condition_in(const Expr<U, bool>& condition);  // expr.hpp
}

/// Which documents of a collection of T: a value that can be stored, copied, joined at run time and
/// printed. Made from fields: field<&User::age> >= 18 && field<&User::name> == "Ada".
/// The default one takes every document. Inside is the BSON that MongoDB takes.
/// Threads: as a std::vector.
template <class T>
class Filter {
 public:
  using root = T;

  Filter() noexcept = default;
  explicit Filter(bson::Document document) noexcept : document_(std::move(document)) {}
  Filter(const Raw& raw) : document_(raw.document()) {}  // NOLINT: raw BSON can stand anywhere
  Filter(Raw&& raw) : document_(raw.document()) {}       // NOLINT
  /// A filter on a base of T.
  template <class U>
    requires(!std::is_same_v<T, U>)
  Filter(const Filter<U>& other)  // NOLINT
      : document_(model_detail::filter_in<T, U>(other.document())) {
    detail::check_root<T, U>();
  }
  /// A condition that is computed: {$expr: …}, see expr.hpp. No index serves it.
  template <class U>
  Filter(const Expr<U, bool>& condition)  // NOLINT
      : document_(detail::condition_in<T>(condition)) {}

  [[nodiscard]] bson::View view() const { return document_.view(); }
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }
  /// As mongosh takes it: {"age": {"$gte": 18}}.
  [[nodiscard]] std::string to_json() const { return detail::shell_json(view()); }
  /// Whether it takes every document.
  [[nodiscard]] bool empty() const noexcept { return document_.empty(); }

  Filter& operator&=(const Filter& other) {
    document_ = detail::both(view(), other.view());
    return *this;
  }
  Filter& operator|=(const Filter& other) {
    document_ = detail::either(view(), other.view());
    return *this;
  }
  [[nodiscard]] friend Filter operator!(const Filter& filter) {
    return Filter(detail::negated(filter.view()));
  }
  friend bool operator==(const Filter& a, const Filter& b) { return a.document_ == b.document_; }

 private:
  bson::Document document_;
};

template <class A, class B>
[[nodiscard]] Filter<typename detail::joined_root<A, B>::type> operator&&(const Filter<A>& a,
                                                                          const Filter<B>& b) {
  using Root = typename detail::joined_root<A, B>::type;
  return Filter<Root>(detail::both(detail::about<Root>(a).view(), detail::about<Root>(b).view()));
}
template <class A, class B>
[[nodiscard]] Filter<typename detail::joined_root<A, B>::type> operator||(const Filter<A>& a,
                                                                          const Filter<B>& b) {
  using Root = typename detail::joined_root<A, B>::type;
  return Filter<Root>(detail::either(detail::about<Root>(a).view(), detail::about<Root>(b).view()));
}
template <class A>
[[nodiscard]] Filter<A> operator&&(const Filter<A>& a, const Raw& b) {
  return Filter<A>(detail::both(a.view(), b.document()));
}
template <class A>
[[nodiscard]] Filter<A> operator||(const Filter<A>& a, const Raw& b) {
  return Filter<A>(detail::either(a.view(), b.document()));
}
template <class A>
[[nodiscard]] Filter<A> operator&&(const Raw& a, const Filter<A>& b) {
  return Filter<A>(detail::both(a.document(), b.view()));
}
template <class A>
[[nodiscard]] Filter<A> operator||(const Raw& a, const Filter<A>& b) {
  return Filter<A>(detail::either(a.document(), b.view()));
}

/// None of the filters holds.
template <class T, class... More>
[[nodiscard]] Filter<T> nor(const Filter<T>& first, const More&... more) {
  const Filter<T> filters[] = {first, Filter<T>(more)...};
  bson::View views[sizeof...(More) + 1];
  for (std::size_t i = 0; i < sizeof...(More) + 1; ++i) views[i] = filters[i].view();
  return Filter<T>(detail::group("$nor", views));
}
/// All filters hold, written as $and; && writes it shorter where it can.
template <class T, class... More>
[[nodiscard]] Filter<T> all_of(const Filter<T>& first, const More&... more) {
  const Filter<T> filters[] = {first, Filter<T>(more)...};
  bson::View views[sizeof...(More) + 1];
  for (std::size_t i = 0; i < sizeof...(More) + 1; ++i) views[i] = filters[i].view();
  return Filter<T>(detail::group("$and", views));
}
/// One or more of the filters hold.
template <class T, class... More>
[[nodiscard]] Filter<T> any_of(const Filter<T>& first, const More&... more) {
  const Filter<T> filters[] = {first, Filter<T>(more)...};
  bson::View views[sizeof...(More) + 1];
  for (std::size_t i = 0; i < sizeof...(More) + 1; ++i) views[i] = filters[i].view();
  return Filter<T>(detail::group("$or", views));
}

}  // namespace quire::query
