#pragma once

#include <cstddef>
#include <string_view>

namespace quire::reflect {

/// The type's own name without namespaces and enclosing classes: "Circle" for shapes::Circle,
/// "Pair<int, shapes::Circle>" for a template's.
template <class Type>
[[nodiscard]] consteval std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::string_view mark = "Type = ";
  text.remove_prefix(text.find(mark) + mark.size());
  std::size_t end = 0;
  std::size_t begin = 0;
  int depth = 0;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    if (depth == 0 && (c == ';' || c == ']')) break;
    if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == ']' || c == '}') --depth;
    if (depth == 0 && c == ':') begin = end + 1;
  }
  return text.substr(begin, end - begin);
}

}  // namespace quire::reflect
