#include "importer/postgresql/catalogue.hpp"

#include <algorithm>
#include <cstdlib>

namespace quire::importer::postgresql {
namespace {

/// Tables and what reads like one. Partitions come with the table that they are parts of.
#define QUIRE_RELATIONS                                                                  \
  "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace " \
  "%JOIN% "                                                                              \
  "WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition "               \
  "AND n.nspname NOT IN ('pg_catalog', 'information_schema') "                           \
  "AND n.nspname !~ '^pg_(toast|temp)' "

std::string relations(std::string_view what, std::string_view join, std::string_view order) {
  std::string from = QUIRE_RELATIONS;
  from.replace(from.find("%JOIN%"), 6, join);
  return "SELECT " + std::string(what) + " " + from + "ORDER BY " + std::string(order);
}
#undef QUIRE_RELATIONS

/// Of a partitioned table the sum over its parts; null: not known.
std::string sum_of_parts(const std::string& what) {
  return "CASE WHEN c.relkind = 'p' THEN (SELECT pg_catalog.sum(x.v) FROM (SELECT " + what +
         " AS v FROM pg_catalog.pg_partition_tree(c.oid) t "
         "JOIN pg_catalog.pg_class p ON p.oid = t.relid WHERE t.isleaf) x WHERE x.v >= 0) ";
}

bool is_true(const char* text) { return *text == 't'; }

std::string_view action(char code) {
  switch (code) {
    case 'c':
      return "cascade";
    case 'n':
      return "set null";
    case 'd':
      return "set default";
    case 'r':
      return "restrict";
    default:
      return "";
  }
}

TableKind kind_of(char code) {
  switch (code) {
    case 'v':
    case 'm':
      return TableKind::view;
    case 'f':
      return TableKind::foreign;
    case 'p':
      return TableKind::partitioned;
    default:
      return TableKind::table;
  }
}

/// The rows of a result, with columns by number.
class Rows {
 public:
  explicit Rows(Result result) : result_(std::move(result)) {}
  bool next() { return ++row_ < PQntuples(result_.get()); }
  const char* operator[](int column) const { return PQgetvalue(result_.get(), row_, column); }
  bool is_null(int column) const { return PQgetisnull(result_.get(), row_, column) != 0; }
  std::int64_t number(int column) const {
    return is_null(column) ? -1 : std::strtoll((*this)[column], nullptr, 10);
  }
  std::uint32_t oid(int column) const { return static_cast<std::uint32_t>(number(column)); }

