#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/core/function_ref.hpp"

namespace quire::migrate {

/// A part of a path like "lines[].count": a field, or all elements of a list.
struct PathPart {
  std::string name;
  bool elements = false;
};
/// Nothing for a path with "[0]", "*" or quoted names, and for an empty part.
[[nodiscard]] std::optional<std::vector<PathPart>> parse_value_path(std::string_view path);

/// Each value at the path.
void for_each_value(bson::View document, const std::vector<PathPart>& path,
                    FunctionRef<void(bson::ValueView)> sink);

/// The value with those at the path below it (from part `from` on) replaced by what `change` gives;
/// nothing: left as it is.
[[nodiscard]] bson::Value with_changed(
    bson::ValueView value, const std::vector<PathPart>& path, std::size_t from,
    FunctionRef<std::optional<bson::Value>(bson::ValueView)> change);

}  // namespace quire::migrate
