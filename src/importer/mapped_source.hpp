#pragma once

#include "importer/row_source.hpp"
#include "migrate/data/row_source.hpp"

namespace quire::importer {

/// The mapped rows of one table as a data job takes them: keys are MappedRow::key.
class MappedSource final : public migrate::data::RowSource {
 public:
  /// `limit`: rows from the start; 0 = all. `check`: may throw what it has against a document.
  MappedSource(Source& source, const CompiledTable& table, std::int64_t limit,
               std::function<void(bson::View)> check);

  [[nodiscard]] bson::Document identity() override;
  [[nodiscard]] std::unique_ptr<migrate::data::RowSide> open() override;
  [[nodiscard]] Size size() override;
  [[nodiscard]] bool one_each() const override;
  [[nodiscard]] bool in_order() const override;
  [[nodiscard]] bool reads_ahead() const noexcept override { return true; }
  [[nodiscard]] std::string consistency() const override;

 private:
  [[nodiscard]] bool is_database() const;
  friend class MappedSide;
  Source& source_;
  const CompiledTable& table_;
  std::int64_t limit_;
  std::function<void(bson::View)> check_;
  std::optional<bson::Value> last_;  ///< of a limit: the key of the last row that counts
};

}  // namespace quire::importer
