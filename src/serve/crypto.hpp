#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What SCRAM-SHA-256 needs of libcrypto, on raw bytes. Throws Error internal when that fails.
namespace quire::serve::crypto {

[[nodiscard]] std::string random_bytes(std::size_t count);
[[nodiscard]] std::string sha256(std::string_view bytes);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// PBKDF2 with HMAC-SHA-256, 32 bytes.
[[nodiscard]] std::string pbkdf2(std::string_view password, std::string_view salt,
                                 std::int32_t iterations);
/// In a time that does not depend on where they differ.
[[nodiscard]] bool same_bytes(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] std::string xor_bytes(std::string_view a, std::string_view b);

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing for text that is no base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace quire::serve::crypto
