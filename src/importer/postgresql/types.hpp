#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "importer/postgresql/connection.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::postgresql {

/// How a value comes in PostgreSQL's binary format. What is not here is cast to text.
enum class Wire : std::uint8_t {
  boolean,
  int2,
  int4,
  int8,
  oid,
  float4,
  float8,
  numeric,
  text,
  bytea,
  date,
  time,
  timestamp,
  timestamptz,
  interval,
  uuid,
  json,
  jsonb,
  array,
  composite,
  cast_to_text
};

/// A type, domains resolved to what they rest on. Immutable.
struct Type {
  Wire wire = Wire::cast_to_text;
  ColumnType column = ColumnType::other;
  /// Something in it has to be cast to text before it is sent.
  bool has_casts = false;
  std::string cast;  ///< the type's name without a length, for parameters: "character varying"
  std::vector<std::string> enum_values;
  std::shared_ptr<const Type> element;  ///< of arrays
  struct Field;
  std::vector<Field> fields;  ///< of composites

  /// What is selected of an expression of this type so that `decode` can read it.
  [[nodiscard]] std::string selected(std::string_view expression) const;
};
struct Type::Field {
  std::string name;
  std::shared_ptr<const Type> type;
};
using TypePointer = std::shared_ptr<const Type>;

/// The types of a database, read from its catalogue once.
class Types {
 public:
  explicit Types(Connection& connection);
  [[nodiscard]] TypePointer find(std::uint32_t oid);

 private:
  struct Entry {
    std::string schema, name, cast;
    char kind;  ///< pg_type.typtype
    std::uint32_t element, base, relation;
  };
  TypePointer make(std::uint32_t oid);
  std::map<std::uint32_t, Entry> entries_;
  std::map<std::uint32_t, std::vector<std::pair<std::string, std::uint32_t>>> attributes_;
  std::map<std::uint32_t, std::vector<std::string>> labels_;
  std::map<std::uint32_t, TypePointer> made_;
};

[[nodiscard]] std::string quoted_name(std::string_view name);

}  // namespace quire::importer::postgresql
