#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace quire {

/// Whether the list has the name.
[[nodiscard]] inline bool is_listed(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace quire
