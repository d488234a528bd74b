#pragma once

#include <string>

#include "quire/importer/schema.hpp"

namespace quire::importer {

/// What sessions of one snapshot can tell besides SourceSession::fingerprint().
class SeesSnapshot {
 public:
  virtual ~SeesSnapshot() = default;
  /// As fingerprint(), of the moment that the session sees: what is written behind it makes the two
  /// differ. Nothing may be missed, so that it may differ although nothing was written.
  [[nodiscard]] virtual std::string fingerprint_of_snapshot(const Table& table) = 0;
};

}  // namespace quire::importer
