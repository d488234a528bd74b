#pragma once

#include <string>
#include <string_view>

#include "quire/importer/cell.hpp"

namespace quire::importer {

/// The value as text, appended: numbers in full, times ISO 8601, booleans "true" / "false", uuids
/// with dashes; text and bytes as they are, unchecked. Nothing for null.
void append_text(std::string& out, const Cell& cell);
/// Digits without an exponent where there are at most 21 before the point.
void append_real(std::string& out, double value);

/// Of a cell of kind `value`. Throws FormatError malformed_bson.
[[nodiscard]] bson::ValueView free_value(const Cell& cell);

[[nodiscard]] std::string hex_of(std::string_view bytes, bool upper = false);
/// UTF-8 as it is, each byte that is none as \xNN.
[[nodiscard]] std::string visible_text(std::string_view text);
/// At most `most` bytes, cut between characters, with "…" at the end where something is missing.
[[nodiscard]] std::string shortened(std::string text, std::size_t most);

}  // namespace quire::importer
