#pragma once

#include "postgresql.hpp"
#include "quire/importer/source.hpp"

/// Types of PostgreSQL and what is read of their values: shared by the tests of plain types and of
/// those that hold others.
namespace quire::importer::test_cells {

struct Value {
  std::string literal;   ///< SQL
  std::string expected;  ///< the cell's kind and its display
};
struct TypeCase {
  std::string name;
  std::string type;
  ColumnType column;
  std::vector<Value> values;
  std::string before = {};  ///< statements that make the type
};
inline void PrintTo(const TypeCase& one, std::ostream* out) { *out << one.type; }

inline std::string described(const Cell& cell) {
  if (cell.kind == Cell::Kind::unreadable) return "unreadable";
  return std::string(to_string(cell.kind)) + " " + display(cell, 400);
}

/// Writes the values and a null into a table, and reads them as a source.
inline void expect_cells(const TypeCase& tried) {
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  test::PgSchema database(server);
  if (!tried.before.empty()) database.run(tried.before);
  database.run("CREATE TABLE cells (id int PRIMARY KEY, v " + tried.type + ")");
  int id = 0;
  for (const Value& value : tried.values)
    database.run("INSERT INTO cells VALUES (" + std::to_string(id++) + ", " + value.literal + ")");
  database.run("INSERT INTO cells VALUES (" + std::to_string(id) + ", NULL)");

  const auto source = open_source(database.uri());
  EXPECT_EQ(source->schema().at("cells").at("v").type, tried.column);
  const auto session = source->open();
  RowQuery query;
  query.table = "cells";
  query.columns = {"v"};
  query.key = {"id"};
  const auto rows = session->read(query);
  for (const Value& value : tried.values) {
    const auto row = rows->next();
    ASSERT_EQ(row.size(), 1U) << value.literal;
    EXPECT_EQ(described(row[0]), value.expected) << value.literal;
  }
  const auto last = rows->next();
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(described(last[0]), "null null");
  EXPECT_TRUE(rows->next().empty());
}

inline std::string name_of(const ::testing::TestParamInfo<TypeCase>& row) { return row.param.name; }

}  // namespace quire::importer::test_cells
