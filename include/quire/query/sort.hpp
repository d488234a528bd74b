#pragma once

#include <string>
#include <utility>

#include "quire/bson/value.hpp"
#include "quire/bson/writer.hpp"
#include "quire/query/raw.hpp"

namespace quire::query {

/// In which order documents come, and the keys of an index: fields, each ascending or descending.
/// Made by field<&User::age>.desc(); joined by `&`, the earlier field first. A value.
template <class T>
class Sort {
 public:
  using root = T;

  Sort() noexcept = default;
  explicit Sort(bson::Document document) noexcept : document_(std::move(document)) {}
  Sort(const Raw& raw) : document_(raw.document()) {}  // NOLINT: raw BSON can stand anywhere
  template <class U>
    requires(!std::is_same_v<T, U>)
  Sort(const Sort<U>& other)  // NOLINT: an order of a base
      : document_(model_detail::keys_in<T, U>(other.document())) {
    detail::check_root<T, U>();
  }

  [[nodiscard]] bson::View view() const { return document_.view(); }
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }
  [[nodiscard]] std::string to_json() const { return detail::shell_json(view()); }
  [[nodiscard]] bool empty() const noexcept { return document_.empty(); }

  Sort& operator&=(const Sort& other) {
    document_ = detail::overlaid(view(), other.view());
    return *this;
  }

 private:
  bson::Document document_;
};

template <class A, class B>
[[nodiscard]] Sort<typename detail::joined_root<A, B>::type> operator&(const Sort<A>& a,
                                                                       const Sort<B>& b) {
  using Root = typename detail::joined_root<A, B>::type;
  return Sort<Root>(detail::overlaid(detail::about<Root>(a).view(), detail::about<Root>(b).view()));
}

/// A key of an index that is no order: text, hashed, 2dsphere, wildcard. For ModelBuilder::index and
/// shard_key. A value.
template <class T>
class IndexKey {
 public:
  using root = T;
  explicit IndexKey(bson::Document document) noexcept : document_(std::move(document)) {}
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }

 private:
  bson::Document document_;
};
/// A key of an index of all fields, whatever the type.
class AllFieldsKey {
 public:
  explicit AllFieldsKey(const bson::Value& kind)
      : document_(bson::Writer().append("$**", kind).finish()) {}
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }

 private:
  bson::Document document_;
};
/// Every field by its name: an index for queries that nobody foresaw.
[[nodiscard]] inline AllFieldsKey wildcard() { return AllFieldsKey(bson::Value(1)); }
/// The words of every text.
[[nodiscard]] inline AllFieldsKey wildcard_text() { return AllFieldsKey(bson::Value("text")); }

/// Which fields of the documents found are sent. Made by include(…), exclude(…), slice(…) and
/// elem_match(…); joined by `&`. A value. An _id comes along unless it is excluded.
template <class T>
class Projection {
 public:
  using root = T;

  Projection() noexcept = default;
  explicit Projection(bson::Document document) noexcept : document_(std::move(document)) {}
  Projection(const Raw& raw) : document_(raw.document()) {}  // NOLINT
  template <class U>
    requires(!std::is_same_v<T, U>)
  Projection(const Projection<U>& other)  // NOLINT
      : document_(model_detail::keys_in<T, U>(other.document())) {
    detail::check_root<T, U>();
  }

  [[nodiscard]] bson::View view() const { return document_.view(); }
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }
  [[nodiscard]] std::string to_json() const { return detail::shell_json(view()); }
  [[nodiscard]] bool empty() const noexcept { return document_.empty(); }

  Projection& operator&=(const Projection& other) {
    document_ = detail::overlaid(view(), other.view());
    return *this;
  }

 private:
  bson::Document document_;
};

template <class A, class B>
[[nodiscard]] Projection<typename detail::joined_root<A, B>::type> operator&(
    const Projection<A>& a, const Projection<B>& b) {
  using Root = typename detail::joined_root<A, B>::type;
  return Projection<Root>(
      detail::overlaid(detail::about<Root>(a).view(), detail::about<Root>(b).view()));
}

}  // namespace quire::query
