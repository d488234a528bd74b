#pragma once

#include <map>
#include <string>

#include "importer/postgresql/types.hpp"
#include "importer/sql/sql_source.hpp"

namespace quire::importer::postgresql {

/// What a database has, and how its tables and types are named in statements. Immutable.
class Catalogue {
 public:
  explicit Catalogue(Connection& connection);

  [[nodiscard]] const Schema& schema() const noexcept { return schema_; }
  /// Schema and name, quoted.
  [[nodiscard]] const std::string& sql_name(const Table& table) const;
  /// The same for FROM: with ONLY where tables that inherit from it are tables of the schema too.
  [[nodiscard]] std::string read_name(const Table& table) const;
  /// Whether it has rows of its own, whose versions can be told.
  [[nodiscard]] bool has_rows(const Table& table) const;
  [[nodiscard]] const Type& type_of(const Column& column) const;

 private:
  struct Relation;
  using Relations = std::map<std::uint32_t, Relation>;
  void read_tables(Connection& connection, Relations& relations);
  void read_columns(Connection& connection, Relations& relations);
  static void read_keys(Connection& connection, Relations& relations);
  static void read_foreign_keys(Connection& connection, Relations& relations);
  void read_large_objects(Connection& connection);
  void take(Relations& relations);

  Types types_;
  Schema schema_;
  struct Name {
    std::string quoted;
    bool has_heirs = false;
  };
  std::map<std::string, Name, std::less<>> names_;
  std::map<std::string, TypePointer, std::less<>> by_declared_;
};

/// PostgreSQL's part of the statements. Parameters are marks that `bound` puts values in for.
class PostgresqlDialect : public Dialect {
 public:
  explicit PostgresqlDialect(const Catalogue& catalogue) : catalogue_(catalogue) {}
  [[nodiscard]] std::string quoted(std::string_view name) const override {
    return quoted_name(name);
  }
  [[nodiscard]] std::string quoted_table(const Table& table) const override {
    return catalogue_.sql_name(table);
  }
  [[nodiscard]] std::string read_table(const Table& table) const override {
    return catalogue_.read_name(table);
  }
  [[nodiscard]] std::string parameter(int number, const Column& column) const override;
  [[nodiscard]] std::string selected(const Column& column,
                                     std::string_view expression) const override {
    return catalogue_.type_of(column).selected(expression);
  }
  [[nodiscard]] std::string ordered(std::string_view expression, const OrderBy& by) const override;
  [[nodiscard]] bool seeks_by_row() const override { return true; }

 private:
  const Catalogue& catalogue_;
};

/// The statement with its parameters as literals: COPY takes no others.
[[nodiscard]] std::string bound(const Select& select);

}  // namespace quire::importer::postgresql
