#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quire/bson/document.hpp"

/// How answers of a store are compared with what a case expects (the format's README): the order of
/// fields does not count, that of arrays does; the four numeric types differ, -0.0 differs from
/// 0.0, decimals agree in digits and exponent; NaN equals NaN.
namespace quire::spec {

struct Compare {
  std::vector<std::string> sets;  ///< top-level fields whose arrays compare as multisets
  bool approx = false;            ///< numbers to a relative 1e-6, whatever their type
};

[[nodiscard]] bool same(bson::ValueView expected, bson::ValueView got, const Compare& how = {});
[[nodiscard]] bool same(bson::View expected, bson::View got, const Compare& how = {});
/// Arrays of documents; `any_order`: as multisets.
[[nodiscard]] bool same_documents(bson::View expected, bson::View got, bool any_order,
                                  const Compare& how);
/// Only the fields that `expected` names, recursively; arrays element by element.
[[nodiscard]] bool covers(bson::View expected, bson::View got, const Compare& how = {});

/// The value at a dotted path, digits index arrays; "" is the document.
[[nodiscard]] std::optional<bson::ValueView> at_path(bson::ValueView root, std::string_view path);

/// The checks of one expectation: `list` on one root. The name of the first that fails, or nothing.
[[nodiscard]] std::optional<std::string> first_failed_check(bson::View list, bson::ValueView root);

}  // namespace quire::spec
