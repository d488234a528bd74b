#pragma once

#include <string>
#include <string_view>

/// Text of a source in reports that are Markdown.
namespace quire::importer {

/// Within a cell of a table.
[[nodiscard]] inline std::string table_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}
/// Within a heading.
[[nodiscard]] inline std::string heading(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return out;
}

}  // namespace quire::importer
