#pragma once

namespace quire::test {

/// Whether the sanitizer of addresses or of threads is in: a program is several times as slow with
/// it, and its memory is not what it is without.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

/// How many rounds of what is the same in each but for its seed.
constexpr int rounds(int all) { return sanitized ? all / 10 : all; }

}  // namespace quire::test
