#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quire::importer {

/// A value of an enumeration and how it is written.
template <class E>
struct Named {
  E value;
  std::string_view name;
};
template <class E, std::size_t N>
[[nodiscard]] constexpr std::string_view name_of(const Named<E> (&names)[N], E value) noexcept {
  for (const auto& one : names) {
    if (one.value == value) return one.name;
  }
  return "unknown";
}
template <class E, std::size_t N>
[[nodiscard]] std::optional<E> value_of(const Named<E> (&names)[N],
                                        std::string_view name) noexcept {
  for (const auto& one : names) {
    if (one.name == name) return one.value;
  }
  return std::nullopt;
}

/// "a, b, c".
[[nodiscard]] std::string listed(std::span<const std::string> names);
/// In double quotes.
[[nodiscard]] std::string in_quotes(std::string_view name);
/// "; did you mean "x" or "y"?" with up to three that are near, or an empty text.
[[nodiscard]] std::string near_names(std::string_view name, std::span<const std::string> names);

}  // namespace quire::importer
