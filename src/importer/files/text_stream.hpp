#pragma once

#include <memory>
#include <string>

#include "importer/files/byte_stream.hpp"

namespace quire::importer::files {

/// The bytes as UTF-8. A byte order mark of UTF-16 is obeyed and left out, one of UTF-8 stays. What
/// is no text in `encoding` comes as the byte FF, which no UTF-8 has, so that its record is
/// refused. Encodings: those of iconv; empty or "utf-8": the bytes as they are, not checked.
[[nodiscard]] std::unique_ptr<ByteStream> as_text(std::unique_ptr<ByteStream> bytes,
                                                  const std::string& encoding);

/// Throws ImportError invalid_source for an encoding that nobody here knows.
void check_encoding(const std::string& encoding);

}  // namespace quire::importer::files
