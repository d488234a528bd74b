#pragma once

#include <memory>
#include <memory_resource>
#include <vector>

#include "importer/row_writer.hpp"

namespace quire::importer {

/// The rows of a child, and of its children, that belong to one row of the table: kept, to be in
/// several documents. Memory: these rows. One thread.
class KeptRows {
 public:
  explicit KeptRows(ChildRows& from);
  /// Takes the rows that belong to the row with this key, in place of those that were kept.
  void take(std::span<const Cell> parent, const std::vector<std::size_t>& key);
  /// From the first. Valid until the next take().
  [[nodiscard]] ChildRows rows() const;

 private:
  class Reader;
  ChildRows* from_;
  std::vector<KeptRows> children_;
  std::unique_ptr<std::pmr::monotonic_buffer_resource> texts_;
  std::vector<Cell> cells_;
  std::size_t width_ = 0;  ///< cells of a row
};

}  // namespace quire::importer
