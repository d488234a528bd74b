#pragma once

#include <string>
#include <string_view>

#include "quire/bson/document.hpp"

namespace quire::bson {

/// How Extended JSON v2 is written (specification "Extended JSON", MongoDB). canonical keeps every
/// type; relaxed writes numbers and dates of common ranges as people expect; shell is what mongosh
/// takes: ObjectId("…"), ISODate("…"), unquoted nothing.
enum class JsonMode { relaxed, canonical, shell };

/// One document as JSON, on one line; `indent` > 0 spreads it over lines.
/// Throws FormatError malformed_bson, MappingError too_deep.
[[nodiscard]] std::string to_json(View document, JsonMode mode = JsonMode::relaxed, int indent = 0);
[[nodiscard]] std::string to_json(ValueView value, JsonMode mode = JsonMode::relaxed,
                                  int indent = 0);
/// The elements of `elements` as a JSON array.
[[nodiscard]] std::string array_to_json(View elements, JsonMode mode = JsonMode::relaxed,
                                        int indent = 0);

/// Reads one document in relaxed or canonical Extended JSON v2 (plain JSON is a part of it).
/// Throws FormatError malformed_json with offset, line and column, MappingError too_deep,
/// document_too_large, invalid_utf8.
[[nodiscard]] Document from_json(std::string_view json);

}  // namespace quire::bson
