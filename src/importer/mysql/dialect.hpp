#pragma once

#include <mysql.h>

#include <string>

#include "importer/sql/sql_source.hpp"

namespace quire::importer::mysql {

class MysqlDialect : public Dialect {
 public:
  [[nodiscard]] std::string quoted(std::string_view name) const override;
  [[nodiscard]] std::string quoted_table(const Table& table) const override {
    return quoted(table.name);
  }
  [[nodiscard]] std::string parameter(int, const Column&) const override { return "?"; }
  [[nodiscard]] std::string selected(const Column& column,
                                     std::string_view expression) const override;
  [[nodiscard]] std::string ordered(std::string_view expression, const OrderBy& by) const override;
  [[nodiscard]] bool seeks_by_row() const override { return false; }
};

/// A parameter so that the server compares it by its column's own rules: a number as a number, an
/// ENUM by its place.
struct Parameter {
  enum_field_types type = MYSQL_TYPE_NULL;
  bool is_unsigned = false;
  std::int64_t number = 0;
  double real = 0;
  std::string text = {};
};
/// Throws ImportError unreadable_value for what is no key of such a column.
[[nodiscard]] Parameter parameter_of(const Select::Parameter& parameter);

/// Whether a type is one of the geometries, which come as "SRID=4326;POINT(1 2)".
[[nodiscard]] bool is_geometry(std::string_view declared) noexcept;

}  // namespace quire::importer::mysql
