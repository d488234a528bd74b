#pragma once

namespace quire {

/// Of ASCII, in every locale.
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace quire
