#pragma once

#include <cstddef>

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

/// A text without std::string_view's alias, which GCC would spell out behind the address.
struct Spelling {
  const char* begin;
  std::size_t size;
};

/// "[with auto Address = (& extern_object<User>.…::User::email)]" → "email"; read from the back,
/// since the types before it may be long.
template <auto Address>
consteval Spelling name_of_address() {
#if defined(__clang__) || defined(__GNUC__)
  const char* text = __PRETTY_FUNCTION__;
  std::size_t end = sizeof(__PRETTY_FUNCTION__) - 1;
#else
#error "quire: names of members are known for GCC and Clang only."
#endif
  while (end > 0 && (text[end - 1] == ']' || text[end - 1] == ')' || text[end - 1] == ' ')) --end;
  std::size_t begin = end;
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
  };
  while (begin > 0 && is_name(text[begin - 1])) --begin;
  return {text + begin, end - begin};
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace quire::reflect::detail
