#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quire/importer/mapping.hpp"

namespace quire::importer {

/// The columns that a row offers to the rules of a mapping, and who takes which.
class RowShape {
 public:
  explicit RowShape(const Table& table) : table_(table) {}

  /// Columns that are not the source's: of unpivot and pivot.
  void add_made(const std::string& name, const Column& like);
  /// Columns of a link that come with a child's own.
  void set_link(const Table& link, const std::vector<std::string>& taken);
  /// Has to be read.
  void need(const std::string& name);
  /// Does not come under its own name.
  void take(const std::string& name);

  void need_rules(const std::vector<FieldRule>& fields);
  /// Rules with `from` take their columns, and those that are skipped are.
  void take_rules(const std::vector<FieldRule>& fields, const std::vector<std::string>& skip);
  /// Columns that come under their own name, where they may; in the order of the table.
  [[nodiscard]] std::vector<std::string> others(const TypePolicy& types) const;

  /// Fixes what is read. Cells then have places.
  void close();
  /// Of the table's own; cells of it begin at `before`.
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return read_; }
  [[nodiscard]] std::size_t made() const noexcept { return made_.size(); }
  [[nodiscard]] bool is_made(std::string_view name) const noexcept;
  /// The place of a column's cell where `before` cells stand before the columns.
  [[nodiscard]] std::size_t cell(const std::string& name, std::size_t before) const;
  /// Null: a number that the source gives its rows, or no such column.
  [[nodiscard]] const Column* column(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] const Table& table() const noexcept { return table_; }

 private:
  const Table& table_;
  const Table* link_ = nullptr;
  std::vector<std::string> link_taken_;
  std::vector<Column> made_;
  std::vector<std::string> needed_;
  std::vector<std::string> taken_;
  std::vector<std::string> read_;
};

/// A column of the table, or the number that the source gives its rows.
[[nodiscard]] bool has_column(const Table& table, std::string_view name) noexcept;
[[nodiscard]] bool contains(const std::vector<std::string>& names, std::string_view name) noexcept;
void add_once(std::vector<std::string>& names, const std::string& name);
[[nodiscard]] std::vector<std::string> columns_of(const FieldRule& rule);
[[nodiscard]] std::vector<std::string> columns_of_format(std::string_view format);
/// Of a rule with `hash_of`: one of its columns may be null.
[[nodiscard]] bool hash_may_be_null(const RowShape& row, const FieldRule& rule) noexcept;
/// Of a child's parent.
[[nodiscard]] const std::vector<std::string>& referenced_of(const ChildRule& rule,
                                                            const Table& parent) noexcept;

}  // namespace quire::importer