 private:
  Result result_;
  int row_ = -1;
};

}  // namespace

struct Catalogue::Relation {
  Table table;
  Name name;
  std::vector<std::string> unreadable;  ///< columns
};

Catalogue::Catalogue(Connection& connection) : types_(connection) {
  Relations relations;
  read_tables(connection, relations);
  read_columns(connection, relations);
  read_keys(connection, relations);
  read_foreign_keys(connection, relations);
  read_large_objects(connection);
  take(relations);
}

void Catalogue::read_tables(Connection& connection, Relations& relations_read) {
  const std::string rows =
      sum_of_parts("p.reltuples") + "WHEN c.relkind IN ('v', 'f') THEN -1 ELSE c.reltuples END";
  const std::string bytes = sum_of_parts("pg_catalog.pg_total_relation_size(p.oid)") +
                            "WHEN c.relkind IN ('v', 'f') THEN -1 "
                            "ELSE pg_catalog.pg_total_relation_size(c.oid) END";
  Rows row(connection.query(
      relations("c.oid, n.nspname, c.relname, c.relkind, c.relhassubclass, "
                "n.nspname IS NOT DISTINCT FROM pg_catalog.current_schema(), "
                "pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND "
                "pg_catalog.has_any_column_privilege(c.oid, 'SELECT'), "
                "pg_catalog.row_security_active(c.oid), c.relispopulated, (" +
                    rows + ")::pg_catalog.int8, (" + bytes +
                    ")::pg_catalog.int8, pg_catalog.obj_description(c.oid, 'pg_class')",
                "", "n.nspname, c.relname"),
      "reading the tables"));
  while (row.next()) {
    Relation one;
    const char kind = *row[3];
    const std::string bare = row[2];
    one.table.name = is_true(row[5]) ? bare : std::string(row[1]) + "." + bare;
    one.name = {quoted_name(row[1]) + "." + quoted_name(bare), kind == 'r' && is_true(row[4])};
    const auto leave_out = [&](std::string_view why) {
      schema_.left_out.push_back(one.table.name + ": " + std::string(why));
    };
    if (!is_true(row[6])) {
      leave_out("no right to read it; grant SELECT on it and USAGE on its schema");
    } else if (is_true(row[7])) {
      leave_out("row security hides rows from this user; use one that has BYPASSRLS");
    } else if (!is_true(row[8])) {
      leave_out("a materialised view that was never filled; refresh it");
    } else {
      one.table.kind = kind_of(kind);
      one.table.rows = row.number(9);
      one.table.bytes = row.number(10);
      one.table.comment = row[11];
      relations_read.emplace(row.oid(0), std::move(one));
    }
  }
}

void Catalogue::read_columns(Connection& connection, Relations& relations_read) {
  Rows row(connection.query(
      relations("a.attrelid, a.attname, a.atttypid, "
                "pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull OR t.typnotnull, "
                "a.attgenerated <> '', pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity, "
                "pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')",
                "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
                "AND NOT a.attisdropped JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
                "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid "
                "AND d.adnum = a.attnum",
                "a.attrelid, a.attnum"),
      "reading the columns"));
  while (row.next()) {
    const auto found = relations_read.find(row.oid(0));
    if (found == relations_read.end()) continue;
    if (!is_true(row[8])) {
      found->second.unreadable.emplace_back(row[1]);
      schema_.left_out.push_back(found->second.table.name + "." + row[1] +
                                 ": no right to read the column");
      continue;
    }
    const TypePointer type = types_.find(row.oid(2));
    Column column;
    column.name = row[1];
    column.declared = row[3];
    column.type = type->column;
    column.nullable = !is_true(row[4]);
    column.generated = is_true(row[5]);
    column.default_text = row[6];
    if (*row[7] != '\0')
      column.default_text =
          *row[7] == 'a' ? "generated always as identity" : "generated by default as identity";
    column.enum_values = type->enum_values;
    if (type->element) {
      column.element = type->element->column;
      column.enum_values = type->element->enum_values;
    }
    by_declared_[column.declared] = type;
    found->second.table.columns.push_back(std::move(column));
  }
}

void Catalogue::read_keys(Connection& connection, Relations& relations_read) {
  Rows row(connection.query(
      "SELECT i.indrelid, i.indexrelid, i.indisprimary, a.attname FROM pg_catalog.pg_index i "
      "CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) "
      "WITH ORDINALITY AS k(number, place) "
      "JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
      "WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL "
      "AND k.place <= i.indnkeyatts "
      "ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid, k.place",
      "reading the keys"));
  std::uint32_t before = 0;
  std::vector<std::string>* key = nullptr;
  while (row.next()) {
    const auto found = relations_read.find(row.oid(0));
    if (found == relations_read.end()) continue;
    Table& table = found->second.table;
    if (row.oid(1) != before) {
      before = row.oid(1);
      key = is_true(row[2]) ? &table.primary_key : &table.unique.emplace_back();
    }
    key->emplace_back(row[3]);
  }
}

void Catalogue::read_foreign_keys(Connection& connection, Relations& relations_read) {
  Rows row(connection.query(
      "SELECT o.conrelid, o.oid, o.conname, o.confrelid, o.confdeltype, a.attname, f.attname "
      "FROM pg_catalog.pg_constraint o CROSS JOIN LATERAL ROWS FROM ("
      "pg_catalog.unnest(o.conkey), pg_catalog.unnest(o.confkey)) "
      "WITH ORDINALITY AS k(own, theirs, place) "
      "JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.own "
      "JOIN pg_catalog.pg_attribute f ON f.attrelid = o.confrelid AND f.attnum = k.theirs "
      "WHERE o.contype = 'f' AND o.conparentid = 0 "
      "ORDER BY o.conrelid, o.conname, o.oid, k.place",
      "reading the foreign keys"));
  std::uint32_t before = 0;
  while (row.next()) {
    const auto own = relations_read.find(row.oid(0));
    const auto theirs = relations_read.find(row.oid(3));
    if (own == relations_read.end() || theirs == relations_read.end()) continue;
    auto& keys = own->second.table.foreign_keys;
    if (row.oid(1) != before) {
      before = row.oid(1);
      keys.push_back({.name = row[2],
                      .columns = {},
                      .table = theirs->second.table.name,
                      .referenced = {},
                      .on_delete = std::string(action(*row[4]))});
    }
    keys.back().columns.emplace_back(row[5]);
    keys.back().referenced.emplace_back(row[6]);
  }
}

void Catalogue::read_large_objects(Connection& connection) {
  const std::string count =
      connection.value("SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata",
                       "counting large objects");
  if (count != "0")
    schema_.left_out.push_back(count +
                               " large objects (pg_largeobject): columns have their "
                               "numbers only; keep them as bytea to import them");
}

void Catalogue::take(Relations& relations_read) {
  for (auto& [oid, relation] : relations_read) {
    Table& table = relation.table;
    const auto hidden = [&](const std::vector<std::string>& key) {
      return std::any_of(key.begin(), key.end(), [&](const std::string& name) {
        return std::find(relation.unreadable.begin(), relation.unreadable.end(), name) !=
               relation.unreadable.end();
      });
    };
    if (hidden(table.primary_key)) table.primary_key.clear();
    std::erase_if(table.unique, hidden);
    std::erase_if(table.foreign_keys, [&](const ForeignKey& key) { return hidden(key.columns); });
    table.key = table.primary_key;
    for (const auto& key : table.unique) {
      if (!table.key.empty()) break;
      if (std::none_of(key.begin(), key.end(),
                       [&](const std::string& name) { return table.at(name).nullable; }))
        table.key = key;
    }
    names_[table.name] = relation.name;
    schema_.tables.push_back(std::move(table));
  }
  std::sort(schema_.tables.begin(), schema_.tables.end(),
            [](const Table& a, const Table& b) { return a.name < b.name; });
}

const std::string& Catalogue::sql_name(const Table& table) const {
  return names_.at(schema_.at(table.name).name).quoted;
}

std::string Catalogue::read_name(const Table& table) const {
  const Name& name = names_.at(schema_.at(table.name).name);
  return (name.has_heirs ? "ONLY " : "") + name.quoted;
}

bool Catalogue::has_rows(const Table& table) const {
  const Table& known = schema_.at(table.name);
  return known.kind == TableKind::table || known.kind == TableKind::partitioned;
}

const Type& Catalogue::type_of(const Column& column) const {
  static const Type count = [] {
    Type out;
    out.wire = Wire::int8;
    out.cast = "pg_catalog.int8";
    return out;
  }();
  const auto found = by_declared_.find(column.declared);
  return found == by_declared_.end() ? count : *found->second;
}

}  // namespace quire::importer::postgresql
