#pragma once

#include <cstring>

#include "quire/bson/view.hpp"

namespace quire::collection_detail {

/// Numbers by value, whatever their type; all else by bytes.
inline bool same_value(bson::ValueView a, bson::ValueView b) {
  using bson::Type;
  const auto number = [](bson::ValueView v) {
    return v.type() == Type::int32   ? static_cast<double>(v.as_int32())
           : v.type() == Type::int64 ? static_cast<double>(v.as_int64())
                                     : v.as_double();
  };
  if (a.is_number() && b.is_number() && a.type() != Type::decimal128 &&
      b.type() != Type::decimal128) {
    return number(a) == number(b);
  }
  if (a.type() != b.type()) return false;
  if (a.type() == Type::document || a.type() == Type::array) {
    auto left = a.as_nested().begin();
    auto right = b.as_nested().begin();
    for (; left != std::default_sentinel && right != std::default_sentinel; ++left, ++right) {
      if (left->key != right->key || !same_value(left->value, right->value)) return false;
    }
    return left == std::default_sentinel && right == std::default_sentinel;
  }
  return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace quire::collection_detail
