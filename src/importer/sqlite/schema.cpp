#include "importer/sqlite/schema.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "importer/sqlite/types.hpp"

namespace quire::importer::sqlite {
namespace {

constexpr std::string_view reading_schema = "reading the schema";
/// Files up to this size are counted and measured in full, which reads each of their pages.
constexpr std::int64_t cheap_bytes = std::int64_t{64} << 20;

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// SQLite's own rule for names: ASCII letters of either case are the same.
bool same_name(std::string_view a, std::string_view b) { return lowered(a) == lowered(b); }

class SchemaReader {
 public:
  explicit SchemaReader(const Connection& connection) : connection_(connection) {}

  Schema read() {
    rows_of("SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name", {},
            [this](sqlite3_stmt* row) {
              add(std::string(text_of(row, 0)), text_of(row, 1), sqlite3_column_int(row, 2) != 0);
            });
    for (Table& table : schema_.tables) foreign_keys(table);
    estimates();
    std::sort(schema_.tables.begin(), schema_.tables.end(),
              [](const Table& a, const Table& b) { return a.name < b.name; });
    return std::move(schema_);
  }

 private:
  /// Calls `each` with the statement on each row. Parameters are text.
  void rows_of(std::string_view sql, std::initializer_list<std::string_view> parameters,
               const std::function<void(sqlite3_stmt*)>& each) const {
    const StatementPtr statement = connection_.prepare(sql, reading_schema);
    int number = 0;
    for (const std::string_view text : parameters)
      sqlite3_bind_text(statement.get(), ++number, text.data(), static_cast<int>(text.size()),
                        SQLITE_STATIC);
    int result = 0;
    while ((result = sqlite3_step(statement.get())) == SQLITE_ROW) each(statement.get());
    if (result != SQLITE_DONE) connection_.fail(reading_schema);
  }

  /// Why a statement cannot be made; empty where it can.
  std::string refusal(const std::string& sql) const {
    sqlite3_stmt* statement = nullptr;
    const int result =
        sqlite3_prepare_v2(connection_.handle(), sql.c_str(), -1, &statement, nullptr);
    sqlite3_finalize(statement);
    return result == SQLITE_OK ? std::string{} : sqlite3_errmsg(connection_.handle());
  }

  bool any_row(const std::string& sql) const {
    return connection_.number(sql, reading_schema) != 0;
  }

  void add(const std::string& name, std::string_view type, bool without_rowid) {
    if (lowered(name).starts_with("sqlite_")) return;  // SQLite's own
    if (type == "shadow") {
      schema_.left_out.push_back(name + ": a virtual table keeps its data in it");
      return;
    }
    const std::string why = refusal("SELECT * FROM " + quoted(name));
    if (!why.empty()) {
      schema_.left_out.push_back(name + ": " + why);
      return;
    }
    Table table;
    table.name = name;
    table.kind = type == "view" ? TableKind::view : TableKind::table;
    columns(table);
    if (table.columns.empty()) {
      schema_.left_out.push_back(name + ": no column of it can be read");
      return;
    }
    if (table.kind == TableKind::table) {
      unique_keys(table, without_rowid);
      table.key = key_of(table, without_rowid);
    }
    schema_.tables.push_back(std::move(table));
  }

  void columns(Table& table) {
    std::map<int, std::string> primary;
    rows_of(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?, 'main')",
        {table.name}, [&](sqlite3_stmt* row) {
          if (sqlite3_column_int(row, 5) == 1) return;  // a virtual table's own
          Column column;
          column.name = text_of(row, 0);
          column.declared = text_of(row, 1);
          column.type = meant_type(column.declared);
          column.nullable = sqlite3_column_int(row, 2) == 0;
          column.default_text = text_of(row, 3);
          column.generated = sqlite3_column_int(row, 5) > 1;
          if (const int place = sqlite3_column_int(row, 4); place > 0) primary[place] = column.name;
          table.columns.push_back(std::move(column));
        });
    for (auto& [place, name] : primary) table.primary_key.push_back(name);
  }

  static Column& column(Table& table, const std::string& name) {
    return *std::find_if(table.columns.begin(), table.columns.end(),
                         [&](const Column& one) { return same_name(one.name, name); });
  }

  /// The order of the column is that of its collation: an index with another one may hold two
  /// values that the column takes for equal.
  std::string collation(const std::string& table, const std::string& name) const {
    const char* out = nullptr;
    sqlite3_table_column_metadata(connection_.handle(), "main", table.c_str(), name.c_str(),
                                  nullptr, &out, nullptr, nullptr, nullptr);
    return out == nullptr ? "BINARY" : out;
  }

  void unique_keys(Table& table, bool without_rowid) {
    bool own_index = false;
    rows_of(
        "SELECT name, origin FROM pragma_index_list(?, 'main') WHERE \"unique\" AND NOT partial "
        "ORDER BY seq",
        {table.name}, [&](sqlite3_stmt* row) {
          const bool primary = text_of(row, 1) == "pk";
          own_index = own_index || primary;
          std::vector<std::string> names = index_columns(table, text_of(row, 0));
          if (!primary && !names.empty())
            table.unique.push_back(std::move(names));
          else if (primary && names.empty())
            usable_primary_ = false;
        });
    // Without an index of its own the primary key is the rowid, which is never null.
    if (!own_index && !without_rowid && table.primary_key.size() == 1)
      column(table, table.primary_key[0]).nullable = false;
  }

