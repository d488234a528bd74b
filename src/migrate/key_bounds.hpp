#pragma once

#include <optional>
#include <vector>

#include "quire/bson/value.hpp"

namespace quire::migrate {

/// Part of a collection in the order of _id: what lies behind `after` up to and with `until`;
/// nothing = the start, or the end.
struct KeyBounds {
  std::optional<bson::Value> after;
  std::optional<bson::Value> until;
  friend bool operator==(const KeyBounds&, const KeyBounds&) = default;
};

/// Filters that find, one after the other, what lies within the bounds: a comparison finds values
/// of its operand's type only, so that ids of several types need several, and NaN its own.
[[nodiscard]] std::vector<bson::Document> key_filters(const KeyBounds& bounds);

}  // namespace quire::migrate
