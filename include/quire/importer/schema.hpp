#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"

namespace quire::importer {

/// What a column's values become when no mapping says otherwise.
enum class ColumnType {
  boolean,
  int32,
  int64,
  uint64,
  real,
  decimal,
  text,
  binary,
  instant,    ///< a time with a zone
  wall_time,  ///< a time without one
  date,
  time,
  interval,
  uuid,
  json,
  array,
  composite,  ///< a row type: a document
  enumerated,
  any,    ///< told by each row: SQLite's columns, documents
  other,  ///< none of these: its text is taken (tsvector, geometry …)
};
[[nodiscard]] std::string_view to_string(ColumnType type) noexcept;

struct Column {
  std::string name;
  std::string declared;  ///< as the source writes its type: "numeric(10,2)", "tinyint(1)"
  ColumnType type = ColumnType::any;
  bool nullable = true;
  bool generated = false;  ///< the source computes it
  /// Where the row stands in its source ("_file", "_line"): comes into documents only where a rule
  /// names it, whatever `others` says.
  bool position = false;
  std::string default_text = {};
  std::vector<std::string> enum_values = {};
  ColumnType element = ColumnType::any;  ///< of an array's elements
};

/// `columns` of this table have to be values of `referenced` of another one.
struct ForeignKey {
  std::string name;
  std::vector<std::string> columns;
  std::string table;
  std::vector<std::string> referenced;
  std::string on_delete = {};  ///< "cascade", "set null", …; empty: no action
};

enum class TableKind { table, view, partitioned, foreign, collection, files };
[[nodiscard]] std::string_view to_string(TableKind kind) noexcept;

struct Table {
  std::string name;  ///< with the schema in front where it is not the default one: "audit.events"
  TableKind kind = TableKind::table;
  std::vector<Column> columns;
  std::vector<std::string> primary_key = {};
  std::vector<std::vector<std::string>> unique = {};  ///< other unique keys, of columns alone
  std::vector<ForeignKey> foreign_keys = {};
  std::int64_t rows = -1;   ///< an estimate; -1 = not known
  std::int64_t bytes = -1;  ///< on disk, with indexes; -1 = not known
  std::string comment = {};
  /// The primary key, else the first unique key whose columns are never null, else a number that
  /// the source gives its rows ("rowid"); empty: none of these.
  std::vector<std::string> key = {};

  [[nodiscard]] const Column* find(std::string_view column) const noexcept;
  /// Throws ImportError table_not_found that names columns with a near name.
  [[nodiscard]] const Column& at(std::string_view column) const;
};

/// The tables of a source.
struct Schema {
  std::vector<Table> tables;               ///< by name
  std::vector<std::string> left_out = {};  ///< what was seen and cannot be read, with the reason

  [[nodiscard]] const Table* find(std::string_view table) const noexcept;
  /// Throws ImportError table_not_found that names tables with a near name.
  [[nodiscard]] const Table& at(std::string_view table) const;
};

/// Tables so that each comes after those that it refers to; a table that refers to itself has no
/// say. Those that refer to each other in a circle stay in the order of `tables`, and the circles
/// are told.
struct TableOrder {
  std::vector<std::string> tables;
  std::vector<std::vector<std::string>> circles;
};
[[nodiscard]] TableOrder dependency_order(const Schema& schema,
                                          const std::vector<std::string>& tables);

/// What a job's header keeps of a table: names, types and keys of `columns`, not estimates.
[[nodiscard]] bson::Document identity_of(const Table& table,
                                         const std::vector<std::string>& columns);

}  // namespace quire::importer
