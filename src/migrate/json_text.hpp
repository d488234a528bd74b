#pragma once

#include <string>
#include <string_view>

#include "quire/bson/json.hpp"
#include "quire/bson/value.hpp"

namespace quire::migrate {

/// A text within JSON that is put together: in quotation marks, escaped.
[[nodiscard]] inline std::string json_text(std::string_view text) {
  return bson::to_json(bson::Value(text).view());
}

}  // namespace quire::migrate
