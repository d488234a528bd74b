#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace quire::observe {

/// Text as a JSON string without its quotes: on one line, and UTF-8 whatever it was.
void append_escaped(std::string& out, std::string_view text);
void append_quoted(std::string& out, std::string_view text);
/// Valid UTF-8: the text itself, or with U+FFFD for each byte beyond ASCII.
[[nodiscard]] std::string utf8(std::string_view text);
/// Milliseconds with the digits of microseconds: "12.345".
[[nodiscard]] std::string milliseconds_text(std::chrono::microseconds duration);

}  // namespace quire::observe
