#pragma once

#include <string>
#include <string_view>

namespace quire::backup {

/// A collection's name as a file's, as mongodump writes it: bytes but letters, digits and
/// "-_.~$&+:=@" become %XX. More than 238 bytes: the first 208, "%24" and 27 characters of the
/// name's SHA-1 in base64; then the name stands in the metadata file alone.
[[nodiscard]] std::string file_name_of(std::string_view collection);

/// Whether the name is cut off, so that the metadata file must be asked.
[[nodiscard]] bool is_cut_off(std::string_view file_name) noexcept;

/// The collection that a file name stands for. Throws StoreError corrupt for a % without two
/// hexadecimal digits.
[[nodiscard]] std::string collection_of(std::string_view file_name);

}  // namespace quire::backup
