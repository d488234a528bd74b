#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "quire/importer/source.hpp"
#include "quire/store/store.hpp"

namespace quire::importer {

/// Another store as a source: its collections and views are tables, told by _id.
class StoreSource final : public Source {
 public:
  StoreSource(std::string_view uri, const SourceOptions& options);
  [[nodiscard]] std::string_view kind() const noexcept override { return "quire"; }
  [[nodiscard]] std::string location() const override { return location_; }
  [[nodiscard]] const Schema& schema() override;
  [[nodiscard]] std::unique_ptr<SourceSession> open() override;
  [[nodiscard]] std::string_view snapshot() const noexcept override { return "multi"; }

  [[nodiscard]] store::Store& store() const noexcept { return *store_; }
  [[nodiscard]] const std::string& database() const noexcept { return database_; }

 private:
  void look_through();
  [[nodiscard]] Table table_of(const store::CollectionInfo& info);

  std::shared_ptr<store::Store> store_;
  std::string location_;
  std::string database_;
  std::int64_t sample_ = 100'000;  ///< documents that are looked at; 0 = all
  std::once_flag once_;
  Schema schema_;
};

}  // namespace quire::importer
