#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "quire/bson/view.hpp"

/// The matching rules of the Unified Test Format. Numbers (int32, int64, double) agree by value; a
/// document at the root may have more fields than expected, one inside not; the order of fields
/// does not count, that of arrays does; a document whose only key begins with "$$" is an operator.
namespace quire::unified {

/// What operators refer to.
struct Lookup {
  /// The value that an earlier operation saved under an id.
  std::function<std::optional<bson::ValueView>(std::string_view id)> entity;
  /// Whether an lsid is that of the session with this id.
  std::function<bool(std::string_view id, bson::ValueView lsid)> session;
};

/// Nothing when `actual` (nothing = absent) is as expected; else where it differs and how. `root`:
/// the documents of an array at the root count as roots too.
[[nodiscard]] std::optional<std::string> mismatch(bson::ValueView expected,
                                                  std::optional<bson::ValueView> actual,
                                                  const Lookup& lookup, bool root = true);

}  // namespace quire::unified
