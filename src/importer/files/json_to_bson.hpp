#pragma once

#include <memory>
#include <string_view>

#include "importer/files/json_fault.hpp"
#include "quire/bson/view.hpp"

namespace quire::importer::files {

/// JSON texts into documents, one after the other, in a buffer that is kept. One thread.
/// Whole numbers become int32, int64, decimal128 by size, beyond 34 digits double; others double,
/// or decimal128 where that is asked for or where they are too large for a double.
class JsonToBson {
 public:
  struct Options {
    bool extended = false;  ///< Extended JSON: {"$oid": …}
    bool decimals = false;
  };
  explicit JsonToBson(Options options);
  ~JsonToBson();
  /// The document, until the next call. Window::padding bytes behind the text must be readable.
  /// Throws JsonFault for what is no JSON object in UTF-8, a field that comes twice, more than
  /// bson::max_depth levels, more than bson::max_document_bytes.
  [[nodiscard]] bson::View convert(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::importer::files
