#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "importer/postgresql/connection.hpp"

namespace quire::importer::postgresql {

/// The source as it was at one moment, and connections that see it so. One of them, which does
/// nothing else, keeps the moment. Thread-safe.
class Snapshot {
 public:
  explicit Snapshot(const Options& options);

  /// A connection in a transaction that sees the moment: one that was given back, or a new one.
  /// Throws ImportError source_failed where that would be one too many for the URI or the server.
  [[nodiscard]] std::unique_ptr<Connection> take();
  /// Gives one back whose last statement was read to its end.
  void give(std::unique_ptr<Connection> connection);
  /// Gives one back whose statement failed or was cancelled.
  void give_failed(std::unique_ptr<Connection> connection) noexcept;

 private:
  void begin(Connection& connection) const;
  [[nodiscard]] std::unique_ptr<Connection> connect(std::size_t open) const;
  const Options& options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t readers_ = 0;  ///< idle or taken
  Connection keeper_;
  std::string name_;
};

}  // namespace quire::importer::postgresql
