#pragma once

#include "quire/importer/schema.hpp"

namespace quire::importer {

/// Whether a column's values are numbers, booleans among them.
constexpr bool is_number(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean:
    case ColumnType::int32:
    case ColumnType::int64:
    case ColumnType::uint64:
    case ColumnType::real:
    case ColumnType::decimal:
      return true;
    default:
      return false;
  }
}

constexpr bool is_text(ColumnType type) noexcept {
  return type == ColumnType::text || type == ColumnType::enumerated;
}

}  // namespace quire::importer
