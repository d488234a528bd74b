#include "importer/mysql/schema_reader.hpp"

#include <strings.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "importer/mysql/dialect.hpp"
#include "importer/mysql/types.hpp"

namespace quire::importer::mysql {
namespace {

constexpr std::string_view reading_schema = "reading the schema";
using Row = Connection::Row;

std::string text(const std::optional<std::string>& cell) { return cell.value_or(""); }

std::int64_t number(const std::optional<std::string>& cell) {
  std::int64_t out = -1;
  if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), out);
  return out;
}

std::string lower(std::string value) {
  for (char& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return value;
}

bool same_name(const std::string& a, const std::string& b) {
  return strcasecmp(a.c_str(), b.c_str()) == 0;
}

class SchemaReader {
 public:
  explicit SchemaReader(Connection& connection) : connection_(connection) {}

  Schema read() {
    read_tables();
    read_columns();
    read_json_checks();
    leave_out_unreadable();
    read_unique_keys();
    read_foreign_keys();
    std::sort(schema_.tables.begin(), schema_.tables.end(),
              [](const Table& a, const Table& b) { return a.name < b.name; });
    return std::move(schema_);
  }

 private:
  std::vector<Row> ask(const std::string& sql) { return connection_.rows(sql, reading_schema); }

  void leave_out(const std::string& what, const std::string& why) {
    schema_.left_out.push_back(what + ": " + why);
  }

  Table* find(const std::string& name) {
    const auto at = places_.find(name);
    return at == places_.end() ? nullptr : &schema_.tables[at->second];
  }

  void read_tables() {
    const auto rows =
        ask("SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH, "
            "CREATE_OPTIONS, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
            "DATABASE() ORDER BY TABLE_NAME");
    for (const Row& row : rows) {
      const std::string name = text(row[0]);
      const std::string type = text(row[1]);
      const std::string comment = text(row[6]);
      const bool view = type == "VIEW" || type == "SYSTEM VIEW";
      if (type == "SEQUENCE") {
        leave_out(name, "a sequence, which has no rows");
        continue;
      }
      // What cannot be opened has its error as the comment.
      if (view ? comment.starts_with("View '") : !row[2]) {
        leave_out(name, comment.empty() ? "the server cannot open it" : comment);
        continue;
      }
      Table& table = add(name);
      table.kind = view ? TableKind::view : kind_of(text(row[2]), text(row[5]));
      if (view) continue;
      table.rows = number(row[3]);
      table.bytes = number(row[4]);
      table.comment = comment;
    }
  }

  static TableKind kind_of(const std::string& engine, const std::string& options) {
    const std::string name = lower(engine);
    if (name == "federated" || name == "spider" || name == "connect") return TableKind::foreign;
    return options.find("partitioned") == options.npos ? TableKind::table : TableKind::partitioned;
  }

  Table& add(const std::string& name) {
    places_[name] = schema_.tables.size();
    Table& table = schema_.tables.emplace_back();
    table.name = name;
    return table;
  }

  void read_columns() {
    const auto rows =
        ask("SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, EXTRA, "
            "COLUMN_DEFAULT, PRIVILEGES FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = "
            "DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION");
    for (const Row& row : rows) {
      Table* table = find(text(row[0]));
      if (table == nullptr) continue;
      if (text(row[7]).find("select") == std::string::npos) {
        hidden_[table->name].push_back(text(row[1]));
        continue;
      }
      Column& column = table->columns.emplace_back();
      column.name = text(row[1]);
      column.declared = text(row[2]);
      column.nullable = text(row[4]) != "NO";
      const std::string extra = lower(text(row[5]));
      column.generated = extra.find("virtual") != extra.npos ||
                         extra.find("stored") != extra.npos ||
                         extra.find("persistent") != extra.npos;
      column.default_text = text(row[6]);
      set_type(column, lower(text(row[3])));
    }
  }

  /// MariaDB's JSON is a longtext that is checked so.
  void read_json_checks() {
    if (!connection_.is_mariadb()) return;
    std::vector<Row> rows;
    try {
      rows =
          ask("SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE "
              "CONSTRAINT_SCHEMA = DATABASE() AND LOWER(CHECK_CLAUSE) LIKE 'json\\_valid(%'");
    } catch (const ImportError&) {
      if (connection_.lost()) throw;
      return;  // before 10.2.22 there is none
    }
    for (const Row& row : rows) {
      Table* table = find(text(row[0]));
      if (table == nullptr) continue;
      for (Column& column : table->columns) {
        const bool is_checked =
            text(row[1]) == "json_valid(" + MysqlDialect().quoted(column.name) + ")";
        if (is_checked && column.type == ColumnType::text) column.type = ColumnType::json;
      }
    }
  }

  void leave_out_unreadable() {
    std::vector<Table> kept;
    for (Table& table : schema_.tables) {
      std::string why;
      if (table.columns.empty()) {
        why = "the user has no right to read it";
      } else if (table.kind == TableKind::view) {
        why = refused(table.name);
      }
      if (!why.empty()) {
        leave_out(table.name, why);
        continue;
      }
      for (const std::string& column : hidden_[table.name])
        leave_out(table.name + "." + column, "the user has no right to read this column");
      kept.push_back(std::move(table));
    }
    schema_.tables = std::move(kept);
    places_.clear();
    for (std::size_t i = 0; i < schema_.tables.size(); ++i) places_[schema_.tables[i].name] = i;
  }

  /// A view may be there and what it reads not: asked without reading a row.
  std::string refused(const std::string& view) {
    MYSQL_STMT* statement = mysql_stmt_init(connection_.handle());
    if (statement == nullptr) throw std::bad_alloc();
    const std::string sql = "SELECT 1 FROM " + MysqlDialect().quoted(view);
    std::string why;
    if (mysql_stmt_prepare(statement, sql.data(), sql.size()) != 0) {
      why = mysql_stmt_error(statement);
      if (why.empty()) why = "the server refuses to read it";
    }
    const unsigned error = mysql_stmt_errno(statement);
    mysql_stmt_close(statement);
    if (is_lost(error)) connection_.fail(error, why, reading_schema);
    return why;
  }

  void read_unique_keys() {
    const auto rows = ask(
        "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS "
        "WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, "
        "SEQ_IN_INDEX");
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> keys;
    std::vector<std::pair<std::string, std::string>> bad;  // of a part or an expression
    for (const Row& row : rows) {
      const std::pair index{text(row[0]), text(row[1])};
      const Table* table = find(index.first);
      const Column* column = table == nullptr ? nullptr : column_of(*table, text(row[2]));
      if (column == nullptr || row[3]) {
        bad.push_back(index);
      } else {
        keys[index].push_back(column->name);
      }
    }
    for (const auto& index : bad) keys.erase(index);
    for (auto& [index, columns] : keys) {
      Table& table = *find(index.first);
      if (index.second == "PRIMARY") {
        table.primary_key = std::move(columns);
      } else {
        table.unique.push_back(std::move(columns));
      }
    }
    for (Table& table : schema_.tables) choose_key(table);
  }

  static const Column* column_of(const Table& table, const std::string& name) {
    for (const Column& one : table.columns) {
      if (same_name(one.name, name)) return &one;
    }
    return nullptr;
  }

  static void choose_key(Table& table) {
    table.key = table.primary_key;
    if (!table.key.empty()) return;
    for (const auto& columns : table.unique) {
      const bool never_null = std::all_of(columns.begin(), columns.end(), [&](const auto& name) {
        return !table.at(name).nullable;
      });
      if (!never_null) continue;
      table.key = columns;
      return;
    }
  }

  void read_foreign_keys() {
    const auto rows = ask(
        "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA = DATABASE(), "
        "REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME, REFERENCED_TABLE_SCHEMA FROM "
        "information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE() AND "
        "REFERENCED_TABLE_NAME IS NOT NULL ORDER BY TABLE_NAME, CONSTRAINT_NAME, "
        "ORDINAL_POSITION");
    std::string seen;
    for (const Row& row : rows) {
      Table* table = find(text(row[0]));
      if (table == nullptr) continue;
      if (row[3] != "1") {
        const std::string what = table->name + "." + text(row[1]);
        if (what != seen) {
          leave_out(what, "refers to " + text(row[4]) + " of the database " + text(row[6]));
        }
        seen = what;
        continue;
      }
      add_foreign_key(*table, row);
    }
    read_delete_rules();
  }

  void add_foreign_key(Table& table, const Row& row) {
    const std::string name = text(row[1]);
    if (table.foreign_keys.empty() || table.foreign_keys.back().name != name) {
      table.foreign_keys.push_back({name, {}, table_name(text(row[4])), {}, {}});
    }
    ForeignKey& key = table.foreign_keys.back();
    key.columns.push_back(column_name(table, text(row[2])));
    const Table* other = find(key.table);
    key.referenced.push_back(other == nullptr ? text(row[5]) : column_name(*other, text(row[5])));
  }

  /// As the table is called: servers on file systems without case may have it otherwise.
  std::string table_name(const std::string& told) {
    if (find(told) != nullptr) return told;
    for (const Table& one : schema_.tables) {
      if (same_name(one.name, told)) return one.name;
    }
    return told;
  }

  static std::string column_name(const Table& table, const std::string& told) {
    const Column* column = column_of(table, told);
    return column == nullptr ? told : column->name;
  }

  /// Who may only read does not see the rules, but sees how the table was made.
  void read_delete_rules() {
    std::map<std::pair<std::string, std::string>, std::string> rules;
    const auto rows =
        ask("SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE FROM "
            "information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()");
    for (const Row& row : rows) rules[{text(row[0]), text(row[1])}] = lower(text(row[2]));
    for (Table& table : schema_.tables) {
      std::string made;
      for (ForeignKey& key : table.foreign_keys) {
        const auto rule = rules.find({table.name, key.name});
        if (rule != rules.end()) {
          key.on_delete = rule->second;
        } else {
          if (made.empty()) made = statement_of(table.name);
          key.on_delete = delete_rule_in(made, key.name);
        }
        if (key.on_delete == "no action" || key.on_delete == "restrict") key.on_delete.clear();
      }
    }
  }

  std::string statement_of(const std::string& table) {
    try {
      const auto rows = ask("SHOW CREATE TABLE " + MysqlDialect().quoted(table));
      return rows.empty() || rows[0].size() < 2 ? " " : text(rows[0][1]);
    } catch (const ImportError&) {
      if (connection_.lost()) throw;
      return " ";  // of some columns alone
    }
  }

  static std::string delete_rule_in(const std::string& made, const std::string& constraint) {
    const auto begin =
        made.find("\n  CONSTRAINT " + MysqlDialect().quoted(constraint) + " FOREIGN KEY");
    if (begin == made.npos) return {};
    const std::string line = made.substr(begin, made.find('\n', begin + 1) - begin);
    for (const std::string_view rule : {"cascade", "set null", "set default"}) {
      std::string words = " ON DELETE ";
      for (const char c : rule)
        words += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      if (line.find(words) != line.npos) return std::string(rule);
    }
    return {};
  }

  Connection& connection_;
  Schema schema_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string, std::vector<std::string>> hidden_;  ///< columns, by table
};

}  // namespace

Schema read_schema(Connection& connection) {
  const std::string& charset = connection.options().charset;
  // Names are UTF-8, whatever the rows are read in.
  if (charset != "utf8mb4")
    connection.execute("SET SESSION character_set_results=utf8mb4", reading_schema);
  Schema out = SchemaReader(connection).read();
  if (charset != "utf8mb4") {
    connection.execute("SET SESSION character_set_results=" + charset, reading_schema);
  }
  return out;
}

}  // namespace quire::importer::mysql
