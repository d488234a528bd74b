#pragma once

#include <cstddef>
#include <string_view>

// Boost.PFR gives names from 1.84 on. The same trick, for all versions: an object that is declared
// but never defined has members whose addresses are constants, and the compiler spells such a
// constant out in the name of a function template.

namespace quire::reflect::detail {

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

template <class T>
struct Declared {
  T value;
  // Not destroyed, not constructed: there is none.
  Declared() = delete;
  ~Declared() = delete;
};
template <class T>
extern Declared<T> extern_object;

/// "[with auto Address = (& extern_object<User>.…::User::email)]" → "email"
template <auto Address>
consteval std::string_view name_of_address() {
#if defined(__clang__) || defined(__GNUC__)
  std::string_view text = __PRETTY_FUNCTION__;
#else
#error "quire: names of members are known for GCC and Clang only."
#endif
  // GCC adds the return type's alias behind a semicolon.
  constexpr std::string_view mark = "Address = ";
  text.remove_prefix(text.find(mark) + mark.size());
  std::size_t end = 0;
  int depth = 0;
  while (end < text.size() && !(depth == 0 && (text[end] == ';' || text[end] == ']'))) {
    if (text[end] == '(' || text[end] == '<' || text[end] == '[' || text[end] == '{') ++depth;
    if (text[end] == ')' || text[end] == '>' || text[end] == ']' || text[end] == '}') --depth;
    ++end;
  }
  while (end > 0 && (text[end - 1] == ')' || text[end - 1] == ' ')) --end;
  std::size_t begin = end;
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
  };
  while (begin > 0 && is_name(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace quire::reflect::detail
