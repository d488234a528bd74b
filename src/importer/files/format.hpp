#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quire/importer/source.hpp"

namespace quire::importer::files {

enum class Format { json, ndjson, csv, bson };
[[nodiscard]] std::string_view to_string(Format format) noexcept;

/// What a URI says of the files and how they are read.
struct Place {
  Format format = Format::json;
  std::filesystem::path path;
  std::string encoding;               ///< empty: UTF-8, or UTF-16 where a byte order mark says so
  std::string table;                  ///< all files of a folder are this one table
  std::vector<std::string> elements;  ///< fields of a folder's documents that are tables too
  bool extended = false;
  bool decimals = false;  ///< numbers with a fraction become decimal128
  bool header = true;
  char delimiter = ',';
  char quote = '"';  ///< 0: none
  std::string null_text = {};
  bool guess = false;
};

/// json:PATH?extended=1&numbers=decimal&encoding=…  Throws ImportError invalid_source that names
/// the option.
[[nodiscard]] Place parse_place(std::string_view uri, const SourceOptions& options);

}  // namespace quire::importer::files
