#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quire::importer::postgresql {

constexpr std::size_t default_connections = 100;

/// What libpq is told, and what may be shown of it.
struct Options {
  std::vector<std::pair<std::string, std::string>> parameters;  ///< libpq's keywords and values
  std::vector<std::string> secrets;                             ///< values that no text may hold
  std::string location;                           ///< "postgresql://host:port/database"
  std::size_t connections = default_connections;  ///< at the same time, at most

  /// Without secrets, line ends and libpq's own prefixes.
  [[nodiscard]] std::string shown(std::string_view message) const;
};

/// A URI as libpq reads it, with what the source needs where the URI does not say otherwise: UTF-8,
/// time-outs, keep-alives. The option `connections` is not libpq's. Throws ImportError
/// invalid_source, in whose text there is nothing of the URI.
[[nodiscard]] Options parse_uri(std::string_view uri, std::chrono::milliseconds connect_timeout);

}  // namespace quire::importer::postgresql
