#include "migrate/digest.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>
#include <cstdio>

namespace quire::migrate {

Hash128 hash_of(bson::View document) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(document.data(), document.size());
  return {hash.low64, hash.high64};
}

std::string Digest::hex() const {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(sum_.high),
                static_cast<unsigned long long>(sum_.low));
  return text;
}

Digest Digest::from(std::int64_t documents, std::string_view hex) noexcept {
  Digest digest;
  digest.documents_ = documents;
  if (hex.size() != 32) return digest;
  const char* at = hex.data();
  std::uint64_t high = 0, low = 0;
  if (std::from_chars(at, at + 16, high, 16).ptr != at + 16 ||
      std::from_chars(at + 16, at + 32, low, 16).ptr != at + 32)
    return digest;
  digest.sum_ = {low, high};
  return digest;
}

}  // namespace quire::migrate
