#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "quire/importer/cell.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::files {

/// What the texts of a column could all be. Only forms from which the text can be made again:
/// 007, 1e5 and 01/02/2024 are text.
class GuessedType {
 public:
  void add(std::string_view text);
  /// text where there was none, or where they have not one type.
  [[nodiscard]] ColumnType type() const;

 private:
  std::uint32_t seen_ = 0;
};

/// The text as a cell of that type; nothing where it is none.
[[nodiscard]] std::optional<Cell> cell_of_text(std::string_view text, ColumnType type);

}  // namespace quire::importer::files
