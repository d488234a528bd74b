#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "importer/postgresql/types.hpp"
#include "quire/importer/cell.hpp"

namespace quire::importer::postgresql {

/// The first bytes as a number. There have to be as many.
template <class T>
[[nodiscard]] T big_endian(std::string_view bytes) noexcept {
  std::make_unsigned_t<T> value;
  std::memcpy(&value, bytes.data(), sizeof value);
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof value == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof value == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof value == 8) value = __builtin_bswap64(value);
  }
  return static_cast<T>(value);
}

/// An array or a composite as the bytes of BSON, in `scratch`.
[[nodiscard]] Cell decode_nested(const Type& type, std::string_view bytes, std::string& scratch);

}  // namespace quire::importer::postgresql
