#pragma once

#include <string>
#include <string_view>

#include "quire/importer/cell.hpp"

namespace quire::importer {

/// A text that two cells share when BSON takes their values for the same: numbers by value, text
/// and bytes as they are. Appended to `out`, with an end that no other value's text has within it.
void append_identity(std::string& out, const Cell& cell);
/// "-12.340" as "-12.34", "5.00" as "5": as a whole number is written.
[[nodiscard]] std::string plain_digits(std::string_view digits);

}  // namespace quire::importer
