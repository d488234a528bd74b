#include "importer/postgresql/types.hpp"

#include <cstdlib>

namespace quire::importer::postgresql {
namespace {

constexpr const char* types_query =
    "SELECT t.oid, n.nspname, t.typname, pg_catalog.format_type(t.oid, -1), t.typtype, "
    "CASE WHEN t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc THEN t.typelem ELSE 0 END, "
    "t.typbasetype, t.typrelid "
    "FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
    "WHERE t.typtype <> 'p'";
constexpr const char* attributes_query =
    "SELECT a.attrelid, a.attname, a.atttypid FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0 "
    "AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') "
    "ORDER BY a.attrelid, a.attnum";
constexpr const char* labels_query =
    "SELECT enumtypid, enumlabel FROM pg_catalog.pg_enum ORDER BY enumtypid, enumsortorder";

struct BuiltIn {
  std::string_view name;
  Wire wire;
  ColumnType column;
};
constexpr BuiltIn built_in[] = {
    {"bool", Wire::boolean, ColumnType::boolean},
    {"int2", Wire::int2, ColumnType::int32},
    {"int4", Wire::int4, ColumnType::int32},
    {"int8", Wire::int8, ColumnType::int64},
    {"oid", Wire::oid, ColumnType::int64},
    {"float4", Wire::float4, ColumnType::real},
    {"float8", Wire::float8, ColumnType::real},
    {"numeric", Wire::numeric, ColumnType::decimal},
    {"text", Wire::text, ColumnType::text},
    {"varchar", Wire::text, ColumnType::text},
    {"bpchar", Wire::text, ColumnType::text},
    {"name", Wire::text, ColumnType::text},
    {"bytea", Wire::bytea, ColumnType::binary},
    {"date", Wire::date, ColumnType::date},
    {"time", Wire::time, ColumnType::time},
    {"timestamp", Wire::timestamp, ColumnType::wall_time},
    {"timestamptz", Wire::timestamptz, ColumnType::instant},
    {"interval", Wire::interval, ColumnType::interval},
    {"uuid", Wire::uuid, ColumnType::uuid},
    {"json", Wire::json, ColumnType::json},
    {"jsonb", Wire::jsonb, ColumnType::json},
};

std::uint32_t number_at(const PGresult* result, int row, int column) {
  return static_cast<std::uint32_t>(std::strtoul(PQgetvalue(result, row, column), nullptr, 10));
}

TypePointer text_type(std::string cast) {
  Type out;
  out.has_casts = true;
  out.cast = std::move(cast);
  return std::make_shared<const Type>(std::move(out));
}

}  // namespace

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string Type::selected(std::string_view expression) const {
  const std::string inner = "(" + std::string(expression) + ")";
  if (!has_casts) return std::string(expression);
  if (wire == Wire::array) return inner + "::pg_catalog.text[]";
  if (wire != Wire::composite) return inner + "::pg_catalog.text";
  // A row of nulls is not null, and "IS NULL" says that it is.
  std::string out = "CASE WHEN " + inner + " IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW(";
  for (const Field& field : fields) {
    if (&field != &fields.front()) out += ", ";
    out += field.type->selected(inner + "." + quoted_name(field.name));
  }
  return out + ") END";
}

Types::Types(Connection& connection) {
  constexpr std::string_view doing = "reading the types";
  const Result types = connection.query(types_query, doing);
  for (int i = 0; i < PQntuples(types.get()); ++i) {
    const auto text = [&](int column) { return PQgetvalue(types.get(), i, column); };
    entries_[number_at(types.get(), i, 0)] = {text(1),
                                              text(2),
                                              text(3),
                                              *text(4),
                                              number_at(types.get(), i, 5),
                                              number_at(types.get(), i, 6),
                                              number_at(types.get(), i, 7)};
  }
  const Result attributes = connection.query(attributes_query, doing);
  for (int i = 0; i < PQntuples(attributes.get()); ++i)
    attributes_[number_at(attributes.get(), i, 0)].emplace_back(PQgetvalue(attributes.get(), i, 1),
                                                                number_at(attributes.get(), i, 2));
  const Result labels = connection.query(labels_query, doing);
  for (int i = 0; i < PQntuples(labels.get()); ++i)
    labels_[number_at(labels.get(), i, 0)].emplace_back(PQgetvalue(labels.get(), i, 1));
}

TypePointer Types::find(std::uint32_t oid) {
  if (const auto known = made_.find(oid); known != made_.end()) return known->second;
  TypePointer made = make(oid);
  made_[oid] = made;
  return made;
}

TypePointer Types::make(std::uint32_t oid) {
  const auto found = entries_.find(oid);
  if (found == entries_.end()) return text_type("pg_catalog.text");
  const Entry& entry = found->second;
  if (entry.kind == 'd') return find(entry.base);
  Type out;
  out.cast = entry.cast;
  if (entry.element != 0) {
    out.wire = Wire::array;
    out.column = ColumnType::array;
    out.element = find(entry.element);
    out.has_casts = out.element->has_casts;
    // Such elements come as text, composites too.
    if (out.has_casts) out.element = text_type("pg_catalog.text");
  } else if (entry.kind == 'c' && attributes_.contains(entry.relation)) {
    out.wire = Wire::composite;
    out.column = ColumnType::composite;
    for (const auto& [name, type] : attributes_[entry.relation]) {
      out.fields.push_back({name, find(type)});
      out.has_casts = out.has_casts || out.fields.back().type->has_casts;
    }
  } else if (entry.kind == 'e') {
    out.wire = Wire::text;
    out.column = ColumnType::enumerated;
    out.enum_values = labels_[oid];
  } else if (entry.name == "citext") {
    out.wire = Wire::text;
    out.column = ColumnType::text;
  } else {
    const BuiltIn* known = nullptr;
    if (entry.schema == "pg_catalog")
      for (const BuiltIn& one : built_in)
        if (one.name == entry.name) known = &one;
    if (known == nullptr) return text_type(entry.cast);
    out.wire = known->wire;
    out.column = known->column;
  }
  return std::make_shared<const Type>(std::move(out));
}

}  // namespace quire::importer::postgresql
