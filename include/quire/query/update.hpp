#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quire/query/filter.hpp"

namespace quire::query {

/// What to change in documents of T: operators as MongoDB takes them. Made by
/// field<&User::age>.inc(1); joined by `&` or by giving several to update_one. A value.
/// Joining throws QueryError invalid_update (40) when one operator meets one field twice.
template <class T>
class Update {
 public:
  using root = T;

  Update() noexcept = default;
  explicit Update(bson::Document document, std::vector<bson::Document> array_filters = {})
      : document_(std::move(document)), array_filters_(std::move(array_filters)) {}
  Update(const Raw& raw) : document_(raw.document()) {}  // NOLINT: raw BSON can stand anywhere
  template <class U>
    requires(!std::is_same_v<T, U>)
  Update(const Update<U>& other)  // NOLINT: an update of a base
      : document_(model_detail::update_in<T, U>(other.document())),
        array_filters_(other.array_filters()) {
    detail::check_root<T, U>();
  }

  [[nodiscard]] bson::View view() const { return document_.view(); }
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }
  [[nodiscard]] const std::vector<bson::Document>& array_filters() const noexcept {
    return array_filters_;
  }
  [[nodiscard]] std::string to_json() const { return detail::shell_json(view()); }
  [[nodiscard]] bool empty() const noexcept { return document_.empty(); }

  /// Which elements field.filtered("o") means: a filter on the element's type.
  ///   (orders.filtered("o") / price).set(0).array_filter("o", price < 0)
  template <class E>
  [[nodiscard]] Update array_filter(std::string_view name, const Filter<E>& filter) const {
    Update result = *this;
    result.array_filters_.push_back(detail::prefixed(name, filter.view()));
    return result;
  }

  Update& operator&=(const Update& other) {
    document_ = detail::joined(view(), other.view());
    array_filters_.insert(array_filters_.end(), other.array_filters_.begin(),
                          other.array_filters_.end());
    return *this;
  }

 private:
  bson::Document document_;
  std::vector<bson::Document> array_filters_;
};

template <class A, class B>
[[nodiscard]] Update<typename detail::joined_root<A, B>::type> operator&(const Update<A>& a,
                                                                         const Update<B>& b) {
  Update<typename detail::joined_root<A, B>::type> result(a);
  result &= b;
  return result;
}
template <class A>
[[nodiscard]] Update<A> operator&(const Update<A>& a, const Raw& b) {
  Update<A> result(a);
  result &= Update<A>(b);
  return result;
}

}  // namespace quire::query
