#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

/// The checksums of rows: part of the file format (docs/formats/file.md).
namespace quire::store::embedded {

/// Of a row of a collection: covers the body and the key of its _id.
[[nodiscard]] inline std::uint32_t body_sum(std::string_view id_key, std::string_view body) {
  const std::uint64_t id = XXH3_64bits(id_key.data(), id_key.size());
  const std::uint64_t all = XXH3_64bits(body.data(), body.size()) ^ (id * 0x9E3779B185EBCA87ULL);
  return static_cast<std::uint32_t>(all);
}

/// Of a row of an index: covers the key and the row number that it points to.
[[nodiscard]] inline std::uint32_t entry_sum(std::string_view key, std::int64_t rid) {
  return static_cast<std::uint32_t>(
      XXH3_64bits_withSeed(key.data(), key.size(), static_cast<std::uint64_t>(rid)));
}

/// Of a row of the catalog.
[[nodiscard]] inline std::uint32_t plain_sum(std::string_view bytes) {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace quire::store::embedded
