#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"
#include "quire/reflect/mapping.hpp"

/// A member pointer of a base names the member as the base stores it. Where the model of the
/// derived class stores it under another name, paths, filters and updates follow when they are used
/// there.
namespace quire::model_detail {

/// One field, as a base stores it and as the derived class does.
struct BaseName {
  std::string_view from, to;
};
using BaseNames = std::vector<BaseName>;

/// The path with its first step renamed.
[[nodiscard]] std::string renamed_path(std::string_view path, const BaseNames& names);
/// An expression of an aggregation: its "$path" texts.
[[nodiscard]] bson::Value renamed_expression(bson::ValueView expression, const BaseNames& names);
[[nodiscard]] bson::Document renamed_filter(bson::View filter, const BaseNames& names);
/// A document whose keys are paths: a sort, a projection.
[[nodiscard]] bson::Document renamed_keys(bson::View document, const BaseNames& names);
[[nodiscard]] bson::Document renamed_update(bson::View update, const BaseNames& names);

/// Whether T may store members of its base U under other names. False costs nothing more.
template <class T, class U>
consteval bool may_rename() {
  if constexpr (std::is_same_v<T, U> || !std::is_base_of_v<U, T>) {
    return false;
  } else {
    constexpr auto& derived = reflect::policies<T>;
    constexpr auto& base = reflect::policies<U>;
    return derived.any_runtime_name || base.any_runtime_name || derived.naming != base.naming;
  }
}

template <class T, std::size_t... I>
std::string_view static_at(std::size_t i, std::index_sequence<I...>) {
  static constexpr std::string_view names[] = {reflect::static_name<T, I>.view()..., {}};
  return names[i];
}
template <class T>
std::string_view stored_at(std::size_t i) {
  if constexpr (reflect::policies<T>.any_runtime_name) {
    if (!reflect::detail::collecting_names()) return reflect::stored_names<T>().name(i);
  }
  return static_at<T>(i, std::make_index_sequence<reflect::field_count<T>>{});
}

/// Not kept: while a model runs for its names, renames are not known yet.
template <class T, class U>
BaseNames base_names() {
  BaseNames names;
  for (std::size_t i = 0; i < reflect::field_count<U>; ++i) {
    for (std::size_t j = 0; j < reflect::field_count<T>; ++j) {
      if (reflect::member_names<U>[i] != reflect::member_names<T>[j]) continue;
      if (stored_at<U>(i) != stored_at<T>(j)) names.push_back({stored_at<U>(i), stored_at<T>(j)});
      break;
    }
  }
  return names;
}

/// What is said of U, as documents of T have it.
template <class T, class U>
std::string path_in(std::string path) {
  if constexpr (may_rename<T, U>()) return renamed_path(path, base_names<T, U>());
  return path;
}
template <class T, class U>
bson::Document filter_in(const bson::Document& filter) {
  if constexpr (may_rename<T, U>()) return renamed_filter(filter, base_names<T, U>());
  return filter;
}
template <class T, class U>
bson::Document keys_in(const bson::Document& keys) {
  if constexpr (may_rename<T, U>()) return renamed_keys(keys, base_names<T, U>());
  return keys;
}
template <class T, class U>
bson::Document update_in(const bson::Document& update) {
  if constexpr (may_rename<T, U>()) return renamed_update(update, base_names<T, U>());
  return update;
}

}  // namespace quire::model_detail
