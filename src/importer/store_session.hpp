#pragma once

#include "importer/store_source.hpp"

namespace quire::importer {

class StoreSession final : public SourceSession {
 public:
  explicit StoreSession(StoreSource& source) : source_(source) {}
  [[nodiscard]] std::unique_ptr<RowReader> read(const RowQuery& query) override;
  [[nodiscard]] std::int64_t count(const RowQuery& query) override;
  [[nodiscard]] std::optional<bson::Value> key_at(const RowQuery& query,
                                                  std::int64_t distance) override;
  /// Stores keep nothing of the kind: empty.
  [[nodiscard]] std::string fingerprint(const Table&) override { return {}; }

 private:
  StoreSource& source_;
};

}  // namespace quire::importer
