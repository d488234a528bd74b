#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace quire::importer::files {

/// Where a text is no JSON, and why.
struct JsonFault {
  std::size_t offset = 0;
  std::string why;
};

/// The first fault of a text that should be one JSON value (RFC 8259) in UTF-8, at most
/// bson::max_depth levels deep; nothing where there is none. Slow: asked where a text was refused.
[[nodiscard]] std::optional<JsonFault> find_fault(std::string_view text);

/// Whether the token is a number as JSON writes it.
[[nodiscard]] bool is_json_number(std::string_view token) noexcept;

}  // namespace quire::importer::files
