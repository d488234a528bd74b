#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "quire/bson/view.hpp"

namespace quire::store::embedded {

/// The first eight bytes of an MD5 digest. Source: RFC 1321. Not for secrets.
[[nodiscard]] std::uint64_t md5_prefix(std::string_view bytes);
/// The 64-bit hash that a hashed index keeps of a value: numbers by their whole part, documents and
/// arrays field by field. A value of type 0 (missing) is as null.
[[nodiscard]] std::int64_t hashed_index_key(bson::ValueView value);

}  // namespace quire::store::embedded
