#pragma once

#include <string>
#include <string_view>

#include "quire/bson/value.hpp"

namespace quire::bson::detail {

/// Whether an object whose first name is this one is a type of Extended JSON v2.
[[nodiscard]] bool is_wrapper(std::string_view name);

/// Turns such an object into its value. Gives the sentence of the error, or nothing.
[[nodiscard]] std::string unwrap(View object, Value& out);

}  // namespace quire::bson::detail
