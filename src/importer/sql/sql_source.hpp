#pragma once

#include "quire/importer/source.hpp"

namespace quire::importer {

/// Where the databases' SQL differs. Stateless.
class Dialect {
 public:
  virtual ~Dialect() = default;
  /// A name with whatever it takes: quotes, dots, emoji, reserved words. A table's name has its
  /// schema in front as Table::name has.
  [[nodiscard]] virtual std::string quoted(std::string_view name) const = 0;
  [[nodiscard]] virtual std::string quoted_table(const Table& table) const = 0;
  /// What stands behind FROM for it, where that is more than its name.
  [[nodiscard]] virtual std::string read_table(const Table& table) const {
    return quoted_table(table);
  }
  /// The placeholder of parameter `number` (1 = the first), cast to the column's type where the
  /// source needs it.
  [[nodiscard]] virtual std::string parameter(int number, const Column& column) const = 0;
  /// What is selected of a column, so that the reader gets it whole: "col", "col::text" …
  [[nodiscard]] virtual std::string selected(const Column& column,
                                             std::string_view expression) const {
    (void)column;
    return std::string(expression);
  }
  /// "EXPR ASC NULLS LAST", or as the source says it. Asked of nullable columns only.
  [[nodiscard]] virtual std::string ordered(std::string_view expression,
                                            const OrderBy& by) const = 0;
  /// Whether "(a, b) > (?, ?)" enters an index of both at once (SQLite, PostgreSQL). Else it is
  /// "a >= ? AND (a > ? OR (a = ? AND b > ?))", which MySQL makes ranges of an index from.
  [[nodiscard]] virtual bool seeks_by_row() const = 0;
  /// A condition that a column whose type is an integer has one; empty where it always has.
  [[nodiscard]] virtual std::string is_number(std::string_view expression) const {
    (void)expression;
    return {};
  }
};

/// A statement with its parameters, and what its cells are.
struct Select {
  std::string text;
  struct Parameter {
    bson::Value value;  ///< as key_value() made it
    Column column;
  };
  std::vector<Parameter> parameters;
  std::vector<Column> cells;  ///< of the result, in order
};

/// Statements for a query. Nulls of nullable key columns come last. Rows with owners are joined to
/// them, so that they come in the owners' order whatever its collation. The outermost one is left
/// out where its key and what refers to it are the same type of integer and it has no condition:
/// rows whose owner is not there come too then, at their number's place. Rows of one owner come as
/// `order` and `key` say, and then by the key of the link.
/// Throw ImportError table_not_found, no_key (bounds without a key), source_changed (bounds of
/// another number of columns), invalid_mapping (an owner that is joined by nothing).
[[nodiscard]] Select select_rows(const Dialect& dialect, const Schema& schema,
                                 const RowQuery& query);
[[nodiscard]] Select select_count(const Dialect& dialect, const Schema& schema,
                                  const RowQuery& query);
/// Selects the key's columns of the row at a distance.
[[nodiscard]] Select select_key_at(const Dialect& dialect, const Schema& schema,
                                   const RowQuery& query, std::int64_t distance);
/// The owner whose key bounds are of.
[[nodiscard]] inline const Owner& outermost(const Owner& owner) {
  return owner.owner == nullptr ? owner : outermost(*owner.owner);
}
/// The key of a row (nulls are null): one value, or a document of several under their columns'
/// names.
[[nodiscard]] bson::Value key_of(std::span<const Cell> cells,
                                 const std::vector<std::string>& names);

}  // namespace quire::importer
