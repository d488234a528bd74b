#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "quire/bson/view.hpp"

namespace quire::bson::detail {

/// is_utf8, with ASCII, which is nearly all of it, looked at in place eight bytes at a time.
inline bool text_is_utf8(std::string_view text) noexcept {
  constexpr std::uint64_t high = 0x8080808080808080U;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t seen = 0;
  if (left >= 8) {
    const char* last = at + left - 8;
    for (; at < last; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      seen |= word;
    }
    std::uint64_t word;
    std::memcpy(&word, last, 8);
    seen |= word;
  } else if (left >= 4) {
    std::uint32_t first, last;
    std::memcpy(&first, at, 4);
    std::memcpy(&last, at + left - 4, 4);
    seen = first | last;
  } else {
    while (left-- > 0) seen |= static_cast<std::uint8_t>(*at++);
  }
  if ((seen & high) == 0) [[likely]]
    return true;
  return is_utf8(text);
}

}  // namespace quire::bson::detail