  /// Empty where expressions or other collations make it no key of columns.
  std::vector<std::string> index_columns(const Table& table, std::string_view index) {
    std::vector<std::string> names;
    bool plain = true;
    rows_of("SELECT cid, name, coll FROM pragma_index_xinfo(?, 'main') WHERE key ORDER BY seqno",
            {index}, [&](sqlite3_stmt* row) {
              if (sqlite3_column_int(row, 0) < 0) {
                plain = false;
                return;
              }
              names.emplace_back(text_of(row, 1));
              const std::string own = collation(table.name, names.back());
              plain = plain && same_name(own, text_of(row, 2)) && known(own);
            });
    return plain ? names : std::vector<std::string>{};
  }
  static bool known(std::string_view collation) {
    return same_name(collation, "BINARY") || same_name(collation, "NOCASE") ||
           same_name(collation, "RTRIM");
  }

  std::vector<std::string> key_of(Table& table, bool without_rowid) {
    const bool usable = std::exchange(usable_primary_, true);
    if (usable && !table.primary_key.empty() && never_null(table, table.primary_key))
      return table.primary_key;
    for (const auto& names : table.unique)
      if (std::none_of(names.begin(), names.end(),
                       [&](const std::string& name) { return column(table, name).nullable; }))
        return names;
    if (without_rowid) return {};
    for (const char* name : {"rowid", "_rowid_", "oid"})
      if (std::none_of(table.columns.begin(), table.columns.end(),
                       [&](const Column& one) { return same_name(one.name, name); }) &&
          refusal("SELECT t." + quoted(name) + " FROM " + quoted(table.name) + " AS t").empty())
        return {name};
    return {};
  }

  /// SQLite lets primary keys be null that do not say NOT NULL, any number of times. Where no row
  /// has made use of it, they are keys.
  bool never_null(Table& table, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      Column& one = column(table, name);
      if (!one.nullable) continue;
      if (any_row("SELECT EXISTS(SELECT 1 FROM " + quoted(table.name) + " AS t WHERE t." +
                  quoted(name) + " IS NULL)"))
        return false;
      one.nullable = false;
    }
    return true;
  }

  void foreign_keys(Table& table) {
    std::map<int, ForeignKey> keys;
    rows_of(
        "SELECT id, \"from\", \"to\", \"table\", on_delete FROM pragma_foreign_key_list(?, "
        "'main') ORDER BY id, seq",
        {table.name}, [&](sqlite3_stmt* row) {
          ForeignKey& key = keys[sqlite3_column_int(row, 0)];
          key.table = text_of(row, 3);
          key.columns.emplace_back(column(table, std::string(text_of(row, 1))).name);
          if (sqlite3_column_type(row, 2) != SQLITE_NULL)
            key.referenced.emplace_back(text_of(row, 2));
          const std::string action = lowered(text_of(row, 4));
          if (action != "no action") key.on_delete = action;
        });
    // SQLite numbers them from the last one written.
    for (auto one = keys.rbegin(); one != keys.rend(); ++one) {
      complete(one->second);
      table.foreign_keys.push_back(std::move(one->second));
    }
  }

  /// With the names as the other table writes them.
  void complete(ForeignKey& key) const {
    for (const Table& other : schema_.tables) {
      if (!same_name(other.name, key.table)) continue;
      key.table = other.name;
      if (key.referenced.empty()) key.referenced = other.primary_key;
      for (std::string& name : key.referenced)
        for (const Column& one : other.columns)
          if (same_name(one.name, name)) name = one.name;
    }
  }

  void estimates() {
    const bool cheap = connection_.number(
                           "SELECT page_count * page_size FROM pragma_page_count, "
                           "pragma_page_size",
                           reading_schema) <= cheap_bytes;
    std::map<std::string, std::int64_t> analyzed;
    if (refusal("SELECT tbl, stat FROM main.sqlite_stat1").empty())
      rows_of("SELECT tbl, max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 GROUP BY tbl", {},
              [&](sqlite3_stmt* row) {
                analyzed[lowered(text_of(row, 0))] = sqlite3_column_int64(row, 1);
              });
    std::map<std::string, std::int64_t> sizes;
    if (cheap && refusal("SELECT name, pgsize FROM dbstat").empty())
      rows_of(
          "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat AS d JOIN main.sqlite_schema AS s ON "
          "s.name = d.name WHERE d.aggregate = 1 GROUP BY s.tbl_name",
          {}, [&](sqlite3_stmt* row) {
            sizes[lowered(text_of(row, 0))] = sqlite3_column_int64(row, 1);
          });
    for (Table& table : schema_.tables) {
      if (table.kind == TableKind::view) continue;
      const std::string name = lowered(table.name);
      if (sizes.contains(name)) table.bytes = sizes[name];
      if (cheap)
        table.rows =
            connection_.number("SELECT count(*) FROM main." + quoted(table.name), reading_schema);
      else if (analyzed.contains(name))
        table.rows = analyzed[name];
      else if (refusal("SELECT max(rowid) FROM main." + quoted(table.name)).empty())
        table.rows =
            connection_.number("SELECT max(rowid) FROM main." + quoted(table.name), reading_schema);
    }
  }

  const Connection& connection_;
  Schema schema_;
  bool usable_primary_ = true;  ///< of the table at hand
};

}  // namespace

Schema read_schema(const Connection& connection) { return SchemaReader(connection).read(); }

}  // namespace quire::importer::sqlite
