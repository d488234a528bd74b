#pragma once

#include <array>
#include <string_view>

#include "quire/importer/cell.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::sqlite {

/// What a declared type is meant as. SQLite keeps whatever it is given in almost any column, so it
/// is no more than that: each value tells what it is.
[[nodiscard]] ColumnType meant_type(std::string_view declared) noexcept;

/// Room for digits of a number, so that a cell can view them.
using Digits = std::array<char, 40>;

/// A value that SQLite has as an integer, a real or text, in a column that is meant as `type`. What
/// it cannot be meant as, it stays.
[[nodiscard]] Cell cell_of_integer(std::int64_t value, ColumnType type, Digits& digits);
[[nodiscard]] Cell cell_of_real(double value, ColumnType type, Digits& digits);
[[nodiscard]] Cell cell_of_text(std::string_view text, ColumnType type);
[[nodiscard]] Cell cell_of_bytes(std::string_view bytes, ColumnType type);

}  // namespace quire::importer::sqlite
